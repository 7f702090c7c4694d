"""The bank of questions: one file for each notebook, `lesson_01.py` to `lesson_07.py`.

Each file holds `QUESTIONS`: {name: question}, in the order of the notebook. A name is short, in lower case,
with hyphens, and no other question of the course has it. To change a question, edit it there, record the
notebook, and run `pytest tests/coursekit/predict tests/notebooks/test_questions.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from coursekit.predict._questions import Question
from coursekit.predict.bank import (
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
)

LESSONS: Mapping[int, Mapping[str, Question]] = {
    number: module.QUESTIONS
    for number, module in enumerate(
        (lesson_01, lesson_02, lesson_03, lesson_04, lesson_05, lesson_06, lesson_07), start=1
    )
}


def lesson(number: int) -> Mapping[str, Question]:
    """The questions of a notebook by name, in order.

    Raises:
        ValueError: no notebook has that number.
    """
    if number not in LESSONS:
        raise ValueError(f"no notebook has the number {number!r}; the notebooks are {list(LESSONS)}")
    return LESSONS[number]


def question(name: str) -> Question:
    """The question of that name.

    Raises:
        ValueError: there is none; the message has similar names.
    """
    for questions in LESSONS.values():
        if name in questions:
            return questions[name]
    names = [name for questions in LESSONS.values() for name in questions]
    similar = get_close_matches(str(name), names)
    advice = f"did you mean {' or '.join(similar)}?" if similar else f"the names are {', '.join(names)}"
    raise ValueError(f"no question has the name {name!r}: {advice}")
