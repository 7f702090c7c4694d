"""The values of one slider, and the picture for some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coursekit.show import Picture

Values = Sequence[Any]  # (low, high), (low, high, step), or a list of choices


@dataclass(frozen=True)
class Range:
    """The values of one slider.

    Attributes:
        name: of the argument that the slider moves.
        start: the value at the start.
        choices: a slider over choices: all of them; else empty.
        low, high, step: a slider over numbers.
        whole: whether these are whole numbers.
    """

    name: str
    start: Any
    choices: Sequence[Any] = ()
    low: float = 0
    high: float = 0
    step: float = 1
    whole: bool = True

    @classmethod
    def read(cls, name: str, values: Values, start: Mapping[str, Any]) -> Range:
        """The range that a caller of `explore` gave; a TypeError or ValueError says what is wrong with it."""
        if isinstance(values, list):
            if not values:
                raise ValueError(f"{name}: a slider needs at least one choice, got an empty list")
            first = start.get(name, values[0])
            if first not in values:
                raise ValueError(f"start[{name!r}] must be one of the choices {values}, got {first!r}")
            return cls(name, first, choices=tuple(values))
        low, high, step, whole = _numbers(name, values)
        first = start.get(name, low)
        if not low <= first <= high:
            raise ValueError(f"start[{name!r}] must lie in {low} to {high}, got {first}")
        steps = (first - low) / step
        if abs(steps - round(steps)) > 1e-6:
            raise ValueError(f"start[{name!r}] must be {low} plus a multiple of the step {step}, got {first}")
        return cls(name, first, low=low, high=high, step=step, whole=whole)

    @property
    def label(self) -> str:
        """The name as readers see it."""
        return self.name.replace("_", " ")

    @property
    def count(self) -> int:
        """How many positions the slider has."""
        return len(self.choices) or int((self.high - self.low) / self.step + 1e-6) + 1

    @property
    def positions(self) -> list[Any]:
        """The value at each position."""
        if self.choices:
            return list(self.choices)
        values = [self.low + n * self.step for n in range(self.count)]
        return values if self.whole else [round(value, 9) for value in values]  # 0.3, not 0.30000000000000004

    @property
    def index(self) -> int:
        """The position at the start, from 0."""
        return self.choices.index(self.start) if self.choices else round((self.start - self.low) / self.step)

    @property
    def ends(self) -> list[Any]:
        """Both ends, or all choices."""
        return list(self.choices) or [self.low, self.high]


def _numbers(name: str, given: Values) -> tuple[float, float, float, bool]:
    """(low, high, step, whether all are whole numbers) of a slider over numbers."""
    pair_or_triple = isinstance(given, tuple) and len(given) in (2, 3)
    if not pair_or_triple or not all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in given):
        raise TypeError(f"{name} must be (low, high), (low, high, step) or a list of choices, got {given!r}")
    low, high = given[:2]
    whole = all(isinstance(n, int) for n in given)
    step = given[2] if len(given) == 3 else (1 if whole else (high - low) / 100)
    if not low < high or not 0 < step <= high - low:
        raise ValueError(
            f"{name}: low must be below high, and step above 0 and at most high - low, got {given}"
        )
    return low, high, step, whole


def picture(draw: Callable[..., Picture], values: Mapping[str, Any]) -> Picture:
    """The picture for these values; a TypeError if `draw` returns something else."""
    drawn = draw(**values)
    if not isinstance(drawn, Picture):
        raise TypeError(f"draw must return a Picture, such as show.frame(...), got {type(drawn).__name__}")
    return drawn


def no_picture(values: Mapping[str, Any], error: Exception) -> str:
    """What the reader sees in place of a picture that could not be drawn."""
    assignments = ", ".join(f"{name} = {value}" for name, value in values.items())
    return f"No picture for {assignments}. {type(error).__name__}: {error}"
