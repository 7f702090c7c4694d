"""Takes the texts of solution cells and written answers from a submitted notebook, and nothing else.

A notebook that cannot be read becomes a reason that the student understands, never an error.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coursekit.grading.assignment import Assignment
from coursekit.grading.sandbox import compiled

NOTEBOOK = 20 << 20  # bytes of a notebook
CELLS = 5_000  # of a notebook
SOURCE = 200_000  # characters of a solution cell, in all its copies


@dataclass(frozen=True)
class Rebuilt:
    """The texts of the solution cells by grade_id: the release's where the student wrote nothing."""

    solutions: Mapping[str, str]
    written: Mapping[str, str]
    reason: str = ""  # why all of it counts as 0
    notes: tuple[str, ...] = ()


@dataclass
class _Matched:
    texts: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def rebuild(data: bytes, assignment: Assignment, release: Mapping[str, str]) -> Rebuilt:
    """Take the texts of the solution cells and written answers from a notebook.

    A cell is recognised by nbgrader's grade_id, then by the cell's id, then by Colab's `metadata.id`, and at
    last by the function that it defines. Copies of a cell, and the parts of one that was split, are joined in
    their order.

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
    texts, notes = {}, list(matched.notes)
    for grade_id, cell in wanted.items():
        copies = matched.texts.get(grade_id)
        if copies is None:
            notes.append(f"the cell {grade_id} is missing")
        texts[grade_id] = _joined(copies or [], release[grade_id], cell.kind == "solution", grade_id, notes)
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
    functions = {name: grade_id for grade_id, text in release.items() for name in _defined(text)}
    matched, left = _Matched(), []
    for cell in cells:
        grade_id = cell_grade_id(cell)
        if grade_id not in release:
            named = (cell.get("id"), _dict(cell.get("metadata")).get("id"))
            grade_id = next((ids[name] for name in named if isinstance(name, str) and name in ids), "")
        if grade_id:
            matched.texts.setdefault(grade_id, []).append(_source(cell))
        else:
            left.append(cell)
    by_function: dict[str, list[str]] = {}
    for cell in left:
        if cell.get("cell_type", "code") == "code":
            text = _source(cell)
            for grade_id in dict.fromkeys(functions[name] for name in _defined(text) if name in functions):
                by_function.setdefault(grade_id, []).append(text)
    for grade_id, texts in by_function.items():
        if grade_id not in matched.texts:
            matched.texts[grade_id] = texts
            matched.notes.append(f"the cell {grade_id} was found by its function: its marks were lost")
    return matched


def _joined(copies: list[str], released: str, code: bool, grade_id: str, notes: list[str]) -> str:
    """One text from a cell's copies or parts; the released text if the student has changed nothing."""
    changed = [text for text in copies if text.strip() and text.strip() != released.strip()]
    if sum(map(len, changed)) > SOURCE:
        notes.append(f"the cell {grade_id} is longer than {SOURCE:,} characters and is not graded")
        return released
    if code and len(changed) > 1:
        changed = [text for text in changed if _compiles(text)] or changed
    if len(changed) > 1:
        notes.append(f"the cell {grade_id} is there {len(changed)} times: they are taken one after the other")
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


def _defined(text: str) -> list[str]:
    """The functions and classes that a text defines at its top level."""
    return re.findall(r"^(?:def|class) +(\w+)", text, re.MULTILINE)


def _compiles(text: str) -> bool:
    try:
        compiled(text, "<cell>", ast.PyCF_ONLY_AST)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


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
