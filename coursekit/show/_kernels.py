"""Pictures of kernels at work: a kernel gliding over numbers, space-time slices, results, places.

Source: Lecture 56, 12:46 (the kernel's dot products) and 15:57 (sizes, padding and stride); E. H. Adelson,
J. R. Bergen, Spatiotemporal energy models for the perception of motion, 1985 (motion as a slant).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import inf
from typing import TYPE_CHECKING

import numpy as np
import torch

from coursekit import conv
from coursekit._shared._text import number, sentence
from coursekit.show._figure import FAINT, INK, PALETTE, WIDTH, Picture, colour_scale, figure, render
from coursekit.show._pixels import spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


SIGNED = "RdBu_r"  # blue below 0, white at 0, red above 0: readable with red-green colour blindness
_WINDOW = "#F5D9A0"  # the cells that a kernel reads now
_COLUMN, _TIME = "column x (pixel)", "frame t"
_MOST_PLACES = 60
_CELL, _GAP, _LEFT = 0.36, 0.42, 0.95  # inches: a cell of numbers, between grids, left of them


# ----------------------------------------------------------------------------- a kernel over whole numbers


def gliding(
    clip: torch.Tensor, kernel: torch.Tensor, *, step: int = 0, solve: bool = True, title: str | None = None
) -> Picture:
    """A kernel over a small clip of whole numbers: the window, the products, their sum, and the result.

    The kernel visits its places in reading order: columns first, then rows, then frames.

    Args:
        clip: whole numbers (T, H, W), one channel, at most 4 x 5 x 6.
        kernel: whole numbers (t, h, w), at most 9 in each of at most 3 frames.
        step: the place at which the kernel is, counted from 0.
        solve: whether to write the products, the sum and the result; False leaves them to the reader.
        title: what the picture shows; the alternative text begins with it.

    Raises:
        TypeError, ValueError: not such numbers, a kernel larger than the clip, or a step beyond the last.
    """
    values = _whole_numbers(clip, "clip", (4, 5, 6))
    weights = _whole_numbers(kernel, "kernel", (3, 3, 3))
    size = conv.output_size(values.shape, weights.shape)
    places = list(product(*map(range, size)))
    if not 0 <= step < len(places):
        raise ValueError(f"step must be from 0 to {len(places) - 1}, the last place, got {step}")
    t, y, x = places[step]
    frames, rows, columns = weights.shape
    window = values[t : t + frames, y : y + rows, x : x + columns]  # (t, h, w)
    filled = np.full(size, "", dtype=object)
    for place in places[: step + 1] if solve else []:
        filled[place] = _dot(values, weights, place)
    lines = _arithmetic(window, weights, t) if solve else ["Multiply number by number, and add all products."]
    highs = [_CELL * values.shape[1], _CELL * max(rows, 2), _CELL * size[1]]
    high = sum(highs) + 3 * _GAP + (0.4 if title else 0.1)
    tops = [high - _GAP - (0.3 if title else 0) - sum(highs[:i]) - i * _GAP for i in range(3)]
    with figure(WIDTH, high, arrange=False) as fig:
        axes = fig.add_axes((0, 0, 1, 1))  # the whole figure, measured in inches
        axes.set(xlim=(0, WIDTH), ylim=(0, high), aspect="equal")
        axes.set_axis_off()
        now = range(t, t + frames)
        _planes(axes, "clip", values, tops[0], dict.fromkeys(now, (y, x, rows, columns)))
        whole = dict.fromkeys(range(frames), (0, 0, rows, columns))
        _planes(axes, "kernel", weights, tops[1], whole)
        _planes(axes, "result", filled, tops[2], {t: (y, x, 1, 1)})
        for number_of_line, line in enumerate(lines):
            place_of_line = (
                _LEFT + frames * (columns * _CELL + _GAP),
                tops[1] - 0.17 - 0.27 * number_of_line,
            )
            axes.text(*place_of_line, line, va="center", fontsize=11.5)
        if title:
            axes.text(WIDTH / 2, high - 0.08, title, ha="center", va="top", fontsize=13)
        shown = (
            f"A kernel of {_by(weights.shape)} whole numbers on a clip of {_by(values.shape)}, at frame {t}, "
            f"row {y}, column {x}. The window holds {window.tolist()}, the kernel {weights.tolist()}"
        )
        solved = f"The sum of the products is {filled[t, y, x]}" if solve else None
        return render(fig, sentence(title, shown, solved))


def _whole_numbers(value: torch.Tensor, name: str, most: tuple[int, int, int]) -> np.ndarray:
    """The numbers (T, H, W) as int64, if there are few enough of them to be drawn."""
    if not isinstance(value, torch.Tensor) or value.dim() != 3 or value.numel() == 0:
        raise ValueError(f"{name} must be a tensor (T, H, W), got {getattr(value, 'shape', type(value))}")
    array = value.detach().cpu().numpy()
    if not np.array_equal(array, array.round()):
        raise ValueError(f"{name} must hold whole numbers, got such as {array.flat[0]}: round it")
    if any(n > limit for n, limit in zip(array.shape, most, strict=True)):
        raise ValueError(f"{name} must be at most {_by(most)} to be readable, got {_by(array.shape)}")
    return array.astype(np.int64)


def _dot(values: np.ndarray, weights: np.ndarray, place: tuple[int, ...]) -> int:
    window = values[tuple(slice(at, at + k) for at, k in zip(place, weights.shape, strict=True))]
    return int((window * weights).sum())


def _arithmetic(window: np.ndarray, weights: np.ndarray, first: int) -> list[str]:
    """One line of products for each frame of the kernel, and a line with their sum."""
    lines, sums = [], []
    for frame, (numbers, factors) in enumerate(zip(window, weights, strict=True)):
        pairs = zip(numbers.flat, factors.flat, strict=True)
        products = " + ".join(f"{_signed(a)}×{_signed(b)}" for a, b in pairs)
        sums.append(int((numbers * factors).sum()))
        lines.append(f"frame {first + frame}:  {products} = {_minus(sums[-1])}")
    return [*lines, f"sum:  {' + '.join(map(_signed, sums))} = {_minus(sum(sums))}"]


def _minus(value: object) -> str:
    return str(value).replace("-", "\N{MINUS SIGN}")


def _signed(value: int) -> str:
    return f"({_minus(value)})" if value < 0 else str(value)


def _planes(
    axes: Axes, name: str, volume: np.ndarray, top: float, inside: Mapping[int, tuple[int, ...]]
) -> None:
    """The planes of a volume side by side; `inside` gives the coloured cells of a plane by its number."""
    high, wide = volume.shape[1] * _CELL, volume.shape[2] * _CELL
    axes.text(0.12, top - high / 2, name, va="center", fontsize=12, fontweight="bold")
    for number_of_plane, plane in enumerate(volume):
        left = _LEFT + number_of_plane * (wide + _GAP)
        _grid(axes, plane, left, top, inside.get(number_of_plane, (0, 0, 0, 0)))
        text = f"frame {number_of_plane}"
        axes.text(left + wide / 2, top + 0.05, text, ha="center", va="bottom", fontsize=10.5)


def _grid(axes: Axes, plane: np.ndarray, left: float, top: float, inside: tuple[int, ...]) -> None:
    """A plane of numbers in cells; `inside` (row, column, rows, columns) is coloured."""
    from matplotlib.patches import Rectangle

    y, x, h, w = inside
    for (row, column), value in np.ndenumerate(plane):
        chosen = y <= row < y + h and x <= column < x + w
        corner = (left + column * _CELL, top - (row + 1) * _CELL)
        face = _WINDOW if chosen else "white"
        axes.add_patch(Rectangle(corner, _CELL, _CELL, facecolor=face, edgecolor=FAINT, linewidth=0.8))
        middle = (corner[0] + _CELL / 2, corner[1] + _CELL / 2)
        axes.text(*middle, _minus(value), ha="center", va="center", fontsize=10.5)


# ------------------------------------------------------------------------------- one row of pixels in time


def space_time(
    film: torch.Tensor,
    *,
    row: int,
    kernel: torch.Tensor | None = None,
    limit: float = 1.0,
    title: str | None = None,
) -> Picture:
    """One row of pixels of a film over time (an x-t slice), with a kernel and its response.

    In the slice, time runs down and the columns run to the right. What stands still is vertical, what moves
    to the right leans to the right on its way down.

    Args:
        film: grey values from 0 to 1, (T, H, W).
        row: the row of pixels.
        kernel: (t, 1, w), drawn as a grid, and over the slice where its response is strongest.
        limit: the response that gets the strongest colour. Give pictures that are compared the same limit.
        title: what the film shows; the alternative text begins with it.

    Raises:
        TypeError, ValueError: not such a film, a row outside it, a kernel of another shape or one larger than
            the slice, or a limit of 0 or less.
    """
    grey = _film(film)
    length, height, width = grey.shape
    if not 0 <= row < height:
        raise ValueError(f"row must be from 0 to {height - 1}, got {row}")
    if not 0 < limit < inf:
        raise ValueError(f"limit must be above 0, got {limit}")
    slice_ = grey[:, row]  # (T, W)
    shown = [f"A frame of a film of {length} frames, and its row {row} over time, {length} by {width} pixels"]
    if kernel is None:
        with figure(WIDTH, 4.6 if title else 4.3) as fig:
            above, below = fig.subplots(2, 1, height_ratios=(1.3, 1))
            _marked_frame(above, grey, row)
            _slice(below, slice_, f"row {row} in all {length} frames")
            _heading(fig, title)
            return render(fig, sentence(title, *shown))
    weights = _one_row(kernel)  # (t, w)
    response = _correlate(slice_, weights)  # (T', W')
    at = np.unravel_index(np.abs(response).argmax(), response.shape)
    with figure(WIDTH, 5.2 if title else 4.9) as fig:
        grid = fig.subplots(2, 2, width_ratios=(1.15, 1))
        _marked_frame(grid[0, 0], grey, row)
        _weights(grid[0, 1], weights)
        _slice(grid[1, 0], slice_, f"row {row} in all {length} frames")
        _outline(grid[1, 0], weights, (int(at[0]), int(at[1])))
        drawn = grid[1, 1].imshow(
            response, cmap=SIGNED, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest"
        )
        grid[1, 1].set(xlabel=_COLUMN, ylabel=_TIME, title=f"response of row {row}")
        bar = fig.colorbar(drawn, ax=grid[1, 1], label="response", extend="both", aspect=12, pad=0.02)
        bar.outline.set_visible(False)
        _heading(fig, title)
        strength = float(np.sqrt((response**2).mean()))
        shown.append(
            f"Beside it a kernel of {len(weights)} frames by {weights.shape[1]} columns, and its "
            f"response: root mean square {strength:.2f}, strongest at frame {at[0]}, column {at[1]}"
        )
        return render(fig, sentence(title, *shown))


def _volume(value: torch.Tensor, name: str) -> np.ndarray:
    """Finite numbers (T, H, W) as float64."""
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{name} must be a torch tensor (T, H, W), got {type(value).__name__}")
    if value.dim() != 3 or value.numel() == 0:
        raise ValueError(f"{name} must be (T, H, W), one channel and no empty axis, got {tuple(value.shape)}")
    array = value.detach().cpu().double().numpy()
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are not finite")
    return array


def _film(value: torch.Tensor) -> np.ndarray:
    """Grey values from 0 to 1, (T, H, W), as float64."""
    array = _volume(value, "film")
    if array.min() < 0 or array.max() > 1:
        raise ValueError(
            f"film must have grey values from 0 to 1, got {array.min():.4g} to {array.max():.4g}; divide "
            "values from 0 to 255 by 255"
        )
    return array


def _one_row(kernel: torch.Tensor) -> np.ndarray:
    """A kernel (t, 1, w) as (t, w)."""
    array = _volume(kernel, "kernel")
    if array.shape[1] != 1:
        raise ValueError(f"kernel must have one row, (t, 1, w), for a slice, got {array.shape}")
    return array[:, 0]


def _correlate(plane: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The valid cross-correlation of a plane (T, W) with weights (t, w): (T - t + 1, W - w + 1)."""
    conv.output_size(plane.shape, weights.shape)  # its message says which axis is too short
    windows = np.lib.stride_tricks.sliding_window_view(plane, weights.shape)  # (T', W', t, w)
    return np.asarray(np.einsum("xyij,ij->xy", windows, weights))


