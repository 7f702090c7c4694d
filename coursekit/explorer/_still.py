"""The still picture of the convolution explorer: input with kernel, output, the formula for each axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Polygon, Rectangle

from coursekit._shared._text import sentence
from coursekit.show._figure import FAINT, INK, PALETTE, WIDTH, Picture, figure, render

AXES = (("T", "time", "frame"), ("H", "height", "row"), ("W", "width", "column"))
INPUT, KERNEL, OUTPUT = PALETTE[0], PALETTE[1], "#00664B"
MOST_FRAMES = 16  # more than that, and time becomes the depth of a box

Triple = tuple[int, int, int]
Point = tuple[float, float]

_PALE = {name: to_rgb(pale) for name, pale in (("input", "#d6e8f5"), ("output", "#c9ebe0"))}
_PAD, _UNSEEN, _EMPTY = to_rgb("#eeeeee"), to_rgb("#ffffff"), to_rgb("#ffffff")
_GAP, _LABEL, _HEAD = 0.12, 0.24, 0.3  # inches between frames, below a frame, above a strip


@dataclass(frozen=True)
class Convolution:
    """One 3D convolution; every tuple is (time, height, width)."""

    size: Triple
    kernel: Triple
    stride: Triple
    padding: Triple
    dilation: Triple
    output: Triple
    in_channels: int
    out_channels: int
    bias: bool

    @property
    def padded(self) -> Triple:
        """The input's size with the padding at both ends."""
        t, h, w = (n + 2 * p for n, p in zip(self.size, self.padding, strict=True))
        return t, h, w

    @property
    def span(self) -> Triple:
        """From the first to the last tap of the kernel."""
        t, h, w = (d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))
        return t, h, w

    def first_tap(self, at: Triple) -> Triple:
        """Where the kernel begins for the output position `at`, in the padded input."""
        t, h, w = (o * s for o, s in zip(at, self.stride, strict=True))
        return t, h, w

    def visited(self, axis: int) -> np.ndarray:
        """Which samples of an axis of the input some tap lands on: bool (n,)."""
        n, k, s, p, d, o = (
            values[axis]
            for values in (self.size, self.kernel, self.stride, self.padding, self.dilation, self.output)
        )
        taps = (np.arange(o)[:, None] * s - p + np.arange(k) * d).ravel()  # (o * k,)
        seen = np.zeros(n, dtype=bool)
        seen[taps[(taps >= 0) & (taps < n)]] = True
        return seen

    def formula(self, axis: int) -> str:
        """The size formula with the numbers of one axis put in."""
        n, k, s, p, d, o = (
            values[axis]
            for values in (self.size, self.kernel, self.stride, self.padding, self.dilation, self.output)
        )
        room = n + 2 * p - d * (k - 1) - 1
        return f"⌊({n} + 2·{p} − {d}·({k} − 1) − 1) / {s}⌋ + 1 = ⌊{room} / {s}⌋ + 1 = {o}"

    def never_visited(self, axis: int) -> str | None:
        """In words, the samples at the end of an axis that no tap reaches."""
        seen, sample = self.visited(axis), AXES[axis][2]
        last = int(np.argmax(seen[::-1])) if seen.any() else len(seen)
        if last == 0:
            return None
        return (
            f"the last {sample} is never visited"
            if last == 1
            else f"the last {last} {sample}s are never visited"
        )


def draw(convolution: Convolution, at: Triple) -> Picture:
    """The picture for one output position (t, y, x)."""
    film = max(convolution.padded[0], convolution.output[0]) <= MOST_FRAMES
    plan = _Plan(convolution) if film else None
    high = plan.height if plan else 3.3
    formulas = 4 * 0.25 + 0.1
    with figure(WIDTH, high + formulas, arrange=False) as fig:
        axes = fig.add_axes((0, 0, 1, 1))  # the whole figure, measured in inches
        axes.set_axis_off()
        if plan:
            _film(axes, convolution, at, plan, high + formulas)
        else:
            _boxes(axes, convolution, at, high + formulas)
        _formulas(axes, convolution)
        axes.set(xlim=(0, WIDTH), ylim=(0, high + formulas), aspect="equal")
        return render(fig, _alt(convolution, at))


def _formulas(axes: Axes, convolution: Convolution) -> None:
    axes.text(0.05, 0.9, "o = ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1", color=FAINT, fontsize=10.5)
    for axis, (letter, _, _) in enumerate(AXES):
        note = convolution.never_visited(axis)
        y = 0.65 - 0.25 * axis
        axes.text(0.05, y, letter, fontweight="bold", fontsize=10.5)
        axes.text(0.3, y, convolution.formula(axis) + (f"   ({note})" if note else ""), fontsize=10.5)


