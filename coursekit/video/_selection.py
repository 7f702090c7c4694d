"""Which frames of a video are wanted: a part of it, every n-th frame, a target frame rate, or chosen ones."""

from __future__ import annotations

import hashlib
import math
import operator
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from numbers import Real
from typing import Protocol, TypedDict, TypeVar

from coursekit._shared._rate import frame_rate

LARGEST_PICTURE = (2**31 - 1) // 8  # pixels, with 128 more on each side; FFmpeg makes none from this size on
LONGEST_DESCRIPTION = 1000  # characters of a list of frame numbers; an attribute of HDF5 holds 64 KB in all


class Timed(Protocol):
    """Something with a place in a video: its frame number, and from when to when it is shown, in seconds."""

    @property
    def number(self) -> int: ...

    @property
    def time(self) -> Fraction: ...

    @property
    def end(self) -> Fraction: ...


Item = TypeVar("Item", bound=Timed)


class SelectionOptions(TypedDict, total=False):
    """The fields of `Selection` as keywords, such as `video.read(path, every=5)`."""

    frames: tuple[int, int] | None
    seconds: tuple[float, float] | None
    every: int
    fps: float | Fraction | None
    size: tuple[int, int] | None
    indices: Iterable[int] | None


@dataclass(frozen=True)
class Selection:
    """Which frames of a video to take, and at which size. Without arguments: all of them, as they are.

    Args:
        frames: (first, stop): only frames first, ..., stop - 1, with 0 <= first < stop.
        seconds: (start, stop): only frames with start <= time < stop, in seconds.
        every: only every n-th frame of that part (>= 1).
        fps: this many frames per second instead: at each tick of 1 / fps seconds, the frame that is then
            on the screen. The last frame stays there as long as the file says.
        size: (H, W) in pixels to resize each frame to (bicubic).
        indices: the numbers (>= 0) of the frames to take, in the order to give them, such as [7, 2000, 31]; a
            number may stand there several times. Kept as a tuple. A list, a range, an array or a tensor of
            one dimension will do. Each rising run of numbers is decoded on one way through the file, so
            a sorted list takes the least time.

    `frames` and `seconds` exclude each other, and so do `every` and `fps`. `indices` excludes all four.

    Raises:
        ValueError: a value is out of range, or two exclude each other; the message names the argument.
        TypeError: `fps` is not a number, or `indices` are not whole numbers.

    >>> Selection(seconds=(2, 4), fps=5).described()
    {'seconds': '(2, 4)', 'fps': '5'}
    >>> Selection(indices=range(3)).indices
    (0, 1, 2)
    """

    frames: tuple[int, int] | None = None
    seconds: tuple[float, float] | None = None
    every: int = 1
    fps: float | Fraction | None = None
    size: tuple[int, int] | None = None
    indices: Iterable[int] | None = None

    def __post_init__(self) -> None:
        """Check every argument by itself, then those that exclude each other."""
        if self.indices is not None:
            object.__setattr__(self, "indices", _whole_numbers(self.indices))
        if self.frames is not None:
            _check_pair("frames", self.frames, "(first, stop), two frame numbers with 0 <= first < stop", int)
        if self.seconds is not None:
            _check_pair("seconds", self.seconds, "(start, stop), in seconds with start < stop", Real)
        if self.frames is not None and self.frames[0] < 0:
            raise ValueError(f"frames={self.frames} begins before frame 0: count from the beginning")
        if not isinstance(self.every, int) or self.every < 1:
            raise ValueError(f"every={self.every!r} must be a whole number of frames, 1 or more")
        if self.fps is not None:
            frame_rate(self.fps)
        if self.size is not None:
            _check_size(self.size)
        if self.frames is not None and self.seconds is not None:
            raise ValueError("frames and seconds both choose the part to read: give one of them")
        if self.fps is not None and self.every != 1:
            raise ValueError("fps and every both leave frames out: give one of them")
        others = replace(self, indices=None).described() if self.indices is not None else {}
        for name, value in others.items():
            raise ValueError(f"indices name each frame: leave out {name}={value}")

    @classmethod
    def of(cls, selection: Selection | None, options: SelectionOptions) -> Selection:
        """The selection that a caller gave: as an object, or as keywords, or neither (all frames).

        Raises:
            ValueError: both were given, or a keyword has a value out of range.
            TypeError: a keyword is not a field of `Selection`, or `selection` is something else.
        """
        unknown = [name for name in options if name not in SelectionOptions.__annotations__]
        if unknown:
            names = ", ".join(SelectionOptions.__annotations__)
            raise TypeError(f"got an unexpected keyword argument {unknown[0]!r}; a selection has {names}")
        if selection is None:
            return cls(**options)
        if not isinstance(selection, Selection):
            raise TypeError(
                f"selection must be a video.Selection, got {selection!r}: "
                "write Selection(frames=(0, 50)), or the keyword frames=(0, 50)"
            )
        if options:
            given = ", ".join(f"{name}={value!r}" for name, value in options.items())
            raise ValueError(f"got {selection} and {given}: give a Selection or keywords, not both")
        return selection

    def described(self) -> dict[str, str]:
        """Which frames are taken, as a feature file says it: {} for all of them. `size` is left out."""
        fps = None if self.fps is None else frame_rate(self.fps)
        every = None if self.every == 1 else self.every
        fields = {"frames": self.frames, "seconds": self.seconds, "every": every, "fps": fps}
        if self.numbers:
            return {"indices": _described(self.numbers)}
        return {name: str(value) for name, value in fields.items() if value is not None}

    @property
    def is_everything(self) -> bool:
        """Are all frames taken?"""
        return self == Selection(size=self.size)

    @property
    def numbers(self) -> tuple[int, ...]:
        """`indices`, or () if frames are chosen in another way."""
        return tuple(self.indices or ())

    def runs(self) -> Iterator[Selection]:
        """This selection in parts, one after the other, whose frames come in the order of display each."""
        numbers = self.numbers
        falls = [place for place, (one, other) in enumerate(pairwise(numbers), 1) if other < one]
        if not falls:
            yield self
            return
        for start, stop in pairwise([0, *falls, len(numbers)]):
            yield replace(self, indices=numbers[start:stop])

    def choose(self, items: Iterable[Item]) -> Iterator[Item]:
        """The wanted ones of `items`, which come in the order of display; stops as soon as it can.

        With `indices`, these must rise, see `runs`.
        """
        if self.indices is not None:
            return _at_numbers(items, self.numbers)
        part = self._part(items)
        if self.fps is not None:
            return _at_ticks(part, frame_rate(self.fps), self.seconds[1] if self.seconds else math.inf)
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