def _marked_frame(axes: Axes, grey: np.ndarray, row: int) -> None:
    middle = len(grey) // 2
    axes.imshow(grey[middle], cmap="gray", vmin=0, vmax=1)
    axes.axhline(row, color=PALETTE[1], linewidth=1.8)
    axes.set(xlabel=_COLUMN, ylabel="row y (pixel)", title=f"frame {middle}, row {row} marked")


def _slice(axes: Axes, slice_: np.ndarray, title: str) -> None:
    axes.imshow(slice_, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set(xlabel=_COLUMN, ylabel=_TIME, title=title)


def _weights(axes: Axes, weights: np.ndarray) -> None:
    """A kernel (t, w) as a grid with its numbers."""
    most = float(np.abs(weights).max()) or 1.0
    axes.imshow(weights, cmap=SIGNED, vmin=-1.6 * most, vmax=1.6 * most, aspect="auto")
    for (frame, column), value in np.ndenumerate(weights):
        if value:
            text = number(value).replace("-", "\N{MINUS SIGN}")
            axes.text(column, frame, text, ha="center", va="center", fontsize=9)
    axes.set_xticks(np.arange(weights.shape[1] + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(weights) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#cccccc", linewidth=0.6)
    axes.tick_params(which="minor", length=0)
    axes.set_yticks(range(len(weights)))
    axes.set_xticks(range(0, weights.shape[1], -(-weights.shape[1] // 8)))
    axes.set(xlabel="column of the kernel", ylabel="its frame", title="the kernel (empty: 0)")


def _outline(axes: Axes, weights: np.ndarray, at: tuple[int, int]) -> None:
    """The cells of a kernel that are not 0, drawn at its place over a slice."""
    t, x = at
    left, right = [], []
    for frame, numbers in enumerate(weights):
        used = np.flatnonzero(numbers)
        if len(used):
            for edge in (t + frame - 0.5, t + frame + 0.5):
                left.append((x + used[0] - 0.5, edge))
                right.append((x + used[-1] + 0.5, edge))
    corners = left + right[::-1]
    if corners:
        from matplotlib.patches import Polygon

        axes.add_patch(Polygon(corners, closed=True, fill=False, edgecolor=PALETTE[1], linewidth=1.8))


def _heading(fig: Figure, title: str | None) -> None:
    if title:
        fig.suptitle(title)


# ------------------------------------------------------------------------- several results on one scale


def results(
    volumes: Mapping[str, torch.Tensor],
    *,
    film: torch.Tensor | None = None,
    count: int = 4,
    limit: float | None = None,
    title: str | None = None,
) -> Picture:
    """Results of kernels as frames, one row for each kernel, all on one signed scale: white is 0.

    Args:
        volumes: {"label": (T, H, W)}, signed values; lengths may differ.
        film: what the kernels were applied to, grey values from 0 to 1 (T, H, W); drawn above.
        count: frames in a row, evenly spread over each volume.
        limit: the value that gets the strongest colour; by default the largest of all volumes.
        title: what the picture shows; the alternative text begins with it.

    Raises:
        TypeError, ValueError: no volume, not such volumes, or a limit of 0 or less.
    """
    if not volumes:
        raise ValueError("volumes must hold at least one result, got none")
    arrays = {label: _volume(volume, f'volumes["{label}"]') for label, volume in volumes.items()}
    above = [] if film is None else [("the film", _film(film))]
    most = max(float(np.abs(array).max()) for array in arrays.values()) if limit is None else limit
    if limit is not None and not 0 < limit < inf:
        raise ValueError(f"limit must be above 0, got {limit}")
    most = most or 1.0
    rows = [*above, *arrays.items()]
    columns = max(len(spread(len(array), count)) for _, array in rows)
    wide = (WIDTH - 2.6) / columns  # inches for one frame
    highs = [wide * array.shape[1] / array.shape[2] + 0.26 for _, array in rows]
    with figure(WIDTH, sum(highs) + (0.45 if title else 0.1), gap=0.01) as fig:
        grid = fig.subplots(len(rows), columns, squeeze=False, height_ratios=highs)
        for line, (label, array) in zip(grid, rows, strict=True):
            is_film = bool(above) and array is above[0][1]
            _frames_of(line, array, spread(len(array), count), None if is_film else most)
            line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=11, labelpad=8)
        scale = colour_scale(-most, most, SIGNED)
        over = any(np.abs(array).max() > most * (1 + 1e-9) for array in arrays.values())
        bar = fig.colorbar(
            scale,
            ax=grid,
            label="value of the result",
            extend="both" if over else "neither",
            aspect=24,
            fraction=0.04,
            pad=0.015,
        )
        bar.outline.set_visible(False)
        _heading(fig, title)
        listed = "; ".join(
            f"{label}: {len(array)} frames of {array.shape[1]} by {array.shape[2]}, from {array.min():.2f} "
            f"to {array.max():.2f}"
            for label, array in arrays.items()
        )
        shown = f"{len(arrays)} results on one scale, blue below 0, white at 0, red above 0: {listed}"
        return render(fig, sentence(title, shown))


def _frames_of(line: np.ndarray, array: np.ndarray, chosen: list[int], most: float | None) -> None:
    for axes in line:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    for axes, t in zip(line, chosen, strict=False):
        colours = {"cmap": "gray", "vmin": 0, "vmax": 1} if most is None else {}
        signed = {} if most is None else {"cmap": SIGNED, "vmin": -most, "vmax": most}
        axes.imshow(array[t], **colours, **signed)
        axes.set_xlabel(f"frame {t}", labelpad=2, fontsize=9.5)


# ---------------------------------------------------------------------------- the places of a kernel


def places(
    size: int,
    kernel: int,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    axis: str = "frame",
    title: str | None = None,
) -> Picture:
    """All places of a kernel along one axis, one line for each, with the samples that no place reads.

    Args:
        size: n, samples of the axis.
        kernel: k; this and the next three as in `conv.output_size`.
        stride: s.
        padding: p, zeros at each end.
        dilation: d.
        axis: what a sample is.
        title: what the picture shows; the alternative text begins with it.

    Raises:
        TypeError, ValueError: as `conv.output_size`; more than 60 samples with the zeros.
    """
    from matplotlib.patches import Rectangle

    count = conv.output_size(size, kernel, stride, padding, dilation)
    if size + 2 * padding > _MOST_PLACES:
        raise ValueError(f"at most {_MOST_PLACES} samples are readable, got {size} and {2 * padding} zeros")
    read = [[place * stride - padding + i * dilation for i in range(kernel)] for place in range(count)]
    unread = sorted(set(range(size)) - {sample for line in read for sample in line})
    with figure(WIDTH, 0.24 * count + (1.5 if title else 1.2)) as fig:
        axes = fig.subplots()
        for sample in range(-padding, size + padding):
            zero, missed = not 0 <= sample < size, sample in unread
            face = "#e4e4e4" if zero else (PALETTE[4] if missed else "white")
            for line in range(count):
                chosen = sample in read[line]
                colour = PALETTE[0] if chosen else face
                axes.add_patch(
                    Rectangle((sample - 0.5, line - 0.42), 1, 0.84, facecolor=colour, edgecolor=FAINT, lw=0.6)
                )
        axes.set(
            xlim=(-padding - 0.5, size + padding - 0.5),
            ylim=(count - 0.5, -0.5),
            xlabel=f"{axis} of the input (grey: a zero of the padding; orange: read by no place)",
            ylabel=f"{axis} of\nthe result",
        )
        _whole_ticks(axes, size, padding, count)
        if title:
            axes.set_title(title)
        ends = f"No place reads {axis} {', '.join(map(str, unread))}" if unread else f"Every {axis} is read"
        shown = (
            f"A kernel of {kernel} along {size} samples with stride {stride}, padding {padding} and dilation "
            f"{dilation} has {count} places, one on each line, the samples that it reads in blue"
        )
        return render(fig, sentence(title, shown, ends))


def _whole_ticks(axes: Axes, size: int, padding: int, count: int) -> None:
    every = max(1, (size + 2 * padding) // 20)
    axes.set_xticks(range(0, size, every))
    axes.set_yticks(range(0, count, max(1, count // 12)))
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)


def _by(lengths: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in lengths)
