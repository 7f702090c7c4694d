"""Cutting a stream of frames into the windows that a video network sees, without holding the stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Windows:
    """How a network looks along time.

    Attributes:
        length: frames that the network sees at once.
        step: frames from one window to the next.
        margin: frames at each end of a window that are only looked at, for context.
        dense: the network gives one row for each frame between the margins (`step` of them); otherwise one
            row for the whole window.
        stride: frames from one that the network sees to the next: a window is `length * stride` long. A
            paper's "16 x 4" is length 16, stride 4, for films of 25 or 30 frames per second. Choose `fps`
            for films of another rate.
    """

    length: int
    step: int
    margin: int = 0
    dense: bool = False
    stride: int = 1

    def __post_init__(self) -> None:
        for name, least in (("length", 1), ("step", 1), ("margin", 0)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise ValueError(f"{name}={value!r} must be a whole number, {least} or more")
        if self.stride < 1 or (self.dense and self.stride > 1):
            raise ValueError(f"stride={self.stride} must be 1 or more, and 1 where each frame has its row")

    @property
    def span(self) -> int:
        """Frames from the beginning of a window to its end, with those that the network does not see."""
        return self.length * self.stride

    def cut(self, frames: Iterable[Item]) -> Iterator[tuple[list[Item], list[Item]]]:
        """Yield (the frames of a window, the frames that its rows stand for).

        What a window needs before the first frame or after the last one is that frame repeated. A row that
        stands for a whole window stands for its first frame.
        """
        held: list[Item] = []
        between = 0  # frames that come before the next window, where `step` is longer than a window
        seen = self.margin  # how many of `held` an earlier window has had, or only repeat the first frame
        for frame in frames:
            if between:
                between -= 1
                continue
            held = [*(held or [frame] * self.margin), frame]
            if len(held) == self.span:
                yield held[:: self.stride], self._rows(held)
                held = held[self.step :]
                between = max(0, self.step - self.span)
                seen = self.margin if self.dense else len(held)
        while len(held) > seen:
            padded = (held + [held[-1]] * self.span)[: self.span]
            yield padded[:: self.stride], self._rows(held)
            held = held[self.step :] if self.dense else []  # one window for the rest saw all of it

    def _rows(self, held: list[Item]) -> list[Item]:
        return held[self.margin : self.margin + self.step] if self.dense else held[:1]
