"""The still picture of the convolution explorer: two boxes, the line of PyTorch, and the size formulas."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from torch import nn

from coursekit._shared._text import sentence
from coursekit.show._figure import FAINT, INK, PALETTE, WIDTH, Picture, figure, render

KERNEL, PADDING = PALETTE[1], "#e8e8e8"
_COLOURS = {"Input": (PALETTE[0], "#d6e8f5"), "Output": ("#00664B", "#c9ebe0")}  # lines and areas
_LONGEST, _THINNEST, _SMALLEST, _LINE = 2.1, 0.25, 0.1, 0.21  # inches: box, part, text
# Where time, height and width point on paper: to the right and up; down; to the right.
_DIRECTIONS = np.array([[0.62, 0.34], [0, -1], [1, 0]])  # (axis, x and y)


class Axis(NamedTuple):
    """One axis of a convolution, with the symbols of `coursekit.conv`, and an output position `at` on it.

    `sample` is what is counted along the axis: "frame", "row" or "column".
    """

    name: str
    sample: str
    n: int
    k: int
    s: int
    p: int
    d: int
    o: int
    at: int

    @property
    def first(self) -> int:
        """The first sample that the kernel reads for `at`; negative in the padding."""
        return self.at * self.s - self.p

    @property
    def span(self) -> int:
        """Number of samples from the first to the last one that the kernel reads."""
        return self.d * (self.k - 1) + 1

    def never_visited(self) -> list[int]:
        """The samples of the input that the kernel reads in none of its positions."""
        taps = np.arange(self.o)[:, None] * self.s - self.p + np.arange(self.k) * self.d  # (o, k)
        return [int(sample) for sample in np.setdiff1d(np.arange(self.n), taps)]

    def formula(self) -> str:
        """The size formula with the numbers put in, and the samples that are never visited."""
        n, k, s, p, d, missed = self.n, self.k, self.s, self.p, self.d, self.never_visited()
        numbers = ", ".join(map(str, missed[:4])) + (", ..." if len(missed) > 4 else "")
        note = f"; never visited: {len(missed)} of {n} {self.sample}s ({numbers})" if missed else ""
        return (
            f"{self.name}: ⌊({n} + 2·{p} − {d}·({k} − 1) − 1) / {s}⌋ + 1 "
            f"= ⌊{n + 2 * p - self.span} / {s}⌋ + 1 = {self.o}{note}"
        )

    def reads(self) -> str:
        """In words, what the kernel reads for `at`."""
        if self.span == 1:
            return f"{self.sample} {self.first}"
        steps = f" in steps of {self.d}" if self.d > 1 else ""
        return f"{self.sample}s {self.first} to {self.first + self.span - 1}{steps}"


def describe(layer: nn.Conv3d, axes: Sequence[Axis]) -> list[str]:
    """What the picture shows: the lines below its boxes, and its alternative text."""
    inputs, outputs = (", ".join(map(str, sizes)) for sizes in ([a.n for a in axes], [a.o for a in axes]))
    return [
        f"nn.{layer}",
        f"Input (B, {layer.in_channels}, {inputs}), output (B, {layer.out_channels}, {outputs}): "
        "batch, channels, time, height, width",
        f"The kernel reads {', '.join(a.reads() for a in axes)}, for output {tuple(a.at for a in axes)}",
        "o = ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1",
        *(axis.formula() for axis in axes),
    ]


def draw(layer: nn.Conv3d, axes: Sequence[Axis]) -> Picture:
    """The picture: left the input with the kernel, right the output with the value that the kernel gives.

    The weights of `layer` are not read; `axes` are time, height and width.
    """
    lines = describe(layer, axes)
    text = [part for line in lines for part in textwrap.wrap(line, 114)]
    n, p, o, first, span, at = np.array([(a.n, a.p, a.o, a.first, a.span, a.at) for a in axes]).T  # each (3,)
    scale = _LONGEST / max(*(n + 2 * p), *o)  # inches per sample
    edges = [np.maximum(size * scale, _THINNEST) for size in (n + 2 * p, o)]  # inches, each (3,)
    below = 0.1 + _LINE * len(text)
    height = below + max(h + 0.34 * t for t, h, _ in edges) + 0.75
    with figure(WIDTH, height, arrange=False) as fig:
        paper = fig.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height))  # measured in inches
        paper.set_axis_off()
        _draw_box(paper, 0.05, height, "Input", edges[0], (n, p, first, span))
        _draw_box(paper, 0.05 + WIDTH / 2, height, "Output", edges[1], (o, 0 * o, at, 0 * o + 1))
        paper.text(0.05, below, "\n".join(text), va="top", fontsize=10, linespacing=1.4)
        return render(fig, sentence(*lines))


def _draw_box(
    paper: Axes, left: float, top: float, name: str, edges: np.ndarray, samples: Sequence[np.ndarray]
) -> None:
    """A volume, and in it the part that is read or written.

    The lengths are inches; `edges` (3,) are those of the box with its padding. `samples` are four of (3,):
    the size of the volume, its padding at each end, the first sample of the part, the length of the part.
    """
    size, padding, first, length = samples
    line, area = _COLOURS[name]
    t, h, w = edges
    x, y = corner = np.array([left + 0.4, top - 0.4 - 0.34 * t])  # upper left corner of the first frame
    step = edges / (size + 2 * padding)  # (3,) inches per sample
    if padding.any():
        name += ", grey: padding"
        _draw_cuboid(paper, corner, 0 * edges, edges, PADDING, FAINT)
    _draw_cuboid(paper, corner, padding * step, size * step, area, line)
    part = np.maximum(length * step, _SMALLEST)
    _draw_cuboid(paper, corner, np.minimum((first + padding) * step, edges - part), part, KERNEL, INK)
    paper.text(left, top - 0.05, name, color=line, va="top", fontweight="bold")
    time, height, width = (f"{n} + 2·{p}" if p else f"{n}" for n, p in zip(size, padding, strict=True))
    paper.text(x - 0.07, y - h / 2, f"H {height}", ha="right", va="center", rotation=90)
    paper.text(x + w / 2, y - h - 0.07, f"W {width}", ha="center", va="top")
    paper.text(x + w + 0.31 * t + 0.06, y - h + 0.17 * t - 0.02, f"T {time}", va="top")


def _draw_cuboid(
    paper: Axes, corner: np.ndarray, start: np.ndarray, edges: np.ndarray, fill: str, ink: str
) -> None:
    """The front, the top and the right side of a cuboid; `start` and `edges` (3,) in inches."""
    back, down, across = edges[:, None] * _DIRECTIONS  # each (x, y)
    a = corner + start @ _DIRECTIONS  # upper left corner of its front
    b, c = a + across, a + across + down
    for side in ([a, b, c, a + down], [a, b, b + back, a + back], [b, c, c + back, b + back]):
        paper.add_patch(Polygon(side, facecolor=fill, edgecolor=ink, linewidth=1))
