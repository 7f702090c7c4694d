"""Takes the texts of solution cells and written answers from a submitted notebook, and nothing else.

How it is done stands in `handin`, which students have, too: what they check is what is graded.
"""

from __future__ import annotations

from collections.abc import Mapping

from coursekit.grading.assignment import Assignment
from coursekit.handin import (
    Cell,
    Handout,
    Taken,
    fingerprint,
    setup_names,
    take,
)

__all__ = ["KINDS", "handout", "rebuild"]

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


def rebuild(data: bytes, assignment: Assignment, release: Mapping[str, str]) -> Taken:
    """Take the texts of the solution cells and written answers from a notebook, as `handin.take` does.

    Args:
        data: the bytes of the submitted file.
        assignment: the assignment.
        release: the text of each solution cell and written answer as students got it.
    """
    return take(data, handout(assignment, release))


def handout(assignment: Assignment, release: Mapping[str, str]) -> Handout:
    """What students were given, without solutions and hidden tests.

    A cell of code is worth the points of the tests that stand between it and the next one.

    Args:
        assignment: the assignment.
        release: the text of each solution cell and written answer as students got it.
    """
    theirs = [cell for cell in assignment.cells if cell.grade_id in release]
    points = {cell.grade_id: cell.points for cell in theirs}
    task = ""
    for cell in assignment.cells:
        task = cell.grade_id if cell.kind == "solution" else task
        if cell.kind == "test" and task:
            points[task] += cell.points
    texts = [cell.source for cell in assignment.cells if cell.kind in ("text", "code")]
    return Handout(
        assignment.name,
        assignment.cells[0].source.split("\n")[0].lstrip("# "),
        tuple(Cell(c.kind, c.grade_id, c.cell_id, points[c.grade_id], release[c.grade_id]) for c in theirs),
        setup_names(cell.source for cell in assignment.setup),
        tuple(sorted({fingerprint(text) for text in (*texts, *release.values())})),
    )
