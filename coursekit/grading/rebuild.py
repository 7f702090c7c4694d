"""Takes the texts of solution cells and written answers from a submitted notebook, and nothing else.

A notebook that cannot be read becomes a reason that the student understands, never an error.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coursekit.grading.assignment import Assignment, Cell
from coursekit.grading.sandbox import compiled

NOTEBOOK = 20 << 20  # bytes of a notebook
CELLS = 5_000  # of a notebook
WORDS = 15  # characters that a text in a new cell must have to be taken for an answer
SOURCE = 200_000  # characters of a solution cell, in all its copies


@dataclass(frozen=True)
class Note:
    """A remark for the student and the instructor on something unusual.

    `kind` is one word of `KINDS`, by which the instructor's list is sorted.
    """

    kind: str
    text: str


# What a note is about, in the order of the instructor's list, with the heading there.
KINDS = {
    "unread": "a file that could not be read",
    "assignment": "perhaps another assignment",
    "limit": "stopped by a limit of the sandbox",
    "stopped": "a cell that stopped",
    "rule": "a rule of the task",
    "outside": "code outside of the marked cells",
    "written": "a written answer in another cell",
    "metadata": "marks of cells lost or repeated",
    "files": "several notebooks",
    "late": "handed in late",
    "name": "a name that was changed",
}


@dataclass(frozen=True)
class Rebuilt:
    """The texts of the solution cells by grade_id: the release's where the student wrote nothing."""

    solutions: Mapping[str, str]
    written: Mapping[str, str]
    reason: str = ""  # why all of it counts as 0
    notes: tuple[Note, ...] = ()


@dataclass
class _Matched:
    texts: dict[str, list[str]] = field(default_factory=dict)  # by grade_id
    left: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # (place from 1, other cell)
    notes: list[Note] = field(default_factory=list)


def rebuild(data: bytes, assignment: Assignment, release: Mapping[str, str]) -> Rebuilt:
    """Take the texts of the solution cells and written answers from a notebook.

    A cell is recognised by nbgrader's grade_id, then by the cell's id, then by Colab's `metadata.id`, and at
    last by the function that it defines. Copies of a cell, and the parts of one that was split, are joined in
    their order. Where the cell of a written answer is missing or empty, text in new cells is taken for it: a
    person reads it. The notes say where code stands outside of the marked cells.

    Args:
        data: the bytes of the submitted file.
        assignment: the assignment.
        release: the text of each solution cell and written answer as students got it.
    """
    cells, reason = notebook_cells(data)
    if reason:
        return Rebuilt({}, {}, reason)
    wanted = {cell.grade_id: cell for cell in assignment.cells if cell.kind in ("solution", "written")}
    matched = _match(cells, assignment, release)
    if not matched.texts:
        return Rebuilt({}, {}, "none of the assignment's cells is in this notebook: is it the right file?")
    if reason := _of_another(cells, release):
        return Rebuilt({}, {}, reason)
    texts, notes = {}, list(matched.notes)
    _find_written(matched, wanted, assignment, release, notes)
    for grade_id, cell in wanted.items():
        copies = matched.texts.get(grade_id)
        if copies is None:
            notes.append(Note("metadata", f"the cell {grade_id} is missing"))
        texts[grade_id] = _joined(copies or [], release[grade_id], cell.kind == "solution", grade_id, notes)
    solutions = {grade_id: text for grade_id, text in texts.items() if wanted[grade_id].kind == "solution"}
    notes += _outside(matched.left, solutions, assignment, release)
    split = {
        kind: {i: t for i, t in texts.items() if wanted[i].kind == kind} for kind in ("solution", "written")
    }
    return Rebuilt(split["solution"], split["written"], "", tuple(notes))


