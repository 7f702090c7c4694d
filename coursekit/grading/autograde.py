"""Turns the answers that came out of the sandbox into points. No student's code runs here.

The answers are data of unknown origin: this module parses them and never runs them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from coursekit import check
from coursekit._shared._source import compiled
from coursekit.check import NotPlainError, decode
from coursekit.grading.assignment import Assignment, Test

MESSAGE = 2_000  # characters of a message
ERROR = 600  # characters of an error out of the sandbox; a forged one could carry the hidden tests out


@dataclass(frozen=True)
class Part:
    """The points of one part of a test cell, with the message if they are not all."""

    name: str
    points: float
    maximum: float
    message: str = ""


@dataclass(frozen=True)
class Mark:
    """The points of one test cell, and the message to the student if they are not all.

    `parts` has them part by part, where the test cell has parts.
    """

    grade_id: str
    points: float
    maximum: float
    message: str  # empty where it has full points
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Run:
    """Cells that run in one process, and the tests whose answers are made there."""

    cells: list[dict[str, str]]
    tests: list[dict[str, str]]


@dataclass(frozen=True)
class Plan:
    """How a submission is run: tests with rules without the cells that their rules did not read.

    `broken` has the message of the first broken rule of a test, by grade_id, or the reason why there is no
    code to be read. Such a test does not run. `breaches` has the messages of broken rules alone, each once.
    """

    runs: tuple[Run, ...]
    broken: Mapping[str, str]
    breaches: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Verdict:
    """What is wrong with the answers to a test: for all of it, and in each of its parts."""

    message: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)


class Judge:
    """Judges the answers to one assignment.

    Args:
        assignment: its setup cells and the judge's parts of its tests run in this process.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self._scope: dict[str, Any] = {"__name__": "judge"}
        self._verdicts: dict[tuple[str, bytes], _Verdict] = {}  # by test and checksum of the answers
        for cell in assignment.setup:
            exec(compiled(cell.source, "<setup>"), self._scope)

    def plan(self, solutions: Mapping[str, str] | None = None) -> Plan:
        """Check the rules of the tests on the solution cells, and say which cells run for which tests.

        Args:
            solutions: texts of solution cells by grade_id. A cell that is not in it keeps the master's.
        """
        cells = self.assignment.solutions(solutions)
        texts = [check.Text(cell["id"], cell["source"], cell["kind"] == "code") for cell in cells]
        source = check.Source(texts) if any(test.rules for test in self.assignment.tests) else None
        whole = frozenset(text.name for text in texts if not text.given)
        needed, broken, breaches = {whole: set[str]()}, dict[str, str](), dict[str, None]()
        for test in self.assignment.tests:
            try:
                read = [source.check(rule) for rule in test.rules] if source else []
            except check.Wrong as error:
                broken[test.grade_id] = str(error)
                breaches.update({} if isinstance(error, check.Unreadable) else {str(error): None})
                continue
            names = frozenset(name for each in read for name in each) if read else whole
            needed.setdefault(names, set()).add(test.grade_id)
        questions = self.assignment.questions()
        runs = (
            Run(
                [cell for cell in cells if cell["kind"] == "code" or cell["id"] in names],
                [question for question in questions if question["id"] in tests],
            )
            for names, tests in needed.items()
        )
        return Plan(tuple(run for run in runs if run.tests), broken, tuple(breaches))

    def marks(
        self,
        reports: Iterable[Mapping[str, Any]],
        reason: str = "",
        broken: Mapping[str, str] | None = None,
    ) -> list[Mark]:
        """The marks of a submission, one for each test.

        Args:
            reports: the sandbox's reports on the tests.
            reason: why there is not a report on each; the message of each test that was not reached.
            broken: the message of a broken rule, by grade_id, as `plan` has it.
        """
        by_id = {_text(report, "id"): report for report in reversed(list(reports))}  # the first one counts
        rules = broken or {}
        return [
            _mark_of(test, _Verdict(rules[test.grade_id]))
            if test.grade_id in rules
            else self._mark(test, by_id.get(test.grade_id, {}), reason)
            for test in self.assignment.tests
        ]

    def _mark(self, test: Test, report: Mapping[str, Any], reason: str) -> Mark:
        message, answers = _text(report, "error")[:ERROR], _text(report, "answers")
        if not message and not answers:
            message = reason or "there is no answer"
        return _mark_of(test, _Verdict(message) if message else self._verdict(test, answers))

    def _verdict(self, test: Test, text: str) -> _Verdict:
        """What is wrong with the answers. Equal answers are judged once."""
        key = test.grade_id, hashlib.sha256(text.encode(errors="surrogatepass")).digest()
        if key not in self._verdicts:
            with check.judging() as judged:
                message = self._judged(test, text)
            parts = {name: _said(error) if error else "" for name, error in judged.parts.items()}
            self._verdicts[key] = _Verdict(message, parts)
        return self._verdicts[key]

    def _judged(self, test: Test, text: str) -> str:
        """Run the judge's part of a test, and return what is wrong outside of its parts."""
        try:
            answers = decode(text)
            if not isinstance(answers, dict):
                return "the answers are no dict"
            scope = {**self._scope, "answers": answers}
            exec(compiled(test.inputs, "<inputs>"), scope)
            exec(compiled(test.judge, "<judge>"), scope)
        except Exception as error:
            return _said(error)
        return ""


def _mark_of(test: Test, verdict: _Verdict) -> Mark:
    """The mark of a test: the sum of its parts, or all or nothing."""
    if not test.parts:
        points = 0.0 if verdict.message else test.points
        return Mark(test.grade_id, points, test.points, verdict.message[:MESSAGE])
    parts = []
    for name, worth in test.parts:
        message = (verdict.message or verdict.parts.get(name, "it was not judged"))[:MESSAGE]
        parts.append(Part(name, 0.0 if message else worth, worth, message))
    lost = "\n".join(f"{part.name}: {part.message}" for part in parts if part.message)
    message = (verdict.message or lost)[:MESSAGE]
    return Mark(test.grade_id, math.fsum(part.points for part in parts), test.points, message, tuple(parts))


def _said(error: Exception) -> str:
    """What a student reads of an error that the judge's part of a test raised."""
    if isinstance(error, NotPlainError):
        return f"the answers: {error}"
    if isinstance(error, check.Wrong):
        return str(error) or "wrong"
    # answers of a type that the judge did not think of
    return f"the answers cannot be compared with what is expected: {type(error).__name__}: {error}"


def _text(report: Mapping[str, Any], name: str) -> str:
    value = report.get(name, "")
    return value if type(value) is str else ""
