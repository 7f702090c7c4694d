"""Groups the messages of checks by the mistake that they name.

A message such as "output_size(9, 3): expected 7, got 6: counted from 1?" ends with the name of the mistake,
its hint. Two messages with the same hint in one task are the same mistake, whatever the numbers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from coursekit.grading._worker import Record
from coursekit.grading.assignment import Assignment
from coursekit.grading.reports import titles

EXAMPLE = 300  # characters of an example
HINT = 4  # characters that a text in a test must have to be taken for a hint
NOT_TRIED = "NotImplementedError"
_EXPECTED = re.compile(r"^(?P<what>.*?): expected .*?, got ", re.DOTALL)
_WORDS = re.compile(r": [A-Za-z][^:]* [^:]*[^:\]})]$")  # a hint at the end, which no value looks like
_ERROR = re.compile(r"\b([A-Z]\w*(?:Error|Exception|Interrupt|Exit|Warning)): ")
_VALUES = (
    (re.compile(r"'[^'\n]*'|\"[^\"\n]*\""), "'...'"),
    (re.compile(r"\([\d\s,.-]*\)|\[[\d\s,.:-]*\]"), "(...)"),
    (re.compile(r"(?<![A-Za-z_])-?\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?"), "#"),
)


@dataclass(frozen=True)
class Mistake:
    """A mistake that several students may have made.

    Attributes:
        name: the hint of the messages, or the message without its values.
        title: of the check, for a person who has never seen its code.
        students: who made it.
        example: one of the messages.
    """

    name: str
    title: str
    students: set[str] = field(default_factory=set)
    example: str = ""


def common(records: Iterable[Record], assignment: Assignment) -> list[Mistake]:
    """The mistakes of a class, the most common first. Tasks that nobody has tried are no mistake."""
    names, hints = titles.of_tests(assignment), _hints(assignment)
    found: dict[tuple[str, str], Mistake] = {}
    for record in records:
        for grade_id, message in _messages(record):
            title = names.get(grade_id, grade_id)
            task = re.sub(r" \([^()]*\)$", "", title)
            name = name_of(message, hints.get(grade_id, ()))
            mistake = found.setdefault((task, name), Mistake(name, title, set(), message[:EXAMPLE]))
            mistake.students.add(record.student)
    return sorted(found.values(), key=lambda mistake: (-len(mistake.students), mistake.name))


def name_of(message: str, hints: Iterable[str] = ()) -> str:
    """The name of the mistake that a message is about.

    Args:
        message: of a check.
        hints: texts that stand in the check and may be the hint. They are looked for first, because a hint
            may itself have a colon.
    """
    message = message.strip()
    known = max((hint for hint in hints if message.endswith(f": {hint}")), key=len, default="")
    if known:
        return known
    expected = _EXPECTED.match(message)
    if expected:
        rest = message[expected.end() :]
        hint = rest.rpartition(": ")[2] if _WORDS.search(rest) else ""
        if "the values differ, most at" in rest:
            hint = "the values differ"
        return without_values(hint) if hint else f"{without_values(expected['what'])}: another value"
    error = _ERROR.search(message)
    return without_values(message[error.start() :] if error else message)


def without_values(text: str) -> str:
    """A text with a sign in place of numbers, shapes and quoted texts, and without its line number."""
    text = re.sub(r" \(line \d+[^()]*\)", "", text.split("\n")[0])
    for pattern, sign in _VALUES:
        text = pattern.sub(sign, text)
    return text.strip()[:EXAMPLE]


def _messages(record: Record) -> Iterator[tuple[str, str]]:
    """The messages on a submission: of each part, or of the test where it has none."""
    for mark in record.marks:
        parts = [part.message for part in mark.parts if part.message]
        for message in parts or [mark.message]:
            if message and NOT_TRIED not in message and message != record.reason:
                yield mark.grade_id, message


def _hints(assignment: Assignment) -> Mapping[str, tuple[str, ...]]:
    """The texts in the tests of each cell, of which some are hints."""
    return {
        test.grade_id: tuple(
            node.value.strip()
            for text in (test.inputs, test.answers, test.judge)
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) >= HINT
        )
        for test in assignment.tests
    }
