"""What must not be in the students' course or on the site, and where to look for it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from coursekit.grading.assignment import Assignment, every
from tools.publish import student

ROOT = Path(__file__).resolve().parents[2]
MASTERS = every()
# Where the pages of the site are made from.
LECTURES = [f"notebooks/{path.stem}" for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
SOLUTIONS = [f"notebooks/solutions/{Path(name).name}" for name in LECTURES]
ASSIGNMENTS = [f"notebooks/assignments/{master.name}/{master.name}" for master in MASTERS]


@cache
def public() -> str:
    """What is public in any case: the lectures, and the package that students get."""
    texts = [path.read_text(encoding="utf-8") for path in student.package_files(ROOT) if path.suffix == ".py"]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        texts += [cell.source for cell in nbformat.read(path, as_version=4).cells]
    return "\n".join(texts)


def parts(master: Assignment) -> tuple[list[str], list[str]]:
    """The lines of a master that students see, and those that they must not see."""
    seen, hidden = [], []
    for cell in master.cells:
        inside = False
        for line in cell.source.split("\n"):
            if line.strip().startswith(("### BEGIN SOLUTION", "### BEGIN HIDDEN TESTS")):
                inside = True
            elif line.strip().startswith(("### END SOLUTION", "### END HIDDEN TESTS")):
                inside = False
            else:
                (hidden if inside else seen).append(line.strip())
    return seen, hidden


@cache
def secrets(master: Assignment) -> set[str]:
    """Lines and values that only the author knows."""
    known = visible() + public()
    values = {line for line in parts(master)[1] if len(line) >= 16 and line not in known}
    for test in master.tests:
        for node in ast.walk(ast.parse(test.judge)):
            if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str)):
                text = node.value if isinstance(node.value, str) else repr(node.value)
                if len(text) >= 5 and text not in known:
                    values.add(text)
    return values


@cache
def visible() -> str:
    """What all assignments show, and once more without its line ends: messages are cut in other places."""
    text = "\n".join(line for master in MASTERS for line in parts(master)[0])
    return text + " ".join(text.split())


def texts(tree: Path) -> dict[str, str]:
    """The content of every file, as it is; what the cells of notebooks say, and the texts of JSON files.

    A text of the handouts is listed below the folder of its assignment.
    """
    content = {}
    for path in sorted(tree.rglob("*")):
        if path.is_file():
            content[str(path.relative_to(tree))] = path.read_bytes().decode("utf-8", "replace")
            if path.suffix == ".ipynb":
                cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
                sources = ["".join(cell["source"]) for cell in cells]
                content[f"{path.relative_to(tree)}, cells"] = "\n".join(sources)
            elif path.suffix == ".json":  # as it is, quotes and line ends are escaped
                content |= _said(path, path.relative_to(tree).as_posix())
    return content


HANDOUTS = "coursekit/handin/handouts.json"


def _said(path: Path, name: str) -> dict[str, str]:
    """The texts in a JSON file."""
    text = path.read_text(encoding="utf-8")
    parts = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))  # devcontainer.json has comments
    if name != HANDOUTS:
        return {f"{name}, texts": "\n".join(_strings(parts))}
    return {
        f"notebooks/assignments/{part['name']}/{name}, texts": "\n".join(_strings(part)) for part in parts
    }


def _strings(value: Any) -> Iterator[str]:
    """All texts in what JSON says, keys and numbers too."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for part in value:
            yield from _strings(part)
    else:
        yield str(value)


_EMBEDDED = re.compile(r"[A-Za-z0-9+/=]{300,}")  # a picture: no line of an assignment is so long


def leaks(tree: Path) -> list[str]:
    """Each hidden line or value that stands in a file; the data are compared byte by byte elsewhere."""
    files = {
        name: _EMBEDDED.sub("", text) for name, text in texts(tree).items() if not name.startswith("data/")
    }
    words = {name: set(re.findall(r"\w+", text)) for name, text in files.items()}
    return [
        f"{name}: {secret}"
        for master in MASTERS
        for secret in secrets(master)
        for within in [re.findall(r"\w+", secret)[1:-1]]  # whole words, in any text that holds the secret
        for name, text in files.items()
        # a number or a word may stand in a lecture's picture: values are looked for in the assignment itself
        if words[name].issuperset(within)
        and secret in text
        and (len(secret) >= 16 or name.startswith(f"notebooks/assignments/{master.name}/"))
    ]
