"""Takes the texts of solution cells and written answers from a notebook, and nothing else."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from coursekit.handin._code import SOURCE, bound, defined, is_prose, parses, used
from coursekit.handin._handout import Cell, Handout, fingerprint
from coursekit.handin._notebook import cell_grade_id, cell_ids, cell_source, is_code, notebook_cells

WORDS = 15  # characters that a text in a new cell must have to be taken for an answer
NOTEBOOK_PLACE = "cell {} of the notebook"


@dataclass(frozen=True)
class Note:
    """A remark for the student and the instructor on something unusual.

    `kind` is one word, by which the instructor's list is sorted (`coursekit.grading.rebuild.KINDS`).
    """

    kind: str
    text: str


class Copy(NamedTuple):
    """A cell of the notebook that was recognised: its place, from 1, and its text."""

    place: int
    text: str


@dataclass(frozen=True)
class Taken:
    """The texts of the solution cells by grade_id: the handed-out text where the student wrote nothing.

    `copies` has the cells that each text was taken from. `unmarked` names the texts whose cells were not
    marked: they were recognised by their function, or are words in new cells.
    """

    solutions: Mapping[str, str]
    written: Mapping[str, str]
    reason: str = ""  # why all of it counts as 0
    notes: tuple[Note, ...] = ()
    copies: Mapping[str, tuple[Copy, ...]] = field(default_factory=dict)
    unmarked: tuple[str, ...] = ()


@dataclass
class _Matched:
    copies: dict[str, list[Copy]] = field(default_factory=dict)  # by grade_id
    left: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # (place from 1, other cell)
    unmarked: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)  # answers in words that were taken from new cells
    notes: list[Note] = field(default_factory=list)


def take(data: bytes, handout: Handout) -> Taken:
    """Take the texts of the solution cells and written answers from a notebook.

    A cell is recognised by nbgrader's grade_id, then by the cell's id, then by Colab's `metadata.id`, and at
    last by the function that it defines. Copies of a cell, and the parts of one that was split, are joined in
    their order. Where the cell of a written answer is missing or empty, text in new cells is taken for it: a
    person reads it. The notes say where code stands outside of the marked cells.

    Args:
        data: the bytes of the submitted file.
        handout: the assignment as it was handed out.
    """
    cells, reason = notebook_cells(data)
    return Taken({}, {}, reason) if reason else take_cells(cells, handout)


def take_cells(cells: list[dict[str, Any]], handout: Handout, place: str = NOTEBOOK_PLACE) -> Taken:
    """Take the texts from the cells of a notebook; `place` is how notes name the cell of a number."""
    matched = _match(cells, handout)
    if not matched.copies:
        return Taken({}, {}, "none of the assignment's cells is in this notebook: is it the right file?")
    if reason := of_another(cells, handout):
        return Taken({}, {}, reason)
    _find_written(matched, handout)
    notes = matched.notes
    texts: dict[str, str] = {}
    for grade_id, cell in handout.wanted.items():
        if grade_id not in matched.copies:
            notes.append(Note("metadata", f"the cell {grade_id} is missing"))
        remarks: list[Note] = []
        texts[grade_id] = _joined(matched.copies.get(grade_id, []), cell, remarks)
        notes += [] if grade_id in matched.elsewhere else remarks
    solutions, written = (
        {cell.grade_id: texts[cell.grade_id] for cell in handout.cells if cell.kind == kind}
        for kind in ("solution", "written")
    )
    notes += _outside(matched.left, solutions, handout, place)
    copies = {grade_id: tuple(each) for grade_id, each in matched.copies.items()}
    return Taken(solutions, written, "", tuple(notes), copies, (*matched.unmarked, *matched.elsewhere))


def _match(cells: list[dict[str, Any]], handout: Handout) -> _Matched:
    """The texts that belong to each cell of the assignment, in the notebook's order."""
    ids = {cell.cell_id: cell.grade_id for cell in handout.cells if cell.cell_id}
    matched = _Matched()
    for place, cell in enumerate(cells, start=1):
        grade_id = cell_grade_id(cell)
        if grade_id not in handout.wanted:
            grade_id = next((ids[name] for name in cell_ids(cell) if name in ids), "")
        if grade_id:
            matched.copies.setdefault(grade_id, []).append(Copy(place, cell_source(cell)))
        else:
            matched.left.append((place, cell))
    for grade_id, copies in _by_function(matched.left, handout).items():
        if grade_id not in matched.copies:
            matched.copies[grade_id] = copies
            matched.unmarked.append(grade_id)
            text = f"the cell {grade_id} was found by its function: its marks were lost"
            matched.notes.append(Note("metadata", text))
    return matched


