"""A student's points: by the tests, by hand, for lateness, together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from coursekit.grading._tasks import Task
from coursekit.grading.assignment import Assignment, Cell

if TYPE_CHECKING:
    from coursekit.grading._worker import Record
    from coursekit.grading.gradebook import Total


class Points:
    """The points of one student.

    Args:
        assignment: the assignment.
        record: the result of grading the student's submission.
        total: the student's marks in the gradebook, with those given by hand; None is not known.
    """

    def __init__(self, assignment: Assignment, record: Record, total: Total | None) -> None:
        self.assignment, self.record, self.total = assignment, record, total
        self.marks = {mark.grade_id: mark for mark in record.marks}
        self.by_hand = {mark.grade_id: mark for mark in total.by_hand} if total else {}
        self.changed = {mark.grade_id: mark for mark in total.changed} if total else {}

    def waits(self, cell: Cell) -> bool:
        """Whether a written answer has no points yet."""
        mark = self.by_hand.get(cell.grade_id)
        return mark.points is None if mark else cell.grade_id in self.record.texts

    def earned(self) -> tuple[float, float]:
        """The points, and how many there are at most."""
        if self.total:
            return self.total.score, self.total.maximum
        by_hand = sum(cell.points for cell in self.assignment.written)
        return self.record.points, sum(mark.maximum for mark in self.record.marks) + by_hand

    def rows(self, title: Callable[[str], str]) -> Iterator[tuple[str, str]]:
        """The rows of a table that adds up, as (what, points).

        Args:
            title: gives a cell's title for its grade_id.
        """
        maximum = sum(mark.maximum for mark in self.record.marks)
        yield "By the tests", f"{self.record.points:g} of {of(maximum)}"
        for mark in self.changed.values():
            test = self.marks.get(mark.grade_id)
            if test and mark.points not in (None, test.points):
                yield f"Changed by a person: {title(mark.grade_id)}", f"{(mark.points or 0) - test.points:+g}"
        for cell in self.assignment.written:
            hand = self.by_hand.get(cell.grade_id)
            points = f"{(hand and hand.points) or 0:g} of {of(cell.points)}"
            yield f"By hand: {title(cell.grade_id)}", "waits for a person" if self.waits(cell) else points
        extra = sum(mark.extra for mark in (*self.by_hand.values(), *self.changed.values()))
        if extra:
            yield "Extra credit", f"{extra:+g}"
        if self.total and self.total.penalty:
            yield "Handed in late", f"\N{MINUS SIGN}{self.total.penalty:g}"
        earned, maximum = self.earned()
        yield "Together", f"{earned:g} of {of(maximum)}"

    def of_task(self, task: Task) -> tuple[float, float, float]:
        """The points of a task, how many there are at most, and for how many it still waits for a person."""
        points, maximum, waiting = 0.0, 0.0, 0.0
        for cell in task.cells:
            if cell.kind == "solution":
                continue
            maximum += cell.points
            hand = self.by_hand.get(cell.grade_id) or self.changed.get(cell.grade_id)
            if hand and hand.points is not None:
                points += hand.points
            elif cell.kind == "written":
                waiting += cell.points if self.waits(cell) else 0.0
            elif cell.grade_id in self.marks:
                points += self.marks[cell.grade_id].points
        return points, maximum, waiting


def of(points: float) -> str:
    """A number of points with the noun."""
    return f"{points:g} point{'' if points == 1 else 's'}"