def _at_ticks(items: Iterator[Item], fps: Fraction, stop: float) -> Iterator[Item]:
    """The item that is on the screen at each tick, 1 / fps apart, from the time of the first to `stop`."""
    tick = None
    for item in items:
        tick = item.time if tick is None else tick
        while tick < item.end and float(tick) < stop:
            yield item
            tick += 1 / fps


def _at_numbers(items: Iterable[Item], numbers: tuple[int, ...]) -> Iterator[Item]:
    """For each of the rising `numbers` the item that has it; a number that no item has is passed over."""
    waiting = deque(numbers)
    for item in items:
        while waiting and waiting[0] <= item.number:
            if waiting.popleft() == item.number:
                yield item
        if not waiting:
            return


def _whole_numbers(indices: Iterable[int]) -> tuple[int, ...]:
    """The numbers of frames as a tuple of Python's int.

    Raises:
        TypeError: they are something else than whole numbers.
        ValueError: there is none, or one is below 0.
    """
    expected = "must be the numbers of the frames to take, such as [7, 2000, 31]"
    try:
        given = list(indices)
        is_mask = any(str(getattr(item, "dtype", type(item).__name__)).endswith("bool") for item in given)
        numbers = () if is_mask else tuple(operator.index(item) for item in given)
    except TypeError as error:
        raise TypeError(f"indices={indices!r} {expected}") from error
    if is_mask:
        raise TypeError(f"indices={indices!r} {expected}, not a mask: write mask.nonzero()")
    if not numbers:
        raise ValueError(f"indices={indices!r} name no frame; they {expected}")
    if min(numbers) < 0:
        raise ValueError(f"indices hold {min(numbers)}, before frame 0: count from the beginning")
    return numbers


def _described(numbers: tuple[int, ...]) -> str:
    """All numbers if there are few of them, else how many and a checksum of all."""
    text = str(numbers)
    if len(text) <= LONGEST_DESCRIPTION:
        return text
    return f"{len(numbers)} numbers, SHA-256 {hashlib.sha256(text.encode()).hexdigest()}"


def _check_pair(name: str, pair: object, expected: str, kind: type) -> None:
    good = (
        isinstance(pair, tuple | list)
        and len(pair) == 2
        and all(isinstance(end, kind) and not isinstance(end, bool) for end in pair)
        and pair[0] < pair[1]
    )
    if not good:
        raise ValueError(f"{name}={pair!r} must be {expected}")


def _check_size(size: tuple[int, int]) -> None:
    good = (
        isinstance(size, tuple | list)
        and len(size) == 2
        and all(isinstance(length, int) and not isinstance(length, bool) and length > 0 for length in size)
    )
    if not good:
        raise ValueError(f"size={size!r} must be (height, width) in pixels, two whole numbers above 0")
    height, width = size
    if (height + 128) * (width + 128) >= LARGEST_PICTURE:
        raise ValueError(
            f"size={size!r} is too large for FFmpeg: (height + 128) * (width + 128) must be below "
            f"{LARGEST_PICTURE:,} pixels, such as 16000 * 16000"
        )
