"""Sliders above a picture: each position of a slider has its own.

    from coursekit import show, widgets

    widgets.explore(lambda t: show.frame(clip[t]), t=(0, 15))

One slider with at most 60 positions has all its pictures drawn beforehand (`Slider`). They are stored in the
output, so the slider also moves on the website, in a saved notebook, and without a kernel. With several
sliders, or more positions, a kernel draws each picture when it is asked for (`Explorer`, made of ipywidgets).
Without the kernel the reader then sees the picture at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from coursekit._shared._jupyter import is_recorded
from coursekit.show import Picture
from coursekit.widgets._range import Range, Values
from coursekit.widgets._slider import MOST, Slider

if TYPE_CHECKING:
    from coursekit.widgets._live import Explorer

__all__ = ["MOST", "Slider", "explore"]


def explore(
    draw: Callable[..., Picture], *, start: Mapping[str, Any] | None = None, **ranges: Values
) -> Slider | Explorer:
    """Sliders for the arguments of a function that draws.

    Args:
        draw: takes one value per name in `ranges` and returns a `Picture`.
        start: {name: value} at the start; any other name starts at its low end or first choice.
        ranges: name=(low, high) or name=(low, high, step) for a slider, of whole numbers if all are ints;
            name=[choice, choice, ...] for a slider over choices. A name's underscores are shown as spaces.

    Returns:
        A `Slider` (one range with at most `MOST` positions) or an `Explorer`; a notebook cell that ends in
        one shows it.

    Raises:
        TypeError, ValueError: an invalid range, a start outside its range or between two positions, or a
            `draw` that does not return a Picture.
        RuntimeError: while the course is recorded or tested (COURSEKIT_RECORDING=1 or COURSEKIT_CHECK=1),
            `draw` fails at a position of a `Slider`, or at an end or a choice of an `Explorer`; the message
            says which.
    """
    if not ranges:
        raise ValueError("explore needs at least one range, such as t=(0, 15), got none")
    unknown = sorted(set(start or {}) - set(ranges))
    if unknown:
        raise ValueError(f"start has {unknown[0]!r}, but the ranges are {', '.join(ranges)}")
    read = [Range.read(name, values, dict(start or {})) for name, values in ranges.items()]
    shown: Slider | Explorer
    if len(read) == 1 and read[0].count <= MOST:
        shown = Slider(draw, read[0])
    else:
        from coursekit.widgets._live import Explorer  # ipywidgets takes a moment, and most sliders need none

        shown = Explorer(draw, read)
    if is_recorded():
        shown.check()
    return shown
