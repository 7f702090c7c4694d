"""Pictures of an experiment with several seeds: each result as a dot, and confusion matrices on one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import torch

from coursekit._shared._text import legible, number, sentence
from coursekit.show._figure import FAINT, MAP, PALETTE, WIDTH, Picture, colour_scale, figure, render

_MARKERS = ("o", "s", "^", "D")
_ROW = 0.42  # inches for a row of dots
_PANELS, _MANY = 2, 10  # matrices side by side; with more classes than that, one below the other
_SIDE, _CELL, _LETTER = 3.3, 0.27, 0.08  # inches of a matrix, of a cell in a large one, of a letter


def spread(
    rows: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    x: str,
    lines: Mapping[str, float] | None = None,
    title: str | None = None,
) -> Picture:
    """A row for each model; in it, a dot for each result, in groups that differ in colour and marker.

    Args:
        rows: {"model": {"group": results}}, each row with the same groups, at most four.
        x: what the results are, with their unit.
        lines: {"label": value}, vertical lines to compare with, such as chance.
        title: what the picture shows; the alternative text begins with it.

    Raises:
        ValueError: no rows, rows with different groups, more than four groups, or a group without results.
    """
    groups = _check_rows(rows)
    with figure(WIDTH, 1.3 + _ROW * len(rows) + (0.3 if title else 0)) as fig:
        axes = fig.subplots()
        for place, results in enumerate(rows.values()):
            if place % 2:
                axes.axhspan(place - 0.5, place + 0.5, color="#f2f2f2", zorder=0)
            for number_of, (name, colour, marker) in enumerate(zip(groups, PALETTE, _MARKERS, strict=False)):
                height = place + (number_of - (len(groups) - 1) / 2) * 0.26
                values = [float(value) for value in results[name]]
                axes.plot([min(values), max(values)], [height] * 2, color=colour, linewidth=1.5, alpha=0.6)
                look: dict[str, Any] = {"color": colour, "markersize": 5, "alpha": 0.75}
                heights = [height] * len(values)
                axes.plot(values, heights, marker, label=name if place == 0 else None, **look)
        styles = cycle(("--", ":", "-."))
        for (label, value), style in zip((lines or {}).items(), styles, strict=False):
            axes.axvline(value, color=FAINT, linestyle=style, linewidth=1.5, label=label, zorder=1)
        axes.set(xlabel=x, ylim=(len(rows) - 0.5, -0.5))
        if axes.get_xlim()[0] > 0:
            axes.set_xlim(left=0)
        axes.set_yticks(range(len(rows)), list(rows))
        axes.tick_params(axis="y", length=0)
        if title:
            axes.set_title(title)
        fig.legend(loc="outside lower center", ncols=3)
        return render(fig, sentence(title, f"Dots of {x}, a row for each model", *_in_words(rows, lines)))


def confusions(
    tables: Mapping[str, torch.Tensor],
    names: Sequence[str],
    *,
    x: str = "answer",
    y: str = "true class",
    title: str | None = None,
) -> Picture:
    """Confusion matrices on one scale: of the clips of each class, the percentage that got each answer.

    Args:
        tables: {"model": counts (K, K)}, true class by answer; each class has at least one clip.
        names: the K classes.
        x: what the columns are.
        y: what the rows are.
        title: what the picture shows; the alternative text begins with it.

    Raises:
        ValueError: no tables, a table of another shape, or a class without clips.
    """
    names, title = [legible(name) for name in names], title and legible(title)
    shares = {legible(model): _shares(model, table, len(names)) for model, table in tables.items()}
    if not shares:
        raise ValueError("tables must hold at least one confusion matrix, got none")
    columns = min(_PANELS, len(shares)) if len(names) <= _MANY else 1
    lines = -(-len(shares) // columns)
    side = max(_SIDE, _CELL * len(names))
    longest = _LETTER * max(map(len, names), default=0)
    width = WIDTH if columns > 1 else min(WIDTH, side + longest + 1.3)  # with names and scale
    ticks = [name.replace("$", r"\$") for name in names]  # no formulas
    with figure(width, (side + 0.65 * longest + 0.5) * lines + (0.5 if title else 0), gap=0.06) as fig:
        grid = fig.subplots(lines, columns, squeeze=False, sharey=True)
        for axes, (model, share) in zip(grid.flat, shares.items(), strict=False):
            axes.imshow(share, cmap=MAP, vmin=0, vmax=100)
            for (row, column), value in np.ndenumerate(share):
                if value >= 0.5:
                    ink = "black" if value > 55 else "white"
                    axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=10, color=ink)
            axes.set_xticks(range(len(names)), ticks, rotation=40, ha="right", rotation_mode="anchor")
            axes.set_yticks(range(len(names)), ticks)
            axes.set(xlabel=x)
            axes.set_title(model)
        for axes in grid[:, 0]:
            axes.set(ylabel=y)
        for axes in list(grid.flat)[len(shares) :]:
            axes.axis("off")
        scale = colour_scale(0, 100, MAP)
        label = f"% of the clips of a {y}"
        fig.colorbar(scale, ax=grid, label=label, aspect=24, pad=0.015).outline.set_visible(False)
        if title:
            fig.suptitle(title)
        described = [_diagonal(model, share, names) for model, share in shares.items()]
        shown = (
            f"Confusion matrices, {len(names)} rows ({y}) by {len(names)} columns ({x}), in percent of a row"
        )
        return render(fig, sentence(title, shown, *described))


def _check_rows(rows: Mapping[str, Mapping[str, Sequence[float]]]) -> list[str]:
    """The groups of each row."""
    if not rows:
        raise ValueError("rows must hold at least one model, got none")
    groups = list(next(iter(rows.values())))
    if not 1 <= len(groups) <= len(_MARKERS):
        raise ValueError(f"a row must have from 1 to {len(_MARKERS)} groups, got {len(groups)}")
    for model, results in rows.items():
        if list(results) != groups:
            raise ValueError(f"rows[{model!r}] has the groups {list(results)}, the first row has {groups}")
        for name, values in results.items():
            if not len(values) or not all(math.isfinite(float(value)) for value in values):
                raise ValueError(f"rows[{model!r}][{name!r}] must hold finite numbers, at least one")
    return groups


def _in_words(
    rows: Mapping[str, Mapping[str, Sequence[float]]], lines: Mapping[str, float] | None
) -> list[str]:
    """Each row, and each line to compare with, as a sentence."""
    described = []
    for model, results in rows.items():
        parts = []
        for name, values in results.items():
            low, high = (number(float(f"{float(end):.3g}")) for end in (min(values), max(values)))
            parts.append(f"{name} {low if low == high else f'{low} to {high}'}")
        described.append(f"{model}: {', '.join(parts)}")
    return described + [f"Line, {label}: {number(value)}" for label, value in (lines or {}).items()]


def _shares(model: str, table: torch.Tensor, classes: int) -> np.ndarray:
    """Counts (K, K) as percentages of their row."""
    if tuple(table.shape) != (classes, classes):
        raise ValueError(f"tables[{model!r}] must be ({classes}, {classes}), got {tuple(table.shape)}")
    counts = table.double().numpy()  # (K, K)
    totals = counts.sum(1, keepdims=True)  # (K, 1)
    if not (totals > 0).all():
        raise ValueError(f"tables[{model!r}] has a class without clips: row {int(totals[:, 0].argmin())}")
    return np.asarray(100 * counts / totals)


def _diagonal(model: str, share: np.ndarray, names: Sequence[str]) -> str:
    """Right answers of each class, in words."""
    right = ", ".join(f"{name} {share[place, place]:.0f}" for place, name in enumerate(names))
    return f"{model}, right answers: {right}"
