"""What a question is made of: its text, its answer with the reason, and common mistakes with theirs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coursekit._shared._text import number as for_people

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class NumberQuestion:
    """Asks for a number.

    Attributes:
        text: what to predict; it names the unit.
        answer: the right number.
        why: how to get to it; shown after a right answer and in the reveal.
        unit: its unit, such as "ms"; shown behind the input, and what other units are converted to.
        because: {wrong number: why it is wrong}.
        tolerance: largest error that counts as right, as a fraction of the answer.
        drift: largest difference between the answer and the measured value of `reveal`, as a fraction.
        label: "Predict", "By hand", "Recall" or "Check yourself".

    Raises:
        ValueError: an answer that is not finite, a tolerance outside 0 to 1, or a wrong number within it.
    """

    text: str
    answer: float
    why: str
    unit: str = ""
    because: Mapping[float, str] = field(default_factory=dict)
    tolerance: float = 0.01
    drift: float = 0.005
    label: str = "Predict"

    def __post_init__(self) -> None:
        if not math.isfinite(self.answer):
            raise ValueError(f"answer must be a finite number, got {self.answer}")
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance must be a fraction from 0 to below 1, got {self.tolerance}")
        for wrong in self.because:
            if abs(wrong - self.answer) <= self.tolerance * abs(self.answer):
                raise ValueError(
                    f"because[{wrong}] is within the tolerance of the answer {self.answer}, so it counts as "
                    "right; leave it out, or use a smaller tolerance"
                )

    @property
    def shown(self) -> str:
        """The answer as the reader sees it."""
        return self.written(self.answer)

    def written(self, value: float) -> str:
        """A number with the unit of this question."""
        return f"{for_people(value)} {self.unit}".strip()

    @property
    def mistakes(self) -> dict[str, str]:
        """{a wrong answer as the reader sees it: why it is wrong}."""
        return {self.written(wrong): reason for wrong, reason in self.because.items()}

    def agrees(self, measured: Any) -> bool:
        """Whether a measured number is the answer."""
        return math.isclose(float(measured), self.answer, rel_tol=self.drift, abs_tol=1e-9)

    def form(self) -> dict[str, Any]:
        """What the form in the page needs to judge an answer."""
        return {
            "kind": "number",
            "answer": _stable(self.answer),
            "tolerance": self.tolerance,
            "unit": self.unit,
            "shown": self.shown,
            "why": self.why,
            "because": [[_stable(wrong), reason] for wrong, reason in self.because.items()],
        }


@dataclass(frozen=True, kw_only=True)
class ShapeQuestion:
    """Asks for the shape of a tensor, typed such as `3, 16, 91, 161`.

    Attributes:
        text: what to predict.
        answer: the right shape.
        why: how to get to it.
        because: {wrong shape: why it is wrong}.
        label: as in `NumberQuestion`.
        code: lines that the question is about, or "".

    Raises:
        ValueError: a wrong shape that equals the answer, or a length below 0.
    """

    text: str
    answer: Shape
    why: str
    because: Mapping[Shape, str] = field(default_factory=dict)
    label: str = "Predict"
    code: str = ""

    def __post_init__(self) -> None:
        for lengths in (self.answer, *self.because):
            if any(length < 0 for length in lengths):
                raise ValueError(f"a shape has lengths of 0 or more, got {lengths}")
        if tuple(self.answer) in self.because:
            raise ValueError(f"because[{self.answer}] is the answer itself, so it is not wrong; leave it out")

    @property
    def shown(self) -> str:
        """The answer as the reader sees it."""
        return str(tuple(self.answer))

    @property
    def mistakes(self) -> dict[str, str]:
        """{a wrong answer as the reader sees it: why it is wrong}."""
        return {str(tuple(wrong)): reason for wrong, reason in self.because.items()}

    def agrees(self, measured: Any) -> bool:
        """Whether a measured shape is the answer."""
        return tuple(measured) == tuple(self.answer)

    def form(self) -> dict[str, Any]:
        """What the form in the page needs to judge an answer."""
        return {
            "kind": "shape",
            "prompt": self.text,
            "code": self.code,
            "answer": list(self.answer),
            "shown": self.shown,
            "why": self.why,
            "because": [[list(wrong), reason] for wrong, reason in self.because.items()],
        }


@dataclass(frozen=True, kw_only=True)
class ChoiceQuestion:
    """Asks to choose one of several answers.

    Attributes:
        text: what to predict.
        options: {"text": why it is right or wrong}, in the order shown; at least two.
        answer: the text of the right one.
        between: where the experiment gives a number: those for which `answer` is right, without the two ends.
        label: as in `NumberQuestion`.

    Raises:
        ValueError: fewer than two options, an answer that is not among them, or no number between the two.
    """

    text: str
    options: Mapping[str, str]
    answer: str
    between: tuple[float, float] | None = None
    label: str = "Predict"

    def __post_init__(self) -> None:
        if len(self.options) < 2:
            raise ValueError(f"options must be at least two, got {len(self.options)}")
        if self.answer not in self.options:
            raise ValueError(f"answer must be one of the options {list(self.options)}, got {self.answer!r}")
        if self.between is not None and not self.between[0] < self.between[1]:
            raise ValueError(f"between must be two numbers, the smaller first, got {self.between}")

    @property
    def shown(self) -> str:
        """The answer as the reader sees it."""
        return self.answer

    @property
    def why(self) -> str:
        """The reason for the right option."""
        return self.options[self.answer]

    @property
    def mistakes(self) -> dict[str, str]:
        """{a wrong option: why it is wrong}."""
        return {text: reason for text, reason in self.options.items() if text != self.answer}

    def agrees(self, measured: Any) -> bool:
        """Whether what the experiment gave, an option or a number, is the answer."""
        if self.between is None or isinstance(measured, str):
            return bool(measured == self.answer)
        return self.between[0] < float(measured) < self.between[1]

    def form(self) -> dict[str, Any]:
        """What the form in the page needs to judge an answer."""
        return {
            "kind": "choice",
            "options": [[text, reason] for text, reason in self.options.items()],
            "answer": list(self.options).index(self.answer),
        }


Question = NumberQuestion | ShapeQuestion | ChoiceQuestion


def _stable(value: float) -> float:
    """The value with six digits: the last digits of a float may differ between machines."""
    return int(value) if float(value).is_integer() else float(f"{value:.6g}")
