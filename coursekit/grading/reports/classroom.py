"""How a class did: scores, how hard each check was, common mistakes, time and memory. One page, no files.

Names of students stand in the list of the slowest only.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coursekit.grading._worker import Record
from coursekit.grading.assignment import Assignment
from coursekit.grading.gradebook import Total
from coursekit.grading.reports import charts, html, titles
from coursekit.grading.reports.mistakes import Mistake, common

MISTAKES = 20  # listed at most
SLOWEST = 5  # students listed by name
NOT_TRIED = "NotImplementedError"  # what the stub of a task raises


@dataclass(frozen=True)
class Rate:
    """How many students got all points of a check or a part, got some or none, or did not try it.

    Attributes:
        title: what the check is called, for a person who has never seen its code.
        points: that it is worth.
        passed: number of students with all its points.
        wrong: number of those without.
        not_tried: number of those who left the task as it was handed out.
        parts: the same of each part, the hardest first.
    """

    title: str
    points: float
    passed: int
    wrong: int
    not_tried: int
    parts: tuple[Rate, ...] = ()

    @property
    def share(self) -> float:
        """The share of students who passed."""
        return self.passed / max(1, self.passed + self.wrong + self.not_tried)


def page(
    records: Sequence[Record],
    totals: Mapping[str, Total],
    assignment: Assignment,
    failed: Mapping[str, str] | None = None,
) -> str:
    """Make the report as one HTML page.

    Args:
        records: of all submissions.
        totals: the marks in the gradebook, by student.
        assignment: the assignment.
        failed: the reason why there is no grade, by student.
    """
    title = f"How the class did: {titles.of_assignment(assignment)}"
    waiting = sum(total.waiting for total in totals.values())
    parts: list[object] = [_numbers(records, failed or {}, waiting)]
    if records:
        parts += _scores(records, totals, assignment, waiting)
        parts += _checks(records, assignment)
        parts += _mistakes(common(records, assignment), len(records))
        parts += _resources(records)
    return html.page(title, *parts, style=charts.STYLE)


def rates(records: Iterable[Record], assignment: Assignment) -> list[Rate]:
    """How many students passed each check and each of its parts, the hardest first."""
    records = list(records)
    names = titles.of_tests(assignment)
    found = []
    for test in assignment.tests:
        marks = [mark for record in records for mark in record.marks if mark.grade_id == test.grade_id]
        by_part: dict[str, list[tuple[float, float, str]]] = {}
        for mark in marks:
            for part in mark.parts:
                by_part.setdefault(part.name, []).append((part.points, part.maximum, part.message))
        parts = sorted((_rate(name, given) for name, given in by_part.items()), key=lambda rate: rate.share)
        whole = _rate(
            names[test.grade_id], [(mark.points, mark.maximum, mark.message) for mark in marks], tuple(parts)
        )
        found.append(whole)
    return sorted(found, key=lambda rate: rate.share)


def _rate(title: str, given: Sequence[tuple[float, float, str]], parts: tuple[Rate, ...] = ()) -> Rate:
    passed = sum(points >= maximum for points, maximum, _ in given)
    not_tried = sum(points < maximum and NOT_TRIED in message for points, maximum, message in given)
    worth = max((maximum for _, maximum, _ in given), default=0.0)
    return Rate(title, worth, passed, len(given) - passed - not_tried, not_tried, parts)


def _numbers(records: Sequence[Record], failed: Mapping[str, str], waiting: int) -> html.Html:
    """How many handed in, and what is not done yet."""
    handed_in = len({record.student for record in records} | failed.keys())
    text = f"{html.count(handed_in, 'student')} handed in."
    if failed:
        have = "has" if len(failed) == 1 else "have"
        text += f" {html.count(len(failed), 'student')} {have} no grade: see the list of what to look at."
    if waiting:
        wait = "waits" if waiting == 1 else "wait"
        text += f" {html.count(waiting, 'student')} {wait} for a mark by hand."
    return html.tag("p", text)


def _scores(
    records: Sequence[Record], totals: Mapping[str, Total], assignment: Assignment, waiting: int
) -> list[object]:
    """The distribution of the scores, with those by hand once all of them are there."""
    final = not waiting and len(totals) >= len(records) > 0
    maximum = assignment.points
    scores = [record.points for record in records]
    about = "These are the points by the tests. The marks by hand are not all there yet."
    if final:
        scores = [totals[record.student].score for record in records if record.student in totals]
        maximum += sum(cell.points for cell in assignment.written)
        about = "These are the final scores, with the marks by hand."
    if not assignment.written:
        about = "All points are given by the tests."
    low, middle, high = quartiles(scores)
    mean = statistics.mean(scores)
    summary = (
        ("students", len(scores)), ("mean", f"{mean:.1f}"), ("median", f"{middle:g}"),
        ("middle half", f"{low:g} to {high:g}"),
        ("lowest and highest", f"{min(scores):g} to {max(scores):g}"),
        ("points of the assignment", f"{maximum:g}"),
    )  # fmt: skip
    return [
        html.tag("h2", "Scores"),
        html.tag("p", about),
        charts.histogram(scores, maximum, mean, middle),
        html.table(("measure", "points"), summary, "Scores in numbers", numbers=[1], narrow=True),
    ]


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The values below which a quarter, half and three quarters of some values lie."""
    if len(values) < 2:
        return (values[0], values[0], values[0]) if values else (0.0, 0.0, 0.0)
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def _checks(records: Sequence[Record], assignment: Assignment) -> list[object]:
    """A bar for each check and each part, the hardest first."""
    rows: list[Sequence[object]] = []
    for rate in rates(records, assignment):
        rows.append(_bar(html.tag("strong", rate.title), rate))
        rows += [_bar(html.tag("span", f"part: {part.title}", class_="part"), part) for part in rate.parts]
    return [
        html.tag("h2", "How hard each check was"),
        html.tag(
            "p",
            "The hardest check comes first, with its parts below it. To pass is to get all points. ",
            charts.LEGEND,
        ),
        html.table(
            ("check", "passed, wrong, not tried"), rows, f"Results of {html.count(len(records), 'student')}"
        ),
    ]


