"""A notebook as a file: read and write it, name its cells, find what must not be stored in it.

`record` makes the stored outputs and `lint` checks them. Both use this file, so they agree on what cell 7 is,
on which outputs are compared, and on which texts name the machine that made them.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from coursekit._shared._files import atomic

# A cell or an output as nbformat gives it: a dict whose keys can also be read as attributes.
Node = Any

# A picture or video inside HTML. Its bytes differ between versions of an encoder and of matplotlib, and so
# does its size, by a pixel: they are not compared. tests/notebooks/notebook_sanitize.cfg says the same to
# nbval, and a test compares the two.
EMBEDDED = (
    r'(?:width="\d+" height="\d+" style="[^"<>]*" src=")?'
    r"data:(?:image|video)/[\w.+-]+;base64,[A-Za-z0-9+/=]+"
)
# nbval does not compare pictures, whose bytes differ between versions, and widgets, whose ids are random.
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
NOT_COMPARED = ("image/png", "image/jpeg", WIDGET_VIEW)
SOLUTIONS = "solutions"  # the folder of the worked solutions, beside the lectures
# A cell with this tag shows something that differs on each run, such as a time.
FREE = "nbval-ignore-output"
RAISES = "raises-exception"

# What an output must not hold, by the name that the message gives it.
_TRACES = {
    "a path of this machine": re.compile(
        r"(?<![\w.:/-])/(?:root|home|tmp|Users|content|private|var/folders)(?:/[^\s'\"<>)]*|\b)"
        r"|\b(?:site|dist)-packages\b[^\s'\"<>)]*"
        r"|(?<![A-Za-z])[A-Za-z]:\\{1,2}(?:Users|Windows|Program|Temp)[^\s'\"<>)]*"
    ),
    "a memory address": re.compile(r"\b0x[0-9a-fA-F]{8,16}\b"),
    "a Python warning": re.compile(r"\b[A-Z]\w{0,40}Warning: [^\n]*"),
}


class NotebookError(Exception):
    """A notebook cannot be read or recorded, or has no checkout; the message names the file and the cell."""


def read(path: Path) -> Node:
    """The notebook in a file, as nbformat 4.5, every cell with an id of its own.

    Args:
        path: a `.ipynb` file.

    Returns:
        The notebook; a cell without an id, or with the id of an earlier cell, got a new one (`name_cells`).

    Raises:
        NotebookError: no such file, not JSON, or not a notebook.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotebookError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise NotebookError(f"{path}: not a notebook, because it is not JSON ({error})") from error
    if (
        not isinstance(content, dict)
        or content.get("nbformat") != 4
        or not isinstance(content.get("cells"), list)
    ):
        raise NotebookError(f"{path}: not a notebook of format 4 (open and save it in JupyterLab once)")
    name_cells(content["cells"])
    content["nbformat_minor"] = max(5, content.get("nbformat_minor", 0))
    try:
        return nbformat.reads(json.dumps(content), as_version=4)
    except Exception as error:  # jsonschema's own error types, and KeyError from a damaged cell
        raise NotebookError(f"{path}: not a valid notebook: {error}") from error


def lectures_and_solutions(folder: Path) -> list[Path]:
    """The lectures in a folder of notebooks, then the worked solutions of their exercises."""
    return [*sorted(folder.glob("*.ipynb")), *sorted((folder / SOLUTIONS).glob("*.ipynb"))]


def write(path: Path, notebook: Node) -> bool:
    """Write a notebook whole or not at all.

    Args:
        path: the file; the text goes to a file beside it first, which then takes its place.
        notebook: what to write.

    Returns:
        Whether the file has changed.
    """
    text = nbformat.writes(notebook).rstrip("\n") + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    with atomic(path) as beside:
        beside.write_text(text, encoding="utf-8")
    return True


def name_cells(cells: list[Node]) -> None:
    """Give each cell an id of its own, in place.

    An id that is there stays. A missing or repeated one is made from the last heading: `frames-and-time-3`
    for the third cell from "Frames and time" on. The same notebook always gets the same ids.

    Args:
        cells: the notebook's cells, in order.
    """
    taken: set[str] = set()
    ids = [cell.get("id") for cell in cells]
    section, place = "start", 0
    for index, cell in enumerate(cells):
        source = "".join(cell.get("source", ""))
        heading = re.match(r"#{1,6}\s+(.*)", source) if cell.get("cell_type") == "markdown" else None
        if heading:
            section, place = re.sub(r"[^a-z0-9]+", "-", heading[1].lower()).strip("-")[:40] or "cell", 0
        place += 1
        if not ids[index] or ids[index] in taken:
            name = f"{section}-{place}"
            while name in taken or name in ids:
                place += 1
                name = f"{section}-{place}"
            cell["id"] = name
        taken.add(cell["id"])


def code_cells(notebook: Node) -> list[Node]:
    """The code cells of a notebook, in order: number 1 is the one that JupyterLab shows as [1]."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: Node) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def name(cell: Node, number: int) -> str:
    """How messages name a code cell: its number, its id, and its first two lines."""
    lines = cell.source.strip().splitlines()
    shown = "".join(f"\n        {line}" for line in lines[:2]) + ("\n        ..." if len(lines) > 2 else "")
    return f"code cell {number} (id {cell.id}){shown}"


def texts(output: Node) -> Iterator[tuple[str, str]]:
    """The readable parts of one output.

    Args:
        output: an output of a code cell.

    Yields:
        A name ("stdout", "stderr", "error", a MIME type) and the text without embedded pictures and videos.
    """
    if output.output_type == "stream":
        yield output.name, output.text
    elif output.output_type == "error":
        yield "error", f"{output.ename}: {output.evalue}"
    else:
        for kind, content in sorted(output.data.items()):  # their order differs between versions of IPython
            if kind not in NOT_COMPARED:
                text = content if isinstance(content, str) else json.dumps(content, sort_keys=True)
                yield kind, re.sub(EMBEDDED, "data:embedded", text)


def traces(text: str) -> list[str]:
    """What in a text names the machine or the run that made it.

    Args:
        text: an output's text, without embedded pictures.

    Returns:
        Such as `["a path of this machine: /tmp/x.mp4"]`; empty if there is none.
    """
    matches = [f"{kind}: {hit[0]}" for kind, pattern in _TRACES.items() for hit in pattern.finditer(text)]
    here = Path(__file__).resolve().parents[2]
    return matches + [f"a path of this machine: {path}" for path in {str(here), sys.prefix} if path in text]


def toml(path: Path) -> dict[str, Any]:
    """What a TOML file holds."""
    module = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    content: dict[str, Any] = module.loads(path.read_text(encoding="utf-8"))
    return content


def checkout(path: Path) -> tuple[Path, dict[str, str]]:
    """The course that a file belongs to.

    Args:
        path: a file or a folder in a checkout.

    Returns:
        The checkout's folder, and `[tool.coursekit]` of its pyproject.toml: "repository" and "branch".

    Raises:
        NotebookError: no pyproject.toml with `[tool.coursekit]` in any folder above.
    """
    for folder in path.resolve().parents:
        settings = folder / "pyproject.toml"
        if settings.is_file():
            table = toml(settings).get("tool", {}).get("coursekit")
            if table:
                return folder, table
    raise NotebookError(f"{path}: no pyproject.toml with [tool.coursekit] in a folder above it")
