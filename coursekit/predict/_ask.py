"""Ask a question of the bank, reveal its answer beside what was measured, list all answers for paper."""

from __future__ import annotations

from html import escape
from typing import Any

from coursekit.predict import bank
from coursekit.predict._forms import Prediction, folded, question, reasons

# On paper a folded answer is of no use: it is left out, and all answers are printed.
_PRINT = (
    "<style>@media print { details.ck-answer, .ck-advice { display: none; } "
    "details.ck-answers::details-content, details.ck-answers details::details-content "
    "{ content-visibility: visible; block-size: auto; opacity: 1; } }"
    "</style>"
)


def ask(name: str) -> Prediction:
    """The question of that name, with a form to answer it.

    Args:
        name: such as "frame-shape"; the questions of notebook 01 are in `predict/bank/lesson_01.py`.

    Returns:
        What the cell shows: the question, the form, and the folded answer.

    Raises:
        ValueError: no question has that name; the message has similar names.
    """
    return question(bank.question(name))


def reveal(name: str, measured: Any) -> Prediction:
    """The answer to a question, folded, after the experiment that gave it.

    Args:
        name: the question's name.
        measured: what the experiment gave: a number, a shape, or the text of an option. A number stands for
            the option of a question that says which numbers do (`between`).

    Returns:
        What the cell shows: folded, the measured value, the reason for it, and the common mistakes.

    Raises:
        ValueError: no question has that name, or the measured value is not the stored answer.
    """
    asked = bank.question(name)
    try:
        agrees = asked.agrees(measured)
    except (TypeError, ValueError):
        agrees = False
    if not agrees:
        raise ValueError(
            f"{name}: the experiment gave {measured!r}, and the stored answer is {asked.shown}. If you "
            "changed a cell above, run the original cell again; if not, correct coursekit/predict/bank"
        )
    content = reasons(f"Measured: {asked.shown}", asked.why, asked.mistakes)
    html = f'<div class="ck-question">{folded("Compare with your prediction", content)}</div>'
    return Prediction("The answer stands at the end of the notebook.", html)


def answers(lesson: int) -> Prediction:
    """All answers of a notebook, folded on a screen, and open on paper.

    Args:
        lesson: the notebook's number, such as 1.

    Raises:
        ValueError: no notebook has that number.
    """
    asked = bank.lesson(lesson).values()
    items = "".join(
        f"<li><p>{escape(each.text)}</p>{reasons(each.shown, each.why, each.mistakes)}</li>" for each in asked
    )
    summary = f"The answers to all {len(asked)} questions of this notebook"
    html = f'{_PRINT}<details class="ck-answers"><summary>{summary}</summary><ol>{items}</ol></details>'
    lines = [f"{place}. {each.text} {each.shown}. {each.why}" for place, each in enumerate(asked, start=1)]
    return Prediction("\n".join([f"{summary}:", *lines]), f"<div>{html}</div>")
