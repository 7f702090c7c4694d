"""The still picture of the convolution explorer: two boxes, the line of PyTorch, and the size formulas."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from torch import nn

from coursekit._shared._text import sentence
from coursekit.show._figure import FAINT, INK, PALETTE, WIDTH, Picture, figure, render

KERNEL = PALETTE[1]
_COLOURS = {"Input": (PALETTE[0], "#d6e8f5"), "Output": ("#00664B", "#c9ebe0")}  # lines and areas
_BOXES, _LINE = 2.9, 0.24  # inches: the height of the two boxes, and of a line of text
# Where time, height and width point on paper: to the right and up; down; to the right.
_DIRECTIONS = np.array([[0.62, 0.34], [0, -1], [1, 0]])  # (axis, x and y)
_THINNEST = 0.08  # of the longest side; a kernel of 3 in 224 pixels would not be seen

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Axis:
    """One axis of a convolution, with the symbols of `coursekit.conv`.

    Attributes:
        name: "time", "height" or "width".
        sample: what is counted along it: "frame", "row" or "column".
        n: size of the input.
        k: size of the kernel.
        s: stride.
        p: padding at each end.
        d: dilation.
        o: size of the output.
    """

    name: str
    sample: str
    n: int
    k: int
    s: int
    p: int
    d: int
    o: int

    @property
    def span(self) -> int:
        """Number of samples from the first to the last one that the kernel reads."""
        return self.d * (self.k - 1) + 1

    def first(self, position: int) -> int:
        """The first sample that the kernel reads for an output position; negative in the padding."""
        return position * self.s - self.p

    def formula(self) -> str:
        """The size formula with the numbers put in."""
        n, k, s, p, d = self.n, self.k, self.s, self.p, self.d
        room = n + 2 * p - d * (k - 1) - 1
        return f"⌊({n} + 2·{p} − {d}·({k} − 1) − 1) / {s}⌋ + 1 = ⌊{room} / {s}⌋ + 1 = {self.o}"

    def visited(self) -> np.ndarray:
        """Whether the kernel reads a sample of the input in any of its positions: bool (n,)."""
        samples = np.arange(self.o)[:, None] * self.s - self.p + np.arange(self.k) * self.d  # (o, k)
        return np.isin(np.arange(self.n), samples)

    def never_visited(self) -> str | None:
        """In words, which samples the kernel never reads; None if it reads all of them."""
        visited = self.visited()  # (n,)
        last = self.n - 1 - int(np.flatnonzero(visited).max(initial=-1))  # samples after the last visited one
        before = self.n - int(visited.sum()) - last
        texts = []
        if last:
            texts.append(
                f"the last {_many(last, self.sample) if last > 1 else self.sample} {_be(last)} never visited"
            )
        if before:
            texts.append(f"{_many(before, self.sample)} before {_be(before)} stepped over")
        return "; ".join(texts) or None


def draw(layer: nn.Conv3d, axes: Sequence[Axis], at: Triple) -> Picture:
    """The picture for one output position.

    Args:
        layer: the convolution; its weights are not read.
        axes: time, height and width.
        at: the position (t, y, x) in the output.
    """
    lines = _lines(layer, axes, at)
    height = _BOXES + _LINE * len(lines) + 0.1
    with figure(WIDTH, height, arrange=False) as fig:
        paper = fig.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height))  # measured in inches
        paper.set_axis_off()
        _draw_boxes(paper, axes, at, height)
        for number, (text, style) in enumerate(lines):
            paper.text(0.05, height - _BOXES - _LINE * number, text, va="top", fontsize=10, **style)
        return render(fig, _alt(layer, axes, at))


def _lines(layer: nn.Conv3d, axes: Sequence[Axis], at: Triple) -> list[tuple[str, dict[str, Any]]]:
    """The lines of text under the boxes, each with its style."""
    inputs, outputs = (", ".join(map(str, sizes)) for sizes in zip(*((a.n, a.o) for a in axes), strict=True))
    code = textwrap.wrap(f"nn.{layer}", 98)
    code.append(f"(B, {layer.in_channels}, {inputs}) -> (B, {layer.out_channels}, {outputs})")
    formulas = [f"{axis.name[0].upper()}:  {axis.formula()}" for axis in axes]
    notes = sentence(*(f"{axis.name}: {note}" for axis in axes if (note := axis.never_visited())))
    return [
        *((line, {"family": "monospace"}) for line in code),
        *((line, {}) for line in textwrap.wrap(_where(axes, at), 114)),
        ("o = ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1", {"color": FAINT}),
        *((line, {}) for line in [*formulas, *textwrap.wrap(notes, 114)]),
    ]


def _draw_boxes(paper: Axes, axes: Sequence[Axis], at: Triple, top: float) -> None:
    """On the left the input with the kernel, on the right the output with the value that it gives."""
    n, p, o, span = np.array([(axis.n, axis.p, axis.o, axis.span) for axis in axes]).T  # each (3,)
    first = np.array([axis.first(place) for axis, place in zip(axes, at, strict=True)])  # (3,)
    longest = max((n + 2 * p).max(), o.max())
    shapes = [np.maximum(size / longest, _THINNEST) for size in (n + 2 * p, o)]  # each (3,)
    inches = min(min(3.3 / (w + 0.62 * t), 2.1 / (h + 0.34 * t)) for t, h, w in shapes)
    none, one = np.zeros(3, int), np.ones(3, int)
    _draw_volume(paper, "Input", (0.05, top), inches * shapes[0], n, p, first, span)
    _draw_volume(paper, "Output", (0.05 + WIDTH / 2, top), inches * shapes[1], o, none, np.array(at), one)


def _draw_volume(
    paper: Axes,
    name: str,
    place: tuple[float, float],
    edges: np.ndarray,
    size: np.ndarray,
    padding: np.ndarray,
    first: np.ndarray,
    length: np.ndarray,
) -> None:
    """A volume with the part of it that is read or written.

    Args:
        paper: measured in inches.
        name: "Input" or "Output".
        place: upper left corner of the drawing.
        edges: lengths of the box in inches, padding included; this and the next four are (3,).
        size: lengths in samples, without padding.
        padding: samples at each end.
        first: first sample of the part.
        length: samples of the part.
    """
    step = edges / (size + 2 * padding)  # (3,) inches per sample
    left, top = place
    corner = np.array([left + 0.5, top - 0.35 - 0.34 * edges[0]])  # upper left corner of the first frame
    colour, pale = _COLOURS[name]
    title = f"{name} {' × '.join(map(str, size))}"
    if padding.any():
        title += ", dashed: padding"
        _draw_cuboid(paper, corner, np.zeros(3), edges, "#e8e8e8", FAINT, "--")
    paper.text(left, top - 0.05, title, color=colour, va="top", fontweight="bold")
    _draw_cuboid(paper, corner, padding * step, size * step, pale, colour)
    start, part = (first + padding) * step, length * step  # (3,) inches
    frames = np.array([part[0], edges[1], edges[2]])  # the frames in which the part lies
    _draw_cuboid(paper, corner, start * (1, 0, 0), frames, "none", INK, ":")
    part = np.maximum(part, _THINNEST)
    _draw_cuboid(paper, corner, np.minimum(start, edges - part), part, KERNEL, INK)
    texts = [f"{n}" + (f" + 2·{p}" if p else "") for n, p in zip(size, padding, strict=True)]
    t, h, w = edges
    x, y = corner
    paper.text(x + w / 2, y - h - 0.08, f"W {texts[2]}", ha="center", va="top")
    paper.text(x - 0.06, y - h / 2, f"H {texts[1]}", ha="right", va="center", rotation=90)
    paper.text(x + w + 0.31 * t + 0.06, y - h + 0.17 * t - 0.02, f"T {texts[0]}", va="top")


def _draw_cuboid(
    paper: Axes,
    corner: np.ndarray,
    start: np.ndarray,
    edges: np.ndarray,
    fill: str,
    ink: str,
    dash: str = "-",
) -> None:
    """The front, the top and the right side of a cuboid; `start` and `edges` (3,) in inches."""
    back, down, across = edges[:, None] * _DIRECTIONS  # each (x, y)
    a = corner + start @ _DIRECTIONS  # upper left corner of its front
    b, c = a + across, a + across + down
    for side in ([a, b, c, a + down], [a, b, b + back, a + back], [b, c, c + back, b + back]):
        paper.add_patch(Polygon(side, facecolor=fill, edgecolor=ink, linestyle=dash, linewidth=1))


def _where(axes: Sequence[Axis], at: Triple) -> str:
    """In words, where the kernel is drawn and what it gives."""
    ranges = []
    for axis, place in zip(axes, at, strict=True):
        first = axis.first(place)
        every = f" in steps of {axis.d}" if axis.d > 1 and axis.k > 1 else ""
        ranges.append(f"{axis.sample}s {first} to {first + axis.span - 1}{every}")
    return f"The kernel is drawn at {', '.join(ranges)}, where it gives output {at}"


def _alt(layer: nn.Conv3d, axes: Sequence[Axis], at: Triple) -> str:
    n, k, s, p, d, o = (
        " x ".join(map(str, numbers))
        for numbers in zip(*((a.n, a.k, a.s, a.p, a.d, a.o) for a in axes), strict=True)
    )
    convolution = (
        f"3D convolution of {layer.in_channels} x {n} (time, height, width) with {layer.out_channels} "
        f"kernels of {k}, stride {s}, padding {p}, dilation {d}: output {layer.out_channels} x {o}"
    )
    sizes = [
        f"{axis.name}: {axis.formula()}" + (f", {note}" if (note := axis.never_visited()) else "")
        for axis in axes
    ]
    return sentence(convolution, *sizes, _where(axes, at))


def _many(count: int, sample: str) -> str:
    return f"{count} {sample}{'s' if count > 1 else ''}"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"
