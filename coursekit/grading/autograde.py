"""From what came out of the sandbox to points: the answers are compared here, where no student's code runs.

What came out is data of unknown origin: it is parsed, never run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from coursekit import check
from coursekit.check._plain import NotPlainError, decode
from coursekit.grading.assignment import Master, Test
from coursekit.grading.sandbox._runner import compiled

MESSAGE = 2_000  # characters of a message
SAID = 600  # characters of an error out of the sandbox, where one may be forged to carry the tests out


@dataclass(frozen=True)
class Mark:
    """What a test cell earned, and why not more."""

    grade_id: str
    points: float
    maximum: float
    message: str  # empty where it has full points


class Judge:
    """Judges the answers to one assignment.

    Args:
        master: the assignment. Its setup cells and its judge's parts are run, here.
    """

    def __init__(self, master: Master) -> None:
        self.master = master
        self._scope: dict[str, Any] = {"__name__": "judge"}
        for cell in master.setup:
            exec(compiled(cell.source, "<setup>"), self._scope)

    def marks(self, reports: Iterable[Mapping[str, Any]], reason: str = "") -> list[Mark]:
        """The marks of a submission, one for each test.

        Args:
            reports: what the sandbox gave back for the tests.
            reason: why it gave nothing, or not all; the message of each test that was not reached.
        """
        found = {_text(report, "id"): report for report in reversed(list(reports))}  # the first one counts
        return [self._mark(test, found.get(test.grade_id, {}), reason) for test in self.master.tests]

    def _mark(self, test: Test, report: Mapping[str, Any], reason: str) -> Mark:
        message, answers = _text(report, "error")[:SAID], _text(report, "answers")
        if not message and not answers:
            message = reason or "there is no answer"
        if not message:
            message = self._wrong(test, answers)
        return Mark(test.grade_id, 0.0 if message else test.points, test.points, message[:MESSAGE])

    def _wrong(self, test: Test, text: str) -> str:
        """What is wrong with the answers; empty if nothing is."""
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