def _bar(label: html.Html, rate: Rate) -> tuple[html.Html, html.Html]:
    points = html.count(1, "point") if rate.points == 1 else f"{rate.points:g} points"
    text = f"{rate.passed} passed ({rate.share:.0%}), {rate.wrong} wrong"
    text += f", {rate.not_tried} did not try" if rate.not_tried else ""
    bar = charts.bar((rate.passed, rate.wrong, rate.not_tried))
    return html.join((label, html.tag("div", points, class_="soft"))), html.join((bar, html.tag("div", text)))


def _mistakes(found: Sequence[Mistake], number: int) -> list[object]:
    """The most common mistakes, each with its number of students and an example."""
    if not found:
        return [html.tag("h2", "Common mistakes"), html.tag("p", "No check found a mistake.")]
    rows = [
        (
            html.join((html.tag("strong", mistake.name), html.tag("div", mistake.title, class_="soft"))),
            f"{len(mistake.students)}",
            html.tag("code", mistake.example),
        )
        for mistake in found[:MISTAKES]
    ]
    text = "Messages of the checks with the same hint count as one mistake, whatever the numbers."
    if len(found) > MISTAKES:
        text += f" {len(found) - MISTAKES} rarer ones are left out."
    return [
        html.tag("h2", "Common mistakes"),
        html.tag("p", text),
        html.table(
            ("mistake", "students", "a message, as an example"),
            rows,
            f"Among {html.count(number, 'student')}",
            numbers=[1],
        ),
    ]


def _resources(records: Sequence[Record]) -> list[object]:
    """Time and memory: quartiles, the largest values, and who took longest."""
    ran = [record for record in records if record.seconds or record.memory]
    if not ran:
        return []
    rows = []
    for name, values in (
        ("processor time (s)", [record.seconds for record in ran]),
        ("memory (MB)", [record.memory / (1 << 20) for record in ran]),
    ):
        low, middle, high = quartiles(values)
        rows.append((name, *(f"{value:.1f}" for value in (low, middle, high, max(values)))))
    slowest = sorted(ran, key=lambda record: -record.seconds)[:SLOWEST]
    return [
        html.tag("h2", "Time and memory"),
        html.table(
            ("what the code took", "a quarter below", "half below", "three quarters below", "most"), rows,
            "Memory is beyond that of the imported libraries", numbers=(1, 2, 3, 4),
        ),
        html.table(
            ("student", "processor time (s)"),
            [(html.person(record.name or record.student), f"{record.seconds:.1f}") for record in slowest],
            "The slowest", numbers=[1], narrow=True,
        ),
    ]  # fmt: skip
