"""Turns the answers that came out of the sandbox into points. No student's code runs here.

The answers are data of unknown origin: this module parses them and never runs them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from coursekit import check
from coursekit.check import NotPlainError, decode
from coursekit.grading.assignment import Assignment, Test
from coursekit.grading.sandbox import compiled

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


class Judge:
    """Judges the answers to one assignment.

    Args:
        assignment: its setup cells and the judge's parts of its tests run in this process.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self._scope: dict[str, Any] = {"__name__": "judge"}
        self._messages: dict[tuple[str, bytes], str] = {}  # by test and checksum of the answers
        for cell in assignment.setup:
            exec(compiled(cell.source, "<setup>"), self._scope)

    def marks(self, reports: Iterable[Mapping[str, Any]], reason: str = "") -> list[Mark]:
        """The marks of a submission, one for each test.

        Args:
            reports: the sandbox's reports on the tests.
            reason: why there is not a report on each; the message of each test that was not reached.
        """
        by_id = {_text(report, "id"): report for report in reversed(list(reports))}  # the first one counts
        return [self._mark(test, by_id.get(test.grade_id, {}), reason) for test in self.assignment.tests]

    def _mark(self, test: Test, report: Mapping[str, Any], reason: str) -> Mark:
        message, answers = _text(report, "error")[:ERROR], _text(report, "answers")
        if not message and not answers:
            message = reason or "there is no answer"
        if not message:
            message = self._wrong(test, answers)
        return Mark(test.grade_id, 0.0 if message else test.points, test.points, message[:MESSAGE])

    def _wrong(self, test: Test, text: str) -> str:
        """What is wrong with the answers; empty if nothing is. Equal answers are judged once."""
        key = test.grade_id, hashlib.sha256(text.encode(errors="surrogatepass")).digest()
        if key not in self._messages:
            self._messages[key] = self._judged(test, text)
        return self._messages[key]

    def _judged(self, test: Test, text: str) -> str:
        try:
            answers = decode(text)
            if not isinstance(answers, dict):
                return "the answers are no dict"
            scope = {**self._scope, "answers": answers}
            exec(compiled(test.inputs, "<inputs>"), scope)
            exec(compiled(test.judge, "<judge>"), scope)
        except NotPlainError as error:
            return f"the answers: {error}"
        except check.Wrong as error:
            return str(error) or "wrong"
        except Exception as error:  # answers of a type that the judge did not think of
            return f"the answers cannot be compared with what is expected: {type(error).__name__}: {error}"
        return ""


def _text(report: Mapping[str, Any], name: str) -> str:
    value = report.get(name, "")
    return value if type(value) is str else ""
