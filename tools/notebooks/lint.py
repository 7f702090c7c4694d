"""Check stored notebooks without running them: recorded in full, readable, and linked to Colab.

    python -m tools.notebooks.lint [--time] [NOTEBOOK ...]        (default: lectures and solutions)

nbval passes a cell that was never run, and a missing alt text is easily overlooked in a review. `problems`
lists such faults, each with what to do about it. `--time` says how long a notebook takes to read.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import statistics
import sys
from pathlib import Path

from coursekit import predict
from tools.notebooks import record
from tools.notebooks.leaks import places
from tools.notebooks.notebook import (
    SOLUTIONS,
    WIDGET_VIEW,
    Node,
    NotebookError,
    code_cells,
    lectures_and_solutions,
    name,
    read,
)
from tools.notebooks.place import doors

CODE_CELLS = (15, 35)  # of a lecture, without its questions and exercises
MEDIAN_LINES = 5
LONGEST_LINES = 25
LINE_LENGTH = 88
WORDS = (1200, 2500)  # of a lecture, without its exercises
WORDS_PER_MINUTE = 200
SPARE_MINUTES = 10  # the stated time may be longer than reading by this: running, and rounding up

# What a lecture's text is measured without, and a cell of code that is a question or an exercise.
_EXERCISES = re.compile(r"^## Exercises\b.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ASKS = re.compile(r"\A\s*predict\.(?:ask|answers)\([^\n]*\)\s*\Z|^exercises\.check\(", re.MULTILINE)

# If the last call of a cell is one of these, it shows something: without an output the cell was not recorded.
_SHOWING = {"display", "explore", "explorer", "predict", "print", "show", "widgets"}
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})\s+\S", re.MULTILINE)
_IMAGE = re.compile(r"!\[([^\]]*)\]\(|<img\b([^>]*)>", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s*=\s*["']?\s*[^"'\s>]""", re.IGNORECASE)
# nbval can compare these (see `record`), but they store and test only the first drawing, without an alt text.
_FORBIDDEN = {"clear_output", "interact", "interact_manual", "interactive", "interactive_output", "Output"}


def problems(notebook_path: Path | str) -> list[str]:
    """What is wrong with a stored notebook.

    Args:
        notebook_path: a `.ipynb` file in a checkout of the course.

    Returns:
        One text per fault, with the cell and what to do; empty for a notebook that may be published.

    Raises:
        NotebookError: the file is no notebook.
    """
    path = Path(notebook_path)
    notebook = read(path)
    is_lecture = path.parent.name != SOLUTIONS
    return [
        *_ids(path),
        *_recording(notebook),
        *_code(notebook),
        *(_size(notebook) if is_lecture else []),
        *_headings(notebook),
        *_images(notebook),
        *doors(path, notebook),
    ]