def notebook_cells(data: bytes) -> tuple[list[dict[str, Any]], str]:
    """The cells of a notebook of any version of the format, or the reason why there are none."""
    if len(data) > NOTEBOOK:
        return [], too_large("the notebook", NOTEBOOK)
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        notebook = json.loads(text, parse_int=float)  # an int of a million digits would take its time
    except (ValueError, RecursionError) as error:
        if not data.strip():
            return [], "the file is empty"
        if data.lstrip().startswith(b"<"):
            return [], "the file is a web page, no notebook: download the .ipynb file, and hand in that"
        return (
            [],
            f"the file is no notebook ({first_line(error)}): save it, and hand in the .ipynb file itself",
        )
    if not isinstance(notebook, dict):
        return [], "the file is no notebook: save it, and hand in the .ipynb file itself"
    language = _language(notebook)
    if language and language != "python":
        return [], f"the notebook's kernel is of {readable(language[:50])}, not of Python"
    cells = notebook.get("cells")
    if not isinstance(cells, list):  # nbformat 3 has them in worksheets
        sheets = notebook.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
    cells = [cell for cell in cells if isinstance(cell, dict)]
    if len(cells) > CELLS:
        return [], f"the notebook has more than {CELLS:,} cells"
    return cells, "" if cells else "the notebook has no cells"


def _language(notebook: Mapping[str, Any]) -> str:
    metadata = _dict(notebook.get("metadata"))
    for part, name in (("language_info", "name"), ("kernelspec", "language")):
        value = _dict(metadata.get(part)).get(name)
        if isinstance(value, str) and value:
            return "python" if "python" in value.lower() else value.lower()
    return ""


def _match(cells: list[dict[str, Any]], assignment: Assignment, release: Mapping[str, str]) -> _Matched:
    """The texts that belong to each cell of the assignment, in the notebook's order."""
    ids = {
        cell.cell_id: cell.grade_id for cell in assignment.cells if cell.cell_id and cell.grade_id in release
    }
    functions = {name: grade_id for grade_id, text in release.items() for name in defined(text)}
    matched = _Matched()
    for place, cell in enumerate(cells, start=1):
        grade_id = cell_grade_id(cell)
        if grade_id not in release:
            named = (cell.get("id"), _dict(cell.get("metadata")).get("id"))
            grade_id = next((ids[name] for name in named if isinstance(name, str) and name in ids), "")
        if grade_id:
            matched.texts.setdefault(grade_id, []).append(_source(cell))
        else:
            matched.left.append((place, cell))
    by_function: dict[str, list[str]] = {}
    for _, cell in matched.left:
        if cell.get("cell_type", "code") == "code":
            text = _source(cell)
            for grade_id in dict.fromkeys(functions[name] for name in defined(text) if name in functions):
                by_function.setdefault(grade_id, []).append(text)
    for grade_id, texts in by_function.items():
        if grade_id not in matched.texts:
            matched.texts[grade_id] = texts
            text = f"the cell {grade_id} was found by its function: its marks were lost"
            matched.notes.append(Note("metadata", text))
    return matched


def _of_another(cells: list[dict[str, Any]], release: Mapping[str, str]) -> str:
    """Why a notebook is that of another assignment: all of them have a cell task-1; empty if it is not."""
    names = {name for text in release.values() for name in defined(text)}
    code = "\n".join(_source(cell) for cell in cells)
    if not names or any(re.search(rf"\b{name}\b", code) for name in names):
        return ""
    listed = ", ".join(sorted(names)[:5])
    return f"no cell of this notebook names {listed}, which this assignment asks for: is it the right file?"


def _find_written(
    matched: _Matched,
    wanted: Mapping[str, Cell],
    assignment: Assignment,
    release: Mapping[str, str],
    notes: list[Note],
) -> None:
    """Take text in new cells for each written answer whose own cell is missing or as it was handed out."""
    known = {_plain(cell.source) for cell in assignment.cells} | set(map(_plain, release.values()))
    new = [
        (place, text)
        for place, cell in matched.left
        if cell.get("cell_type") in ("markdown", "raw", "html")
        and len(text := _source(cell).strip()) >= WORDS
        and _plain(text) not in known
    ]
    for grade_id, cell in wanted.items():
        copies = matched.texts.get(grade_id, [])
        written = any(text.strip() and _plain(text) != _plain(release[grade_id]) for text in copies)
        if cell.kind == "written" and not written and new:
            matched.texts[grade_id] = [text for _, text in new]
            places = ", ".join(str(place) for place, _ in new)
            found = (
                f"the marked cell of the answer {grade_id} is empty or missing; text was taken from cell "
                f"{places} of the notebook, and a person reads it"
            )
            notes.append(Note("written", found))


