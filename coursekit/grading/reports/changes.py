"""What grading again has changed: who, in which test, from what to what, with both messages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coursekit.grading._worker import Record
from coursekit.grading.assignment import Assignment
from coursekit.grading.autograde import Mark
from coursekit.grading.reports import html, tables, titles


@dataclass(frozen=True)
class Change:
    """A change of the points or of the message of one test, or of one part of it.

    Attributes:
        student: the key of the student.
        grade_id: of the test.
        part: the name of the part; empty if it is the whole test.
        before: the points before; None if the test, or the part, was not there.
        after: the points after; None if it is no longer there.
        message_before: the message before; empty if there were all points.
        message_after: the message after.
    """

    student: str
    grade_id: str
    part: str
    before: float | None
    after: float | None
    message_before: str = ""
    message_after: str = ""

    @property
    def difference(self) -> float:
        """The points that were won (above 0) or lost."""
        return (self.after or 0.0) - (self.before or 0.0)


def rows(before: Mapping[str, Record], after: Mapping[str, Record]) -> list[Change]:
    """List the changes of all students who have a record before and after, the largest losses first.

    Args:
        before: the records before, by student.
        after: the records after.
    """
    found = [
        change
        for student in before.keys() & after.keys()
        for change in _of_student(student, before[student].marks, after[student].marks)
    ]
    return sorted(found, key=lambda change: (change.difference, change.student, change.grade_id, change.part))


def table(changes: Iterable[Change]) -> str:
    """Make the changes as CSV."""
    head = ("student", "test", "part", "before", "after", "message before", "message after")
    cells = (
        (each.student, each.grade_id, each.part, *_both(each), each.message_before, each.message_after)
        for each in changes
    )
    return tables.text(head, cells)


def page(before: Mapping[str, Record], after: Mapping[str, Record], assignment: Assignment) -> str:
    """Make the changes as HTML: how many, test by test, then student by student.

    Args:
        before: the records before, by student.
        after: the records after.
        assignment: the assignment.
    """
    changes = rows(before, after)
    points = [change for change in changes if change.difference]
    messages = [change for change in changes if not change.difference]
    parts: list[object] = [html.tag("p", _summary(before, after, points, messages))]
    if points:
        parts += [_by_test(points, assignment), html.tag("h2", "Changed points"), _listed(points, assignment)]
    if messages:
        listed = _listed(messages, assignment)
        text = html.count(len(messages), "message")
        folded = html.tag("details", html.tag("summary", f"{text} changed, with the same points"), listed)
        parts += [html.tag("h2", "The same points, another message"), folded]
    return html.page(f"What grading again has changed: {titles.of_assignment(assignment)}", *parts)


def _of_student(student: str, before: Sequence[Mark], after: Sequence[Mark]) -> Iterable[Change]:
    """The changes of one student: of each part, or of the whole test where parts do not explain it."""
    old, new = {mark.grade_id: mark for mark in before}, {mark.grade_id: mark for mark in after}
    for grade_id in {**old, **new}:
        was, now = old.get(grade_id), new.get(grade_id)
        parts = _of_parts(student, grade_id, was, now) if was and now else []
        explained = sum(change.difference for change in parts)
        whole = Change(
            student, grade_id, "", was.points if was else None, now.points if now else None,
            was.message if was else "", now.message if now else "",
        )  # fmt: skip
        if parts and math.isclose(explained, whole.difference, abs_tol=1e-9):
            yield from parts
        elif was is None or now is None or whole.difference or whole.message_before != whole.message_after:
            yield whole


def _of_parts(student: str, grade_id: str, was: Mark, now: Mark) -> list[Change]:
    """The parts that have other points or another message; none where the test had no parts before."""
    if not was.parts or not now.parts:
        return []
    old, new = {part.name: part for part in was.parts}, {part.name: part for part in now.parts}
    changes = []
    for name in {**old, **new}:
        one, other = old.get(name), new.get(name)
        if one is None or other is None or (one.points, one.message) != (other.points, other.message):
            changes.append(
                Change(
                    student, grade_id, name, one.points if one else None, other.points if other else None,
                    one.message if one else "", other.message if other else "",
                )
            )  # fmt: skip
    return changes


def _summary(
    before: Mapping[str, Record],
    after: Mapping[str, Record],
    points: Sequence[Change],
    messages: Sequence[Change],
) -> str:
    """How many students there are, and how many of them changed."""
    both, new = before.keys() & after.keys(), after.keys() - before.keys()
    text = f"{html.count(len(both), 'student')} graded again."
    if new:
        text += f" {html.count(len(new), 'student')} graded for the first time, who are not in this list."
    if not points and not messages:
        return f"{text} Nothing has changed: all points and all messages are as they were."
    gained = dict.fromkeys(sorted({change.student for change in points}), 0.0)
    for change in points:
        gained[change.student] += change.difference
    won, lost = sum(value > 0 for value in gained.values()), sum(value < 0 for value in gained.values())
    if not points:
        return f"{text} All points are as they were."
    text += f" {html.count(len(gained), 'student')} with other points: {won} with more, {lost} with fewer"
    even = len(gained) - won - lost
    return f"{text}, {even} as many in other tests." if even else f"{text}."


def _by_test(changes: Sequence[Change], assignment: Assignment) -> html.Html:
    """How many students won and lost points in each test."""
    names = titles.of_tests(assignment)
    cells = []
    for grade_id in dict.fromkeys([*names, *(change.grade_id for change in changes)]):
        theirs: dict[str, float] = {}
        for change in changes:
            if change.grade_id == grade_id:
                theirs[change.student] = theirs.get(change.student, 0.0) + change.difference
        if theirs:
            won, lost = sum(v > 0 for v in theirs.values()), sum(v < 0 for v in theirs.values())
            points = sum(theirs.values())
            cells.append((names.get(grade_id, grade_id), won, lost, f"{points:+g}" if points else "0"))
    head = ("test", "students with more", "students with fewer", "points together")
    return html.table(head, cells, "By test", numbers=(1, 2, 3))


def _listed(changes: Iterable[Change], assignment: Assignment) -> html.Html:
    """Each change with both messages."""
    names = titles.of_tests(assignment)
    cells = []
    for change in changes:
        test = names.get(change.grade_id, change.grade_id)
        was, now = _both(change)
        part = html.tag("div", f"part: {change.part}", class_="soft") if change.part else ""
        said = html.join((
            html.tag("div", "before: ", html.tag("code", change.message_before or "passed")),
            html.tag("div", "after: ", html.tag("code", change.message_after or "passed")),
        ))  # fmt: skip
        cells.append((html.person(change.student), html.join((test, part)), f"{was} to {now}", said))
    return html.table(("student", "test", "points", "messages"), cells, "The largest losses first")


def _both(change: Change) -> tuple[str, str]:
    """The points before and after as text."""
    was, now = ("none" if value is None else f"{value:g}" for value in (change.before, change.after))
    return was, now