def _ids(path: Path) -> list[str]:
    """Cells whose id in the file is missing, or is another cell's; `read` would replace it."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    ids = [cell.get("id") for cell in cells]
    errors = []
    for number, cell_id in enumerate(ids, start=1):
        first = ids.index(cell_id) + 1
        if not cell_id:
            errors.append(f"cell {number} has no id: record the notebook")
        elif first < number:
            errors.append(f"cell {number} has the id {cell_id} of cell {first}: record the notebook")
    return errors


def _recording(notebook: Node) -> list[str]:
    """Cells that were not run in order, and outputs that the recorder would not have stored."""
    errors = []
    for number, cell in enumerate(code_cells(notebook), start=1):
        where = name(cell, number)
        if cell.execution_count is None:
            errors.append(f"{where}\n    was not run: record the notebook")
        elif cell.execution_count != number:
            errors.append(
                f"{where}\n    was run as [{cell.execution_count}], not in order: record the notebook"
            )
        elif not cell.outputs and _shows(cell.source):
            errors.append(f"{where}\n    ends in a value, but has no output: record the notebook")
        if any(WIDGET_VIEW in output.get("data", {}) for output in cell.outputs):
            errors.append(
                f"{where}\n    holds a live widget, which no reader of the file sees: record the notebook"
            )
    if "widgets" in notebook.metadata:
        errors.append("the metadata holds widgets' state: record the notebook")
    if "version" in notebook.metadata.get("language_info", {}):
        errors.append("the metadata names one machine's Python version: record the notebook")
    return errors + record.faults(notebook)


def _parsed(source: str) -> ast.Module:
    """A cell's code without its magics; empty where it is not Python."""
    try:
        return ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE))
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def _shows(source: str) -> bool:
    """Whether a cell's last statement is a value, or a call that shows something."""
    body = _parsed(source).body
    if not body or not isinstance(body[-1], ast.Expr):
        return False
    value = body[-1].value
    if not isinstance(value, ast.Call):
        return not (isinstance(value, ast.Constant) and value.value in (None, ...))
    root: ast.expr = value
    while isinstance(root, (ast.Attribute, ast.Call)):
        root = root.value if isinstance(root, ast.Attribute) else root.func
    return isinstance(root, ast.Name) and root.id in _SHOWING


def _code(notebook: Node) -> list[str]:
    """Code cells that are too long, and code whose outputs cannot be stored well."""
    errors = []
    for number, cell in enumerate(code_cells(notebook), start=1):
        where = name(cell, number)
        if (lines := _lines(cell)) > LONGEST_LINES:
            errors.append(f"{where}\n    has {lines} lines, more than {LONGEST_LINES}: {_SHORTER}")
        for line in cell.source.splitlines():
            if len(line) > LINE_LENGTH and "%pip" not in line:
                errors.append(f"{where}\n    has a line of {len(line)} characters, more than {LINE_LENGTH}")
        if cell.source.rstrip().endswith(";"):
            errors.append(f"{where}\n    ends in ';', which nbval ignores: give the value a name instead")
        for word in sorted(_called(cell.source) & _FORBIDDEN):
            errors.append(f"{where}\n    calls {word}: use coursekit.widgets.explore, {_EXPLORE}")
    return errors


def _lines(cell: Node) -> int:
    """How many lines of a cell are not empty."""
    return len([line for line in cell.source.splitlines() if line.strip()])


def _size(notebook: Node) -> list[str]:
    """Too many or too few code cells or words in a lecture, without its questions and exercises."""
    cells = [cell for cell in code_cells(notebook) if not _ASKS.search(cell.source)]
    errors = []
    if not CODE_CELLS[0] <= len(cells) <= CODE_CELLS[1]:
        errors.append(
            f"{len(cells)} code cells without questions and exercises; "
            f"a notebook has {CODE_CELLS[0]} to {CODE_CELLS[1]}"
        )
    if cells and (median := statistics.median(map(_lines, cells))) > MEDIAN_LINES:
        errors.append(
            f"the code cells have a median of {median:g} lines, more than {MEDIAN_LINES}: {_SHORTER}"
        )
    if not WORDS[0] <= (count := _words(_EXERCISES.sub("", _text(notebook)))) <= WORDS[1]:
        errors.append(f"{count} words of text without exercises; a notebook has {WORDS[0]} to {WORDS[1]}")
    minutes = reading_minutes(notebook)
    stated = re.search(r"\*\*Time\*\* about (\d+) minutes", _text(notebook))
    if stated is None:
        errors.append(
            "no reading time: write **Time** about N minutes to read and run, and M for the exercises"
        )
    elif not minutes <= int(stated[1]) <= minutes + SPARE_MINUTES:
        errors.append(
            f"the text says {stated[1]} minutes; reading takes {minutes:.0f}, without the time to run it"
        )
    return errors


_SHORTER = "move what is not the lesson to coursekit"
_EXPLORE = "which stores a picture with an alt text and tests both ends of each slider"


