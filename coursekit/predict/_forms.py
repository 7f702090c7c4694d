"""The forms: a question, an input, and an answer with its reason."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from typing import Any

from coursekit._shared._text import number as for_people
from coursekit.puzzles import Puzzle

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Prediction:
    """A question. A notebook cell that ends in one shows it.

    Attributes:
        question: the question as plain text.
        html: the question, its form, and the answer in a `<details>`.
    """

    question: str
    html: str = field(repr=False)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.question}


def number(
    question: str,
    *,
    answer: float,
    unit: str = "",
    because: Mapping[float, str] | None = None,
    tolerance: float = 0.01,
) -> Prediction:
    """Asks for a number.

    Args:
        question: what to predict.
        answer: the right number.
        unit: its unit, such as "ms"; shown behind the input.
        because: {wrong number: why it is wrong}; any other number gets a hint from its ratio to the answer.
        tolerance: largest error that counts as right, as a fraction of the answer.

    Raises:
        ValueError: an answer that is not finite, a tolerance outside 0 to 1, or a wrong number within the
            tolerance.
    """
    if not math.isfinite(answer):
        raise ValueError(f"answer must be a finite number, got {answer}")
    if not 0 <= tolerance < 1:
        raise ValueError(f"tolerance must be a fraction from 0 to below 1, got {tolerance}")
    reasons = dict(because or {})
    for wrong in reasons:
        if abs(wrong - answer) <= tolerance * abs(answer):
            raise ValueError(
                f"because[{wrong}] is within the tolerance of the answer {answer}, so it counts as right; "
                "leave it out, or use a smaller tolerance"
            )
    shown = f"{for_people(answer)} {unit}".strip()
    form = {
        "kind": "number",
        "answer": _stable(answer),
        "tolerance": tolerance,
        "unit": unit,
        "shown": shown,
        "because": [[_stable(wrong), reason] for wrong, reason in reasons.items()],
    }
    slips = {f"{for_people(wrong)} {unit}".strip(): reason for wrong, reason in reasons.items()}
    return _prediction(question, form, _reveal(shown, "", slips), height=104)


def shape(question: str, *, answer: Sequence[int], because: Mapping[Shape, str] | None = None) -> Prediction:
    """Asks for the shape of a tensor, typed such as `3, 16, 91, 161`.

    Args:
        question: what to predict.
        answer: the right shape.
        because: {wrong shape: why it is wrong}; for any other shape, the form says whether the number of
            axes, one axis or only the order is wrong.

    Raises:
        ValueError: a wrong shape that equals the answer, or a length below 0.
    """
    form = _shape_form(question, answer, because or {}, code="", reason="")
    slips = {_written(wrong): reason for wrong, reason in (because or {}).items()}
    return _prediction(question, form, _reveal(_written(answer), "", slips), height=104)


def choice(question: str, options: Mapping[str, str], *, answer: str) -> Prediction:
    """Asks to choose one of several answers.

    Args:
        question: what to predict.
        options: {"text": why it is right or wrong}, in the order shown; at least two.
        answer: the text of the right one.

    Raises:
        ValueError: fewer than two options, or an answer that is not among them.
    """
    if len(options) < 2:
        raise ValueError(f"options must be at least two, got {len(options)}")
    if answer not in options:
        raise ValueError(f"answer must be one of the options {list(options)}, got {answer!r}")
    form = {
        "kind": "choice",
        "options": [[text, reason] for text, reason in options.items()],
        "answer": list(options).index(answer),
    }
    slips = {text: reason for text, reason in options.items() if text != answer}
    return _prediction(question, form, _reveal(answer, options[answer], slips), height=90 + 34 * len(options))


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
    forms = [_shape_form(prompt, p.answer, p.wrong, code=p.code, reason=p.because) for p in puzzles]
    answers = "".join(
        f"<details><summary>{count}. <code>{escape(_last_line(p.code))}</code></summary>"
        f"<pre>{escape(p.code)}</pre>"
        f"{_answer(_written(p.answer), p.because, {_written(s): r for s, r in p.wrong.items()})}</details>"
        for count, p in enumerate(puzzles, start=1)
    )
    question = f"Guess the shape, then reveal: {len(puzzles)} puzzles."
    static = f"<details><summary>All puzzles with their answers</summary>{answers}</details>"
    return _prediction(question, forms, static, height=330)


def _shape_form(
    prompt: str, answer: Sequence[int], because: Mapping[Shape, str], code: str, reason: str
) -> dict[str, Any]:
    for lengths in (answer, *because):
        if any(length < 0 for length in lengths):
            raise ValueError(f"a shape has lengths of 0 or more, got {_written(lengths)}")
    if tuple(answer) in because:
        raise ValueError(f"because[{tuple(answer)}] is the answer itself, so it is not wrong; leave it out")
    return {
        "kind": "shape",
        "prompt": prompt,
        "code": code,
        "answer": list(answer),
        "shown": _written(answer),
        "why": reason,
        "because": [[list(wrong), slip] for wrong, slip in because.items()],
    }


def _prediction(
    question: str, form: dict[str, Any] | list[dict[str, Any]], static: str, height: int
) -> Prediction:
    """The question, the form in its frame, and below it the answer, which works without scripts."""
    forms = form if isinstance(form, list) else [form]
    # Inside a <script>, "<" is the only character that could end it.
    questions = json.dumps(forms, ensure_ascii=False).replace("<", "\\u003c")
    page = resources.files("coursekit.predict").joinpath("form.html").read_text(encoding="utf-8")
    frame = (
        f'<iframe title="Prediction: {escape(question)}" style="width:100%;height:{height}px;border:0" '
        f'srcdoc="{escape(page.replace("QUESTIONS", questions))}"></iframe>'
    )
    html = f"<div><p><strong>Predict.</strong> {escape(question)}</p>{frame}{static}</div>"
    return Prediction(question, html)


def _reveal(shown: str, reason: str, slips: Mapping[str, str]) -> str:
    return f"<details><summary>Show the answer</summary>{_answer(shown, reason, slips)}</details>"


def _answer(shown: str, reason: str, slips: Mapping[str, str]) -> str:
    """The answer with its reason, and the common wrong answers with theirs, as HTML."""
    listed = "".join(f"<li>{escape(wrong)}: {escape(slip)}</li>" for wrong, slip in slips.items())
    answer = f"<p><strong>{escape(shown)}</strong>{'. ' if reason else ''}{escape(reason)}</p>"
    return answer + (f"<p>Not:</p><ul>{listed}</ul>" if listed else "")


def _stable(value: float) -> float:
    """The value with six digits: the last digits of a float may differ between machines."""
    return int(value) if float(value).is_integer() else float(f"{value:.6g}")


def _written(lengths: Sequence[int]) -> str:
    return str(tuple(lengths))


def _last_line(code: str) -> str:
    return code.strip().splitlines()[-1]
