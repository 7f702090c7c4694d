"""The list of what a person should look at, the most urgent first: as a page, and as a table."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from coursekit.grading._worker import Record
from coursekit.grading.assignment import Assignment
from coursekit.grading.gradebook import Total
from coursekit.grading.rebuild import KINDS
from coursekit.grading.reports import html, tables, titles
from coursekit.grading.sandbox import Limits

# What a row is about, in the order of the list, with the heading there. The kinds of notes stand between.
HEADINGS = {
    "none": "no grade",
    **KINDS,
    "zero": "no points",
    "unchecked": "all points, but a rule was not checked",
    "slow": "took very long",
    "memory": "used almost all of its memory",
    "by hand": "waits for a mark by hand",
}
SLOW = 10.0, 5.0  # seconds, and times the median of the class: what takes longer than both is in the list
MEMORY = 0.9  # of the limit
RIGHT_FILE = "is it the right file?"  # how `rebuild` ends the reason for a notebook of another assignment


@dataclass(frozen=True)
class Look:
    """One thing that a person should look at.

    Attributes:
        student: the key of the student.
        kind: what it is about, a key of `HEADINGS`.
        reason: what happened, in full.
        page: path of the student's page, from the report; empty if there is none.
        folder: path of the folder of what the student handed in, from the report; empty if it was not kept.
    """

    student: str
    kind: str
    reason: str
    page: str = ""
    folder: str = ""


def rows(
    records: Iterable[Record],
    totals: Mapping[str, Total],
    failed: Mapping[str, str],
    assignment: Assignment,
    *,
    limits: Limits | None = None,
    root: str = "",
) -> list[Look]:
    """List what a person should look at, the most urgent first.

    Args:
        records: of all submissions.
        totals: the marks in the gradebook, by student.
        failed: the reason why there is no grade, by student.
        assignment: the assignment.
        limits: the limits of one submission; without them, nothing is said about memory.
        root: path from the report to the folder of the gradebook, such as "../"; empty if it lies there.
    """
    records = list(records)
    times = [record.seconds for record in records if record.seconds]
    slow = max(SLOW[0], SLOW[1] * statistics.median(times)) if times else SLOW[0]
    graded = {record.student for record in records}
    looks = [
        Look(student, "none", reason, *_paths(student, assignment, root, student in graded))
        for student, reason in failed.items()
    ]
    for record in records:
        paths = _paths(record.student, assignment, root, True)
        about = _about(record, totals.get(record.student), slow, limits)
        looks += [Look(record.student, kind, reason, *paths) for kind, reason in dict.fromkeys(about)]
    order = list(HEADINGS)
    return sorted(looks, key=lambda look: (order.index(look.kind), look.student))


def table(looks: Iterable[Look]) -> str:
    """Make the list as CSV, one row for each thing."""
    cells = ((look.student, HEADINGS[look.kind], look.reason, look.page, look.folder) for look in looks)
    return tables.text(("student", "about", "what happened", "page", "handed in"), cells)


def page(looks: Sequence[Look], assignment: Assignment) -> str:
    """Make the list as HTML, with the things of one student together.

    The students stand in the order of their most urgent thing. Those who only wait for a mark by hand, which
    may be the whole class, are named in one paragraph at the end.
    """
    title = f"Look at these: {titles.of_assignment(assignment)}"
    if not looks:
        return html.page(title, html.tag("p", "There is nothing that a person should look at."))
    students: dict[str, list[Look]] = {}
    for look in looks:
        students.setdefault(look.student, []).append(look)
    waiting = [name for name, theirs in students.items() if {look.kind for look in theirs} == {"by hand"}]
    anchors = {name: f"student-{place}" for place, name in enumerate(students, start=1)}
    parts: list[object] = [_counts(looks, anchors)]
    for name, theirs in students.items():
        if name not in waiting:
            parts.append(_student(theirs, anchors[name]))
    if waiting:
        links = (_waiting(students[name][0], anchors[name]) for name in waiting)
        parts += [
            html.tag("h2", "Only a mark by hand is missing"),
            html.tag("p", html.join(links, ", ")),
        ]
    return html.page(title, *parts, style="td:first-child { min-width: 8rem; }")


def _paths(student: str, assignment: Assignment, root: str, graded: bool) -> tuple[str, str]:
    """The paths of a student's page and of the folder of the originals, where `results` writes them."""
    if not graded:
        return "", ""
    name = assignment.name
    return f"{root}feedback/{student}/{name}/{name}.html", f"{root}originals/{student}/{name}/"


def _about(
    record: Record, total: Total | None, slow: float, limits: Limits | None
) -> Iterator[tuple[str, str]]:
    """What is to be said of a record: kinds, each with its reason."""
    maximum = sum(mark.maximum for mark in record.marks)
    if total is None:
        yield "none", "there is a record of the marks by the tests, but no marks in the gradebook"
    if record.reason and record.reason not in {note.text for note in record.notes}:
        yield "assignment" if RIGHT_FILE in record.reason else "unread", record.reason
    full = record.points == maximum > 0
    for note in record.notes:
        yield ("unchecked" if full and note.kind == "rule" else _known(note.kind)), note.text
    if not record.points and maximum:
        yield "zero", f"0 of {maximum:g} points by the tests: {_first_message(record)}"
    if record.seconds > slow:
        yield "slow", f"its code took {record.seconds:.0f} s of processor time"
    if limits and record.memory >= MEMORY * limits.memory:
        yield "memory", f"its code held {record.memory >> 20} MB; the limit is {limits.memory >> 20} MB"
    if total and total.waiting:
        yield "by hand", "a written answer has no mark yet"


def _known(kind: str) -> str:
    """The kind of a note. One that the list does not know stands with code outside of the marked cells."""
    return kind if kind in HEADINGS else "outside"


def _first_message(record: Record) -> str:
    messages = [mark.message for mark in record.marks if mark.message]
    if messages and all("NotImplementedError" in message for message in messages):
        return "nothing was filled in"
    return record.reason or (messages[0] if messages else "there is no message")


def _counts(looks: Sequence[Look], anchors: Mapping[str, str]) -> html.Html:
    """How many students there are of each kind, with links to them."""
    cells = []
    for kind, heading in HEADINGS.items():
        names = list(dict.fromkeys(look.student for look in looks if look.kind == kind))
        if names:
            links = (html.tag("a", html.person(name), href=f"#{anchors[name]}") for name in names)
            label = html.tag("span", heading, id=f"kind-{kind.replace(' ', '-')}")
            cells.append((label, len(names), html.join(links, ", ")))
    everybody = html.count(len(anchors), "student")
    return html.table(("about", "number", "students"), cells, f"{everybody} to look at", numbers=[1])


def _student(looks: Sequence[Look], anchor: str) -> html.Html:
    """What there is to look at of one student."""
    things = (html.tag("li", html.tag("strong", HEADINGS[look.kind]), f": {look.reason}") for look in looks)
    places = [html.link("the student's page", looks[0].page)] if looks[0].page else []
    places += [html.link("what was handed in", looks[0].folder)] if looks[0].folder else []
    return html.tag(
        "section",
        html.tag("h2", html.person(looks[0].student), id=anchor),
        html.tag("ul", *things),
        html.tag("p", html.join(places, ", ")) if places else "",
    )


def _waiting(look: Look, anchor: str) -> html.Html:
    name = html.person(look.student)
    return html.tag("span", html.link(name, look.page) if look.page else name, id=anchor)
