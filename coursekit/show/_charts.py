"""Charts: lines, a matrix, bars. The numbers are in the picture and in its alternative text."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import torch
from matplotlib.ticker import MaxNLocator

from coursekit._shared._text import number, sentence
from coursekit.show._figure import MAP, PALETTE, WIDTH, Picture, figure, render

Numbers = torch.Tensor | np.ndarray | Sequence[float]
_LINES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_MOST_MARKED = 40  # points; a line with more shows every n-th marker only
_MOST_WRITTEN = 144  # cells; a matrix with more shows colours only


def curves(
    lines: Mapping[str, tuple[Numbers, Numbers]],
    *,
    x: str,
    y: str,
    title: str | None = None,
    log: bool = False,
    log_x: bool = False,
) -> Picture:
    """A line chart. The lines differ in colour, dash and marker, so nobody needs the colour.

    Args:
        lines: {"label": (x values, y values)}, one-dimensional and equally long.
        x: name of the x axis with its unit, such as "time between frames (s)".
        y: name of the y axis with its unit.
        title: what the picture shows; the alternative text begins with it.
        log: a logarithmic y axis; all y values must be above 0.
        log_x: a logarithmic x axis; all x values must be above 0. With both, a power is a straight line.

    Raises:
        ValueError: no line, values of unequal lengths, or values of 0 or less on a logarithmic axis.
    """
    if not lines:
        raise ValueError("lines must hold at least one line, got none")
    points = {label: _check_line(label, *line, log=log, log_x=log_x) for label, line in lines.items()}
    with figure(WIDTH, 3.7) as fig:
        axes = fig.subplots()
        looks = zip(cycle(PALETTE), cycle(_LINES), cycle(_MARKERS), strict=False)
        for (label, (xs, ys)), (colour, dash, marker) in zip(points.items(), looks, strict=False):
            marked = max(1, len(xs) // _MOST_MARKED)  # every n-th point
            axes.plot(xs, ys, dash, label=label, color=colour, marker=marker, markersize=5, markevery=marked)
        axes.set(xlabel=x, ylabel=y, xscale=_scale(log_x), yscale=_scale(log))
        axes.grid(alpha=0.25)
        if title:
            axes.set_title(title)
        if len(points) > 1:
            fig.legend(loc="outside lower center", ncols=2, handlelength=3.2)  # where it crosses no line
        scale = f"Line chart of {y}{_scale_note(log)} against {x}{_scale_note(log_x)}"
        return render(
            fig, sentence(title, scale, *[_summary(label, *line) for label, line in points.items()])
        )


def matrix(
    values: Numbers | Sequence[Sequence[float]],
    *,
    x: str,
    y: str,
    label: str,
    title: str | None = None,
) -> Picture:
    """A heat map of numbers. A small one has the numbers in its cells.

    Args:
        values: (rows, columns); row 0 is drawn at the top.
        x: what the columns are, with their unit.
        y: what the rows are, with their unit.
        label: what a value is, with its unit (the name of the colour bar).
        title: what the picture shows; the alternative text begins with it.

    Raises:
        ValueError: the values are not a matrix, or there are none.
    """
    table = _array(values)
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"values must be a matrix (rows, columns), got shape {table.shape}")
    rows, columns = table.shape
    high = min(6.0, max(2.2, 5.6 * rows / columns))
    with figure(min(WIDTH, 0.95 * high * columns / rows + 2.2), high + (0.4 if title else 0)) as fig:
        axes = fig.subplots()
        drawn = axes.imshow(table, cmap=MAP, aspect="equal" if 0.2 < rows / columns < 5 else "auto")
        axes.set(xlabel=x, ylabel=y)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        fig.colorbar(drawn, ax=axes, label=label).outline.set_visible(False)
        if table.size <= _MOST_WRITTEN and columns <= 16:
            for (row, column), value in np.ndenumerate(table):
                ink = "black" if value > table.min() + 0.55 * np.ptp(table) else "white"
                size = 9 if columns > 8 else 10.5
                axes.text(column, row, number(value), ha="center", va="center", fontsize=size, color=ink)
        if title:
            axes.set_title(title)
        low, top = divmod(int(table.argmin()), columns), divmod(int(table.argmax()), columns)
        ends = ", ".join(
            f"{name} {number(table[place])} at row {place[0]}, column {place[1]}"
            for name, place in (("smallest", low), ("largest", top))
        )
        shown = f"Heat map of {label}, {rows} rows ({y}) by {columns} columns ({x}): {ends}"
        return render(fig, sentence(title, shown))


def bars(values: Mapping[str, float], *, y: str, title: str | None = None, log: bool = False) -> Picture:
    """A bar chart with the number above each bar.

    Args:
        values: {"label": number}.
        y: what the numbers are, with their unit.
        title: what the picture shows; the alternative text begins with it.
        log: a logarithmic axis; all values must be above 0. (Bars then start at a power of ten.)

    Raises:
        ValueError: no bar, or a value that is not finite, or not above 0 on a logarithmic axis.
    """
    if not values:
        raise ValueError("values must hold at least one bar, got none")
    heights = {label: float(value) for label, value in values.items()}
    for label, value in heights.items():
        if not math.isfinite(value) or (log and value <= 0):
            expected = "a number above 0 for a logarithmic axis" if log else "a finite number"
            raise ValueError(f'values["{label}"] must be {expected}, got {value}')
    with figure(min(WIDTH, 1.6 + 1.7 * len(heights)), 3.5) as fig:
        axes = fig.subplots()
        names = [textwrap.fill(label, 18, break_long_words=False) for label in heights]
        colours = [colour for colour, _ in zip(cycle(PALETTE), names, strict=False)]
        drawn = axes.bar(range(len(names)), list(heights.values()), width=0.6, color=colours)
        axes.bar_label(drawn, [number(value) for value in heights.values()], padding=3)
        axes.set_xticks(range(len(names)), names)
        axes.set(ylabel=y, yscale=_scale(log))
        axes.tick_params(axis="x", length=0)
        axes.margins(y=0.15)
        if log:
            axes.set_ylim(bottom=10.0 ** math.floor(math.log10(min(heights.values())) - 0.3))
        if title:
            axes.set_title(title, pad=12)
        listed = "; ".join(f"{label}: {number(value)}" for label, value in heights.items())
        return render(fig, sentence(title, f"Bar chart of {y}{_scale_note(log)}. {listed}"))


def _array(values: Any) -> np.ndarray:
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=float)


def _scale(log: bool) -> str:
    return "log" if log else "linear"


def _scale_note(log: bool) -> str:
    return " (logarithmic)" if log else ""


def _check_line(
    label: str, xs: Numbers, ys: Numbers, log: bool, log_x: bool
) -> tuple[np.ndarray, np.ndarray]:
    x, y = _array(xs), _array(ys)
    if x.ndim != 1 or x.shape != y.shape or x.size == 0:
        raise ValueError(
            f'lines["{label}"] must be (x values, y values), one-dimensional and equally long, '
            f"got shapes {x.shape} and {y.shape}"
        )
    for axis, values, logarithmic in (("x", x, log_x), ("y", y, log)):
        if logarithmic and not (values > 0).all():
            raise ValueError(
                f'lines["{label}"]: a logarithmic axis needs {axis} values above 0, got {values.min():g}'
            )
    return x, y


def _summary(label: str, xs: np.ndarray, ys: np.ndarray) -> str:
    """A line in words: its start, its end, and its lowest and highest points between them."""
    low, top = int(ys.argmin()), int(ys.argmax())
    inner = [(name, at) for name, at in (("lowest", low), ("highest", top)) if at not in (0, len(xs) - 1)]
    parts = [f"{label}: from {number(ys[0])} at {number(xs[0])} to {number(ys[-1])} at {number(xs[-1])}"]
    parts += [f"{name} {number(ys[at])} at {number(xs[at])}" for name, at in inner]
    return ", ".join(parts)