def _alt(convolution: Convolution, at: Triple) -> str:
    what = (
        f"3D convolution of {convolution.in_channels} x {_by(convolution.size)} (time, height, width) with "
        f"{convolution.out_channels} kernels of {_by(convolution.kernel)}, stride {_by(convolution.stride)}, "
        f"padding {_by(convolution.padding)}, dilation {_by(convolution.dilation)}: output "
        f"{convolution.out_channels} x {_by(convolution.output)}"
    )
    sizes = [
        f"{name}: {convolution.formula(axis)}"
        + (f", {note}" if (note := convolution.never_visited(axis)) else "")
        for axis, (_, name, _) in enumerate(AXES)
    ]
    first = [tap - p for tap, p in zip(convolution.first_tap(at), convolution.padding, strict=True)]
    where = ", ".join(
        f"{sample}s {start} to {start + span - 1}"
        for (_, _, sample), start, span in zip(AXES, first, convolution.span, strict=True)
    )
    return sentence(what, *sizes, f"The kernel is drawn at {where}, where it gives output {at}")


def _by(lengths: Sequence[int]) -> str:
    return " x ".join(str(length) for length in lengths)


# ------------------------------------------------------------------------------------------ film strip


class _Plan:
    """Where the frames of both strips go: cells of one size, so that sizes can be compared by eye."""

    def __init__(self, convolution: Convolution) -> None:
        self.sides = (convolution.padded, convolution.output)
        self.cell = 0.24  # inches
        while (self.height > 5.2 or self._too_wide()) and self.cell > 0.0005:
            self.cell *= 0.96

    def _too_wide(self) -> bool:
        return any(columns * self.cell > WIDTH - 0.1 for _, _, columns in self.sides)

    def pack(self, side: int) -> tuple[int, float, float]:
        """(frames in a row, width and height of a frame with its surroundings in inches)."""
        frames, rows, columns = self.sides[side]
        wide, high = max(columns * self.cell, 0.4) + _GAP, rows * self.cell + _LABEL + 0.06
        most = max(1, int((WIDTH + _GAP - 0.1) / wide))
        return ceil(frames / ceil(frames / most)), wide, high

    def strip_height(self, side: int) -> float:
        """Of all rows of frames, with the heading, in inches."""
        across, _, high = self.pack(side)
        return _HEAD + ceil(self.sides[side][0] / across) * high

    @property
    def height(self) -> float:
        """Of both strips, in inches."""
        return self.strip_height(0) + self.strip_height(1)

    def corner(self, side: int, frame: int, top: float) -> Point:
        """Upper left corner of a frame, in a strip whose heading is at `top`."""
        across, wide, high = self.pack(side)
        return 0.05 + frame % across * wide, top - _HEAD - frame // across * high


def _film(axes: Axes, convolution: Convolution, at: Triple, plan: _Plan, top: float) -> None:
    padded = ", with padding around it" if any(convolution.padding) else ""
    axes.text(0.05, top - 0.22, f"Input {_times(convolution.size)}{padded}", color=INPUT, fontweight="bold")
    (t0, y0, x0), (_, rows, columns) = convolution.first_tap(at), convolution.span
    taps = set(range(t0, t0 + convolution.span[0], convolution.dilation[0]))
    for frame in range(convolution.padded[0]):
        corner = plan.corner(0, frame, top)
        t = frame - convolution.padding[0]
        colours = _input_colours(convolution, t)  # (H + 2 p, W + 2 p, 3)
        if frame in taps:
            window = colours[
                y0 : y0 + rows : convolution.dilation[1], x0 : x0 + columns : convolution.dilation[2]
            ]
            window[:] = to_rgb(KERNEL)
        _cells(axes, corner, plan.cell, colours, INPUT if 0 <= t < convolution.size[0] else FAINT)
        if frame in taps:
            place = (corner[0] + x0 * plan.cell, corner[1] - (y0 + rows) * plan.cell)
            _frame(axes, place, max(columns * plan.cell, 0.04), max(rows * plan.cell, 0.04))
        name = f"t = {t}" if 0 <= t < convolution.size[0] else "padding"
        _name(axes, corner, plan, convolution.padded[1], name, frame in taps)
    top -= plan.strip_height(0)
    axes.text(0.05, top - 0.22, f"Output {_times(convolution.output)}", color=OUTPUT, fontweight="bold")
    for frame in range(convolution.output[0]):
        corner = plan.corner(1, frame, top)
        _cells(axes, corner, plan.cell, _output_colours(convolution, at, frame), OUTPUT)
        if frame == at[0]:
            place = (corner[0] + at[2] * plan.cell, corner[1] - (at[1] + 1) * plan.cell)
            _frame(axes, place, max(plan.cell, 0.04), max(plan.cell, 0.04))
        _name(axes, corner, plan, convolution.output[1], f"t = {frame}", frame == at[0])


def _times(lengths: Sequence[int]) -> str:
    return " × ".join(str(length) for length in lengths)


def _input_colours(convolution: Convolution, t: int) -> np.ndarray:
    """Colours of one frame of the padded input: (H + 2 p, W + 2 p, 3)."""
    _, rows, columns = convolution.padded
    colours = np.tile(np.array(_PAD), (rows, columns, 1))
    if 0 <= t < convolution.size[0]:
        (_, p, q), (_, h, w) = convolution.padding, convolution.size
        seen = convolution.visited(1)[:, None] & convolution.visited(2) & convolution.visited(0)[t]  # (H, W)
        colours[p : p + h, q : q + w] = np.where(seen[:, :, None], _PALE["input"], _UNSEEN)
    return colours