def _outside(
    left: list[tuple[int, dict[str, Any]]],
    solutions: Mapping[str, str],
    assignment: Assignment,
    release: Mapping[str, str],
) -> list[Note]:
    """Notes on code that stands outside of the marked cells, where it is not graded."""
    places: dict[str, int] = {}
    for place, cell in left:
        if cell.get("cell_type", "code") == "code":
            places.update(dict.fromkeys(_bound(_source(cell)), place))
    notes = []
    for grade_id, text in solutions.items():
        names = [name for name in defined(release[grade_id]) if name in places]
        if text == release[grade_id] and names:
            notes.append(
                f"the marked cell {grade_id} is as it was handed out, but {names[0]} is defined in cell "
                f"{places[names[0]]} of the notebook, which is not graded: move it into the marked cell"
            )
    there = {name for text in solutions.values() for name in _bound(text)}
    there |= {name for cell in assignment.setup for name in _bound(cell.source)} | set(dir(builtins))
    for grade_id, text in solutions.items():
        for name in sorted((_used(text) & places.keys()) - there):
            notes.append(
                f"the marked cell {grade_id} uses {name} of cell {places[name]}, which is not graded: move "
                "it into the marked cell"
            )
    return [Note("outside", text) for text in notes]


def _bound(text: str) -> set[str]:
    """The names that a cell defines at its top level: functions, classes, variables, imports."""
    names: set[str] = set()
    for node in _tree(text).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        else:
            names |= {
                part.id
                for part in ast.walk(node)
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
    return names


def _used(text: str) -> set[str]:
    """The names that a cell reads."""
    nodes = ast.walk(_tree(text))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _tree(text: str) -> ast.Module:
    """A cell as a syntax tree; empty where it does not compile, or is too long to look at."""
    tree = _parsed(text) if len(text) <= SOURCE else None
    return tree or ast.Module([], [])


def _plain(text: str) -> str:
    """A text without differences in white space."""
    return " ".join(text.split())


def _joined(copies: list[str], released: str, code: bool, grade_id: str, notes: list[Note]) -> str:
    """One text from a cell's copies or parts; the released text if the student has changed nothing."""
    changed = [text for text in copies if text.strip() and text.strip() != released.strip()]
    if sum(map(len, changed)) > SOURCE:
        text = f"the cell {grade_id} is longer than {SOURCE:,} characters and is not graded"
        notes.append(Note("limit", text))
        return released
    if code and len(changed) > 1:
        changed = [text for text in changed if _parsed(text)] or changed
    if len(changed) > 1:
        text = f"the cell {grade_id} is there {len(changed)} times: they are taken one after the other"
        notes.append(Note("metadata", text))
    return "\n\n".join(changed) or released


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return readable(source) if isinstance(source, str) else ""


def cell_grade_id(cell: Mapping[str, Any]) -> str:
    """The grade_id of a cell, which is nbgrader's name of it; empty if it has none."""
    value = _dict(_dict(cell.get("metadata")).get("nbgrader")).get("grade_id")
    return value if isinstance(value, str) else ""


def defined(text: str) -> list[str]:
    """The functions and classes that a text defines at its top level."""
    return re.findall(r"^(?:def|class) +(\w+)", text, re.MULTILINE)


def _parsed(text: str) -> ast.Module | None:
    """A cell as a syntax tree; None where it does not compile."""
    try:
        tree: ast.Module = compiled(text, "<cell>", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def readable(text: str) -> str:
    """A text that can be written anywhere: halves of surrogate pairs cannot."""
    return text.encode("utf-8", "replace").decode()


def first_line(error: BaseException) -> str:
    """The first line of an error's message, at most 120 characters."""
    return (str(error).split("\n")[0] or type(error).__name__)[:120]


def too_large(name: str, limit: int) -> str:
    """The reason why a file of more than `limit` bytes is not read."""
    return f"{name} is larger than {limit >> 20} MB: clear its outputs and hand it in again"