def _called(source: str) -> set[str]:
    """The last names of what a cell calls or decorates with: "interact" for `ipywidgets.interact(draw)`."""
    nodes = list(ast.walk(_parsed(source)))
    used = [node.func for node in nodes if isinstance(node, ast.Call)]
    used += [each for node in nodes if isinstance(node, ast.FunctionDef) for each in node.decorator_list]
    names = {node.id for node in used if isinstance(node, ast.Name)}
    return names | {node.attr for node in used if isinstance(node, ast.Attribute)}


def _prose(notebook: Node) -> list[tuple[int, str]]:
    """The markdown cells with their place in the notebook (1 is the first cell), without fenced code."""
    numbered = enumerate(notebook.cells, start=1)
    return [
        (number, _FENCE.sub("", cell.source)) for number, cell in numbered if cell.cell_type == "markdown"
    ]


def _text(notebook: Node) -> str:
    """All text of the markdown cells."""
    return "\n\n".join(source for _, source in _prose(notebook))


def _words(text: str) -> int:
    """How many words a text has, without code, addresses, pictures, HTML tags, and where to open it."""
    text = re.sub(r"(?m)^Open in \[.*$", "", text)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|<[^>]+>|https?://\S+", " ", text)
    return len(re.findall(r"[^\W_]+(?:['’.,-][^\W_]+)*", text))


def reading_minutes(notebook: Node) -> float:
    """How long a lecture takes to read at 200 words a minute: text, code and questions, without exercises."""
    questions = [predict.ask(name).text for name in places(notebook)]
    code = [cell.source for cell in code_cells(notebook) if not _ASKS.search(cell.source)]
    return _words("\n".join([_EXERCISES.sub("", _text(notebook)), *questions, *code])) / WORDS_PER_MINUTE


def _headings(notebook: Node) -> list[str]:
    """Headings that are not one title (#) with sections below it, level by level."""
    levels = [
        (number, len(hit[1])) for number, source in _prose(notebook) for hit in _HEADING.finditer(source)
    ]
    errors = []
    titles = [number for number, level in levels if level == 1]
    if len(titles) != 1:
        errors.append(f"{len(titles)} titles (# ...), in cells {titles}: a notebook has one")
    before = 0 if titles else 1
    for number, level in levels:
        if level > before + 1:
            right = "#" * (before + 1)
            errors.append(
                f"cell {number}: a heading of level {level} follows one of level {before}: use {right}"
            )
        before = level
    return errors


def _images(notebook: Node) -> list[str]:
    """Images in the text without an alt text, which a screen reader cannot describe."""
    errors = []
    for number, source in _prose(notebook):
        for hit in _IMAGE.finditer(source):
            described = (hit[1] or "").strip() or (hit[2] and _ALT.search(hit[2]))
            if not described:
                errors.append(
                    f"cell {number}: an image without alt text: {source[hit.start() : hit.start() + 60]}"
                )
    return errors


def main(arguments: list[str] | None = None) -> int:
    """Print the problems of the notebooks named on the command line; the exit code is 0 if there are none."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.notebooks.lint", description="Check stored notebooks."
    )
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: lectures and solutions")
    parser.add_argument("--time", action="store_true", help="say how long each takes to read, and end")
    options = parser.parse_args(arguments)
    notebooks = options.notebooks or lectures_and_solutions(Path("notebooks"))
    if not notebooks:
        print("lint: no notebooks/*.ipynb here; run it in the checkout's folder", file=sys.stderr)
        return 1
    failed = False
    for path in notebooks:
        if options.time:
            print(f"{path}: {reading_minutes(read(path)):.0f} minutes to read, without the time to run it")
            continue
        try:
            errors = problems(path)
        except NotebookError as error:
            errors = [str(error)]
        failed = failed or bool(errors)
        print(f"{path}: {f'{len(errors)} problems' if errors else 'ok'}")
        for problem in errors:
            print(f"  - {problem}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