def _output_colours(convolution: Convolution, at: Triple, t: int) -> np.ndarray:
    """Colours of one frame of the output, filled up to the position `at`: (H, W, 3)."""
    frames, rows, columns = convolution.output
    order = np.arange(frames * rows * columns).reshape(frames, rows, columns)[t]  # (H, W)
    now = np.ravel_multi_index(at, convolution.output)
    colours = np.where((order <= now)[:, :, None], _PALE["output"], _EMPTY)
    colours[order == now] = to_rgb(KERNEL)
    return colours


def _cells(axes: Axes, corner: Point, cell: float, colours: np.ndarray, edge: str) -> None:
    rows, columns, _ = colours.shape
    (left, upper), right, lower = corner, corner[0] + columns * cell, corner[1] - rows * cell
    axes.imshow(colours, extent=(left, right, lower, upper), interpolation="nearest", zorder=0)
    if cell > 0.05:
        axes.vlines(left + np.arange(1, columns) * cell, lower, upper, color=edge, linewidth=0.3)
        axes.hlines(upper - np.arange(1, rows) * cell, left, right, color=edge, linewidth=0.3)
    axes.add_patch(
        Rectangle((left, lower), columns * cell, rows * cell, fill=False, edgecolor=edge, linewidth=0.9)
    )


def _frame(axes: Axes, place: Point, width: float, height: float) -> None:
    axes.add_patch(Rectangle(place, width, height, fill=False, edgecolor=KERNEL, linewidth=2, zorder=3))


def _name(axes: Axes, corner: Point, plan: _Plan, rows: int, text: str, strong: bool) -> None:
    axes.text(corner[0], corner[1] - rows * plan.cell - 0.16, text, fontsize=9,
              color=INK if strong else FAINT, fontweight="bold" if strong else "normal")  # fmt: skip


# ------------------------------------------------------------------------------------- boxes in perspective

_DEEP = np.array([0.62, 0.34])  # where time points to: to the right and up, away from the reader


def _boxes(axes: Axes, convolution: Convolution, at: Triple, top: float) -> None:
    longest = max(*convolution.padded, *convolution.output)
    sides = (
        (
            convolution.padded,
            convolution.size,
            "Input",
            INPUT,
            "input",
            convolution.first_tap(at),
            convolution.span,
        ),
        (convolution.output, convolution.output, "Output", OUTPUT, "output", at, (1, 1, 1)),
    )
    shapes = [[max(n / longest, 0.08) for n in size] for size, *_ in sides]  # thin sides are drawn thicker
    unit = min(min(3.4 / (w + 0.62 * t), 2.5 / (h + 0.34 * t)) for t, h, w in shapes)
    for number, (size, named, name, ink, pale, first, span) in enumerate(sides):
        left = 0.05 + number * WIDTH / 2
        padded = ", with padding" if size != named else ""
        axes.text(left, top - 0.22, f"{name} {_times(named)}{padded}", color=ink, fontweight="bold")
        edge = unit * np.array(shapes[number])  # (3,) inches along T, H, W
        corner = np.array([left + 0.5, top - 0.4 - 0.34 * edge[0]])
        scale = edge / np.array(size)  # (3,) inches per sample
        _box(axes, corner, np.zeros(3), edge, _PALE[pale], ink, 0.5)
        if number == 1 and at[0]:
            _box(
                axes, corner, np.zeros(3), np.array([at[0] * scale[0], edge[1], edge[2]]), _PALE[pale], ink, 1
            )
        _box(
            axes,
            corner,
            np.array(first) * scale,
            np.maximum(np.array(span) * scale, 0.05),
            to_rgb(KERNEL),
            KERNEL,
            0.8,
        )
        low = corner - (0, edge[1])
        axes.text(low[0] + edge[2] / 2, low[1] - 0.2, f"W {size[2]}", ha="center", fontsize=9.5, color=FAINT)
        axes.text(low[0] - 0.06, low[1] + edge[1] / 2, f"H {size[1]}", ha="right", fontsize=9.5, color=FAINT)
        back = low + np.array([edge[2] + 0.31 * edge[0] + 0.06, 0.17 * edge[0] - 0.14])
        axes.text(back[0], back[1], f"T {size[0]}", fontsize=9.5, color=FAINT)


def _box(
    axes: Axes, corner: np.ndarray, start: np.ndarray, edge: np.ndarray, fill: tuple, ink: str, alpha: float
) -> None:
    """The three visible sides of a cuboid; `start` and `edge` in inches along T, H, W."""
    deep, down, across = edge[0] * _DEEP, np.array([0, -edge[1]]), np.array([edge[2], 0])
    a = corner + start[0] * _DEEP + (start[2], -start[1])
    for side in (
        [a, a + across, a + across + down, a + down],
        [a, a + across, a + across + deep, a + deep],
        [a + across, a + across + down, a + across + down + deep, a + across + deep],
    ):
        axes.add_patch(Polygon(side, closed=True, facecolor=(*fill, alpha), edgecolor=ink, linewidth=0.9))