def _by_function(left: Iterable[tuple[int, dict[str, Any]]], handout: Handout) -> dict[str, list[Copy]]:
    """The code cells that define a function of the assignment, by the grade_id of its cell."""
    found: dict[str, list[Copy]] = {}
    for place, cell in left:
        if is_code(cell):
            text = cell_source(cell)
            names = [name for name in defined(text) if name in handout.functions]
            for grade_id in dict.fromkeys(handout.functions[name] for name in names):
                found.setdefault(grade_id, []).append(Copy(place, text))
    return found


def named(cells: Iterable[Mapping[str, Any]], names: Iterable[str]) -> list[str]:
    """Those of some names that a notebook's cells contain as whole words."""
    text = "\n".join(cell_source(cell) for cell in cells)
    return [name for name in names if re.search(rf"\b{name}\b", text)]


def of_another(cells: list[dict[str, Any]], handout: Handout) -> str:
    """Why a notebook is that of another assignment: all of them have a cell task-1; empty if it is not."""
    names = sorted(handout.functions)
    code = "\n".join(cell_source(cell) for cell in cells if is_code(cell))
    if not names or any(
        re.search(rf"(?<![\w.]){name}\s*\(", code) for name in names
    ):  # words may be in any text
        return ""
    listed = ", ".join(names[:5])
    return f"no cell of this notebook uses {listed}, which this assignment asks for: is it the right file?"


def _find_written(matched: _Matched, handout: Handout) -> None:
    """Take text in new cells for each written answer whose own cell is missing or as it was handed out."""
    for cell in handout.cells:
        texts = [copy.text for copy in matched.copies.get(cell.grade_id, [])]
        written = any(text.strip() and text.split() != cell.source.split() for text in texts)
        if cell.kind == "written" and not written and (new := _new_texts(matched.left, handout)):
            matched.copies[cell.grade_id] = new
            matched.elsewhere.append(cell.grade_id)
            text = (
                f"the marked cell of the answer {cell.grade_id} is empty or missing; text was taken from "
                f"{_places(new)} of the notebook, and a person reads it"
            )
            matched.notes.append(Note("written", text))


def _new_texts(left: Iterable[tuple[int, dict[str, Any]]], handout: Handout) -> list[Copy]:
    """The cells in words that were not handed out; a cell of code may hold words as well."""
    cells = ((place, is_code(cell), cell_source(cell).strip(), cell.get("cell_type")) for place, cell in left)
    return [
        Copy(place, text)
        for place, code, text, kind in cells
        if len(text) >= WORDS and fingerprint(text) not in handout.known
        if kind in ("markdown", "raw", "html") or (code and is_prose(text))
    ]


def _places(copies: list[Copy]) -> str:
    """Their places, at most five."""
    numbers = ", ".join(str(copy.place) for copy in copies[:5])
    more = f" and {len(copies) - 5} others" if len(copies) > 5 else ""
    return f"cell{'s' if len(copies) > 1 else ''} {numbers}{more}"


def _outside(
    left: list[tuple[int, dict[str, Any]]], solutions: Mapping[str, str], handout: Handout, where: str
) -> list[Note]:
    """Notes on code that stands outside of the marked cells, where it is not graded."""
    places: dict[str, str] = {}
    for place, cell in left:
        if is_code(cell):
            places.update(dict.fromkeys(bound(cell_source(cell)), where.format(place)))
    notes = []
    for grade_id, text in solutions.items():
        released = handout.wanted[grade_id].source
        own = () if text == released else defined(text)
        names = [name for name in defined(released) if name in places and name not in own]
        if names:
            state = "is as it was handed out" if text == released else f"does not define {names[0]}"
            what = names[0] if text == released else "it"
            notes.append(
                f"the marked cell {grade_id} {state}, but {what} is defined in {places[names[0]]}, which is "
                "not graded: move it into the marked cell"
            )
    there = {name for text in solutions.values() for name in bound(text)}
    there |= {*handout.setup, *dir(builtins)}
    for grade_id, text in solutions.items():
        for name in sorted((used(text) & places.keys()) - there):
            notes.append(
                f"the marked cell {grade_id} uses {name}, defined in {places[name]}, which is not graded: "
                "move it into the marked cell"
            )
    return [Note("outside", text) for text in notes]


def _joined(copies: list[Copy], cell: Cell, notes: list[Note]) -> str:
    """One text from a cell's copies or parts; the released text if the student has changed nothing."""
    texts = [copy.text for copy in copies]
    changed = [text for text in texts if text.strip() and text.strip() != cell.source.strip()]
    if sum(map(len, changed)) > SOURCE:
        text = f"the cell {cell.grade_id} is longer than {SOURCE:,} characters and is not graded"
        notes.append(Note("limit", text))
        return cell.source
    if cell.kind == "solution" and len(changed) > 1:
        changed = [text for text in changed if parses(text)] or changed
    if len(changed) > 1:
        text = f"the cell {cell.grade_id} is there {len(changed)} times: they are taken one after the other"
        notes.append(Note("metadata", text))
    return "\n\n".join(changed) or cell.source
