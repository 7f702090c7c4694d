"""Which frames of a video are wanted: a part of it, every n-th frame, a target frame rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Protocol, TypeVar


class Timed(Protocol):
    """Something with a place in a video: its frame number and its time in seconds."""

    @property
    def number(self) -> int: ...

    @property
    def time(self) -> Fraction: ...


Item = TypeVar("Item", bound=Timed)


@dataclass(frozen=True)
class Selection:
    """The part of a video that is wanted, checked when it is made.

    Args:
        frames: (first, stop), frame numbers with 0 <= first < stop; None for all.
        seconds: (start, stop), seconds with start < stop; None for all.
        every: take every n-th frame of the part (>= 1).
        fps: target rate in frames per second: at each tick the frame that is then on the screen.
        size: (H, W) in pixels to resize to; None keeps the size.

    Raises:
        ValueError: a value out of range, or two that exclude each other; names the argument.
    """

    frames: tuple[int, int] | None = None
    seconds: tuple[float, float] | None = None
    every: int = 1
    fps: float | Fraction | None = None
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Check every argument by itself, then those that exclude each other."""
        if self.frames is not None:
            _check_pair("frames", self.frames, "(first, stop), two frame numbers with 0 <= first < stop", int)
        if self.seconds is not None:
            _check_pair("seconds", self.seconds, "(start, stop), in seconds with start < stop", Real)
        if self.frames is not None and self.frames[0] < 0:
            raise ValueError(f"frames={self.frames} begins before frame 0: count from the beginning")
        if not isinstance(self.every, int) or self.every < 1:
            raise ValueError(f"every={self.every!r} must be a whole number of frames, 1 or more")
        if self.fps is not None and not (isinstance(self.fps, Real) and 0 < self.fps < math.inf):
            raise ValueError(f"fps={self.fps!r} must be a number of frames per second above 0")
        if self.size is not None:
            _check_size(self.size)
        if self.frames is not None and self.seconds is not None:
            raise ValueError("frames and seconds both choose the part to read: give one of them")
        if self.fps is not None and self.every != 1:
            raise ValueError("fps and every both thin the frames out: give one of them")

    def choose(self, items: Iterable[Item]) -> Iterator[Item]:
        """The wanted ones of `items`, which come in the order of display; stops as soon as it can."""
        part = self._part(items)
        if self.fps is not None:
            return _at_ticks(part, exact_rate(self.fps))
        return (item for position, item in enumerate(part) if position % self.every == 0)

    def _part(self, items: Iterable[Item]) -> Iterator[Item]:
        for item in items:
            if self.frames and item.number >= self.frames[1]:
                return
            if self.seconds and float(item.time) >= self.seconds[1]:
                return
            early = (self.frames and item.number < self.frames[0]) or (
                self.seconds and float(item.time) < self.seconds[0]
            )
            if not early:
                yield item


def exact_rate(fps: float | Fraction) -> Fraction:
    """The fraction that a rate such as 29.97 or 30000 / 1001 stands for, in frames per second."""
    return Fraction(fps).limit_denominator(100_000)


def _at_ticks(items: Iterator[Item], fps: Fraction) -> Iterator[Item]:
    """The item that is on the screen at each tick, 1 / fps apart, from the time of the first one."""
    shown = next(items, None)
    if shown is None:
        return
    tick = shown.time
    for item in items:
        while tick < item.time:
            yield shown
            tick += 1 / fps
        shown = item
    if tick <= shown.time:
        yield shown


def _check_pair(name: str, pair: object, expected: str, kind: type) -> None:
    good = (
        isinstance(pair, tuple | list)
        and len(pair) == 2
        and all(isinstance(end, kind) and not isinstance(end, bool) for end in pair)
        and pair[0] < pair[1]
    )
    if not good:
        raise ValueError(f"{name}={pair!r} must be {expected}")


def _check_size(size: object) -> None:
    good = (
        isinstance(size, tuple | list)
        and len(size) == 2
        and all(isinstance(length, int) and length > 0 for length in size)
    )
    if not good:
        raise ValueError(f"size={size!r} must be (height, width) in pixels, two whole numbers above 0")
