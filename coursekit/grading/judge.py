"""From what came out of the sandbox to points: the answers are compared here, where no student's code runs.

What came out is data of unknown origin: it is parsed, never run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coursekit import check
from coursekit._plain import NotPlainError, decode
from coursekit.grading._child import compiled
from coursekit.grading.master import Master, Test

RESULT = 32_000_000  # bytes that a submission may answer with, altogether
MESSAGE = 2_000  # characters of a message


@dataclass(frozen=True)
class Mark:
    """What a test cell earned, and why not more."""

    grade_id: str
    points: float
    maximum: float
    message: str  # empty where it has full points


@dataclass(frozen=True)
class Said:
    """What a cell printed and the error it ended with, as the sandbox told it."""

    printed: str
    error: str


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

    def marks(self, result: bytes | str, reason: str = "") -> tuple[list[Mark], dict[str, Said]]:
        """The marks of a submission.

        Args:
            result: what the sandbox gave back.
            reason: why it gave nothing, or not all; the message of each test without answers.

        Returns:
            A mark for each test, and what each cell said.
        """
        cells = _cells(result)
        said = {name: Said(_text(cell, "printed"), _text(cell, "error")) for name, cell in cells.items()}
        return [self._mark(test, cells.get(test.grade_id, {}), reason) for test in self.master.tests], said

    def _mark(self, test: Test, cell: Mapping[str, Any], reason: str) -> Mark:
        message = _text(cell, "error")
        if not message and not _text(cell, "answers"):
            message = reason or "there is no answer"
        if not message:
            message = self._wrong(test, cell["answers"])
        return Mark(test.grade_id, 0.0 if message else test.points, test.points, message[:MESSAGE])

    def _wrong(self, test: Test, text: str) -> str:
        """What is wrong with the answers; empty if nothing is."""
        try:
            answers = decode(text)
            if not isinstance(answers, dict):
                return "the answers are no dict"
            scope = {**self._scope, "answers": answers}
            exec(compile(test.inputs, "<inputs>", "exec"), scope)
            exec(compile(test.judge, "<judge>", "exec"), scope)
        except NotPlainError as error:
            return f"the answers: {error}"
        except check.Wrong as error:
            return str(error) or "wrong"
        except Exception as error:  # answers of a type that the judge did not think of
            return f"the answers cannot be compared with what is expected: {type(error).__name__}: {error}"
        return ""


def _cells(result: bytes | str) -> dict[str, Mapping[str, Any]]:
    """The cells by their id; none if the result is not what a sandbox makes."""
    if len(result) > RESULT:
        return {}
    try:
        cells = json.loads(result)
        return {cell["id"]: cell for cell in reversed(cells) if type(cell["id"]) is str}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _text(cell: Mapping[str, Any], name: str) -> str:
    value = cell.get(name, "")
    return value if type(value) is str else ""
