"""Charts: lines, a matrix, bars. The numbers are in the picture and in its alternative text."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from coursekit._shared._text import number, sentence
from coursekit.show._figure import FAINT, MAP, PALETTE, SIGNED_MAP, WIDTH, Picture, figure, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis


Numbers = torch.Tensor | np.ndarray | Sequence[float]
_LINES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_MOST_MARKED = 40  # points; a line with more shows every n-th marker only
_MOST_WRITTEN = 144  # cells; a matrix with more shows colours only
_FEW_DECADES = (
    3  # a logarithmic axis that spans less has ticks at 1, 2, 5, 10, ..., a longer one at 1, 10, ...
)


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
        for axis, logarithmic in ((axes.xaxis, log_x), (axes.yaxis, log)):
            if logarithmic:
                _plain_ticks(axis)
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
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
) -> Picture:
    """A heat map of numbers with a colour bar. A small one has the numbers in its cells.

    Values of one sign go from dark to light. If some are below 0 and some above, the map has two colours that
    meet in white at 0, and equally strong colours are equally far from 0.

    Args:
        values: (rows, columns); row 0 is drawn at the top.
        x: what the columns are, with their unit.
        y: what the rows are, with their unit.
        label: what a value is, with its unit (the name of the colour bar).
        title: what the picture shows; the alternative text begins with it.
        columns: a name for each column; without names the columns are counted from 0.
        rows: a name for each row.

    Raises:
        ValueError: the values are not a matrix, or there are none, or not as many names as columns or rows.
    """
    table = _array(values)
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"values must be a matrix (rows, columns), got shape {table.shape}")
    for axis, names, length in (("rows", rows, len(table)), ("columns", columns, table.shape[1])):
        if names and len(names) != length:
            raise ValueError(f"{axis} must have one name for each of the {length} {axis}, got {len(names)}")
    shape = len(table) / table.shape[1]
    high = min(6.0, max(2.2, 5.6 * shape)) + 0.06 * max(map(len, columns), default=0)
    wide = 0.95 * high / shape + 2.2 + 0.08 * max(map(len, rows), default=0)
    square = 0.2 < shape < 5 and not (rows and wide > WIDTH)  # square cells would push long names out
    with figure(min(WIDTH, wide), high + (0.4 if title else 0)) as fig:
        axes = fig.subplots()
        drawn = axes.imshow(table, aspect="equal" if square else "auto", **_colours(table))
        axes.set(xlabel=x, ylabel=y)
        _name_ticks(axes.xaxis, columns)
        _name_ticks(axes.yaxis, rows)
        if max(map(len, columns), default=0) > 4:
            axes.tick_params(axis="x", rotation=40)
            for text in axes.get_xticklabels():
                text.set(ha="right", rotation_mode="anchor")
        fig.colorbar(drawn, ax=axes, label=label).outline.set_visible(False)
        _write_values(axes, table, np.asarray(drawn.to_rgba(table)))
        if title:
            axes.set_title(title)
        shown = f"Heat map of {label}, {len(table)} rows ({y}) by {table.shape[1]} columns ({x})"
        return render(fig, sentence(title, f"{shown}: {_extremes(table, rows, columns)}"))


def bars(values: Mapping[str, float], *, y: str, title: str | None = None, log: bool = False) -> Picture:
    """A bar chart with the number at each bar.

    Args:
        values: {"label": number}.
        y: what the numbers are, with their unit.
        title: what the picture shows; the alternative text begins with it.
        log: a logarithmic axis; all values must be above 0. Bars then begin at 1, "as many": a ratio above 1
            points up, one below 1 points down, and twice as much is as long as half as much.

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
        start = 1 if log else 0  # where the bars begin
        lengths = [value - start for value in heights.values()]
        drawn = axes.bar(range(len(names)), lengths, width=0.6, bottom=start, color=colours)
        axes.bar_label(drawn, [number(value) for value in heights.values()], padding=3)
        axes.set_xticks(range(len(names)), names)
        axes.set(ylabel=y, yscale=_scale(log))
        axes.tick_params(axis="x", length=0)
        axes.axhline(start, color=FAINT, linewidth=1)
        axes.margins(y=0.15)
        if log:
            _log_limits(axes, list(heights.values()))
            _plain_ticks(axes.yaxis)
        if title:
            axes.set_title(title, pad=12)
        listed = "; ".join(f"{label}: {number(value)}" for label, value in heights.items())
        return render(fig, sentence(title, f"Bar chart of {y}{_scale_note(log)}. {listed}"))


def _log_limits(axes: Axes, heights: Sequence[float]) -> None:
    """Room for the bars from 1 on, and for the numbers at their ends, on a logarithmic axis."""
    low, high = math.log10(min(1.0, *heights)), math.log10(max(1.0, *heights))
    room = 0.15 * (high - low) or 0.15  # decades
    down = room if low < 0 else 0
    axes.set_ylim(10 ** (low - down), 10 ** (high + (room if high > 0 or not down else 0)))


def _plain_ticks(axis: Axis) -> None:
    """Ticks such as 0.5, 1, 20 and 1,000 on a logarithmic axis, instead of powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = sorted(axis.get_view_interval())
    decades = math.log10(high / low)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < _FEW_DECADES else (1,)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(float(f"{value:.3g}"))))


def _colours(table: np.ndarray) -> dict[str, Any]:
    """The colour map for values of one sign, or of both."""
    if table.min() < 0 < table.max():
        reach = float(np.abs(table).max())
        return {"cmap": SIGNED_MAP, "vmin": -reach, "vmax": reach}
    return {"cmap": MAP}


def _name_ticks(axis: Axis, names: Sequence[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    if names:
        axis.set_ticks(range(len(names)), names)
    else:
        axis.set_major_locator(MaxNLocator(integer=True))


def _write_values(axes: Axes, table: np.ndarray, colours: np.ndarray) -> None:
    """The numbers in the cells of a small table, in black or white; `colours` is (rows, columns, 4)."""
    if table.size > _MOST_WRITTEN or table.shape[1] > 16:
        return
    light = colours[..., :3] @ (0.299, 0.587, 0.114) > 0.5  # (rows, columns): perceived brightness
    for (row, column), value in np.ndenumerate(table):
        size = 9 if table.shape[1] > 8 else 10.5
        ink = "black" if light[row, column] else "white"
        axes.text(column, row, number(value), ha="center", va="center", fontsize=size, color=ink)


def _extremes(table: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> str:
    """In words, the smallest and the largest value and their places."""
    ends = []
    for name, place in (("smallest", int(table.argmin())), ("largest", int(table.argmax()))):
        row, column = divmod(place, table.shape[1])
        where = f"row {rows[row] if rows else row}, column {columns[column] if columns else column}"
        ends.append(f"{name} {number(table[row, column])} at {where}")
    return ", ".join(ends)


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
