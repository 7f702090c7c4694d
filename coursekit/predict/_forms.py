"""The page of a question: its text, a form, and a folded answer that also works without scripts."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from typing import Any

from coursekit._shared._frame import framed
from coursekit.predict._questions import ChoiceQuestion, Question, ShapeQuestion
from coursekit.puzzles import Puzzle

# Where no form is shown: on GitHub, in a notebook that is not trusted, and where frames are removed.
_ADVICE = (
    "Run this cell to answer in a form. "
    "If no form appears, write your answer down before you open the answer."
)


@dataclass(frozen=True)
class Prediction:
    """What a notebook cell that ends in `ask`, `reveal`, `answers` or `shapes` shows.

    Attributes:
        text: the same as plain text, for readers without HTML.
        html: the page.
    """

    text: str
    html: str = field(repr=False)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def question(asked: Question) -> Prediction:
    """A question with its form.

    Where scripts run, the answer below the form appears after the first try. Where they are removed, the
    reader sees the question, the options, what to do instead, and the folded answer.
    """
    options = list(asked.options) if isinstance(asked, ChoiceQuestion) else []
    listed = "".join(f"<li>{escape(option)}</li>" for option in options)
    code = f"<pre>{escape(asked.code)}</pre>" if isinstance(asked, ShapeQuestion) and asked.code else ""
    still = f'{f"<ul>{listed}</ul>" if listed else ""}{code}<p class="ck-advice"><em>{_ADVICE}</em></p>'
    answer = folded("Show the answer", reasons(asked.shown, asked.why, asked.mistakes))
    plain = "\n".join([f"{asked.label}: {asked.text}", *(f"- {option}" for option in options)])
    return _prediction(f"{asked.label}.", asked.text, plain, [asked.form()], still, answer)


def shapes(puzzles: Sequence[Puzzle]) -> Prediction:
    """A deck of puzzles, one after the other, with a score: guess the shape, then reveal it.

    Args:
        puzzles: such as `puzzles.layout_puzzles()`.

    Raises:
        ValueError: no puzzle.
    """
    if not puzzles:
        raise ValueError("puzzles must hold at least one puzzle, got none")
    prompt = "What is the shape of the last line?"
    deck = [
        ShapeQuestion(text=prompt, answer=p.answer, why=p.because, because=p.wrong, code=p.code)
        for p in puzzles
    ]
    answers = "".join(
        f"<details><summary>{count}. <code>{escape(card.code.strip().splitlines()[-1])}</code></summary>"
        f"<pre>{escape(card.code)}</pre>{reasons(card.shown, card.why, card.mistakes)}</details>"
        for count, card in enumerate(deck, start=1)
    )
    summary = "All puzzles with their answers"
    answer = f'<details class="ck-answers"><summary>{summary}</summary>{answers}</details>'
    text = f"Guess the shape, then reveal: {len(puzzles)} puzzles."
    still = f'<p class="ck-advice"><em>{_ADVICE}</em></p>'
    return _prediction("Predict.", text, text, [card.form() for card in deck], still, answer)


def _prediction(
    label: str, text: str, plain: str, forms: list[dict[str, Any]], still: str, answer: str
) -> Prediction:
    """The question, its form, and the folded answer below it."""
    # Base64: who reads the file or the page's source does not read the answer by accident.
    questions = base64.b64encode(json.dumps(forms, ensure_ascii=False).encode()).decode()
    page = resources.files("coursekit.predict").joinpath("form.html").read_text(encoding="utf-8")
    html = framed(
        page,
        questions,
        title=f"Question: {text}",
        before=f"<p><strong>{label}</strong> {escape(text)}</p>",
        still=still,
        after=answer,
        kind="ck-question",
    )
    return Prediction(plain, html)


def folded(summary: str, content: str) -> str:
    """HTML that is closed until the reader opens it; left out on paper, where `answers` stands at the end."""
    return f'<details class="ck-answer"><summary>{escape(summary)}</summary>{content}</details>'


def reasons(shown: str, why: str, mistakes: Mapping[str, str]) -> str:
    """The answer with its reason, and the common wrong answers with theirs, as HTML."""
    listed = "".join(f"<li>{escape(wrong)}: {escape(reason)}</li>" for wrong, reason in mistakes.items())
    answer = f"<p><strong>{escape(shown)}</strong>. {escape(why)}</p>"
    return answer + (f"<p>Common mistakes:</p><ul>{listed}</ul>" if listed else "")
