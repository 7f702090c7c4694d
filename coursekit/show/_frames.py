"""Pictures of frames: filmstrips, single frames, channels, differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from coursekit._shared._text import number, sentence
from coursekit.show._figure import DPI, MAP, PALETTE, WIDTH, Picture, figure, render
from coursekit.show._pixels import (
    check_clip,
    check_colour,
    check_image,
    check_times,
    describe,
    spread,
    to_pixels,
)

Box = tuple[int, int, int, int]  # first row, first column, rows, columns
COLUMN, ROW = "column x (pixel)", "row y (pixel)"


def filmstrip(
    clip: torch.Tensor,
    *,
    times: torch.Tensor | Sequence[float] | None = None,
    fps: float | Fraction | None = None,
    count: int = 8,
    columns: int | None = None,
    title: str | None = None,
) -> Picture:
    """Frames of a clip in reading order, each with its number and, if known, its time.

    Args:
        clip: uint8 (T, C, H, W).
        times: the time of each of the T frames in s (`video.times`); give this or `fps`.
        fps: the frame rate in frames/s; the time is number / fps.
        count: how many frames to show, evenly spread, including the first and the last.
        columns: frames in a row; by default as many as are large enough to see.
        title: what the clip shows; the alternative text begins with it.

    Raises:
        TypeError, ValueError: not such a clip, times that do not fit it, count or columns below 1.
    """
    clip = check_clip(clip)  # (T, C, H, W)
    seconds = check_times(times, fps, len(clip))
    chosen = spread(len(clip), count)
    columns = _columns(clip, len(chosen)) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    columns = min(columns, len(chosen))
    labels = [f"frame {t}" + ("" if seconds is None else f" · {seconds[t]:.2f} s") for t in chosen]

    rows = -(-len(chosen) // columns)
    wide = min(WIDTH / columns, 3.2)  # inches for one frame
    high = wide * clip.shape[2] / clip.shape[3] + 0.28
    with figure(wide * columns, rows * high + (0.4 if title else 0.05), gap=0) as fig:
        grid = fig.subplots(rows, columns, squeeze=False)
        for axes in grid.flat:
            axes.axis("off")
        for axes, t, label in zip(grid.flat, chosen, labels, strict=False):
            axes.axis("on")
            _image(axes, clip[t], wide)
            _bare(axes, label)
        if title:
            fig.suptitle(title)
        shown = f"Filmstrip of {len(chosen)} of {len(clip)} frames, each {describe(clip)}"
        return render(fig, sentence(title, f"{shown}: {'; '.join(labels).replace(' ·', ' at')}"))


def frame(
    image: torch.Tensor,
    *,
    title: str | None = None,
    boxes: Mapping[str, Box] | None = None,
) -> Picture:
    """One image with its pixel axes: rows are counted from the top, from 0.

    Args:
        image: uint8 (C, H, W).
        title: what the image shows; the alternative text begins with it.
        boxes: marked areas, {"label": (first row, first column, rows, columns)} in pixels.

    Raises:
        TypeError, ValueError: not such an image, or a box that is not inside it.
    """
    image = check_image(image)  # (C, H, W)
    _, height, width = image.shape
    marks = {label: _check_box(label, box, height, width) for label, box in (boxes or {}).items()}
    wide = min(6.4, 4.2 * width / height)
    with figure(wide + 0.8, wide * height / width + (0.95 if title else 0.65)) as fig:
        axes = fig.subplots()
        _image(axes, image, wide)
        axes.set(xlabel=COLUMN, ylabel=ROW)
        for (label, (y, x, h, w)), colour in zip(marks.items(), PALETTE[1:] * len(marks), strict=False):
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), w, h, fill=False, edgecolor=colour, linewidth=2.5))
            axes.annotate(label, (x, y), (0, 5), textcoords="offset points", color="white", fontsize=11,
                          bbox={"facecolor": colour, "edgecolor": "none", "pad": 2})  # fmt: skip
        if title:
            axes.set_title(title)
        places = "; ".join(
            f"{label}: {h} by {w} pixels from row {y}, column {x}" for label, (y, x, h, w) in marks.items()
        )
        marked = f"Marked: {places}" if places else None
        return render(fig, sentence(title, f"One image of {describe(image)}", marked))


def frames(images: Mapping[str, torch.Tensor], *, title: str | None = None) -> Picture:
    """Several images side by side with their labels, for a comparison.

    Args:
        images: {"label": uint8 (C, H, W)}. Sizes may differ: each image keeps its proportions, and its pixel
            axes show its size.
        title: what the images have in common.

    Raises:
        TypeError, ValueError: no images, or something else than such images.
    """
    if not images:
        raise ValueError("images must hold at least one image, got none")
    checked = {label: check_image(image, f'images["{label}"]') for label, image in images.items()}
    ratios = [min(max(image.shape[2] / image.shape[1], 0.35), 3.0) for image in checked.values()]
    high = min(3.4, (WIDTH - 0.75 * len(ratios)) / sum(ratios))  # inches
    with figure(WIDTH, high + (1.25 if title else 0.85)) as fig:
        grid = fig.subplots(1, len(ratios), squeeze=False, width_ratios=ratios)
        for axes, (label, image), ratio in zip(grid.flat, checked.items(), ratios, strict=True):
            _image(axes, image, high * ratio)
            axes.set(xlabel=COLUMN)
            axes.set_title(label)
        grid[0, 0].set_ylabel(ROW)
        if title:
            fig.suptitle(title)
        each = "; ".join(f"{label} ({describe(image)})" for label, image in checked.items())
        return render(fig, sentence(title, f"{len(ratios)} images side by side: {each}"))


def channels(image: torch.Tensor, *, title: str | None = None) -> Picture:
    """The red, green and blue plane of an image side by side, as grey values from 0 to 255.

    The planes are grey, not tinted. A dark blue and a dark red of the same value do not look equally dark,
    and some readers cannot distinguish red from green.

    Args:
        image: uint8 (3, H, W).
        title: what the image shows.

    Raises:
        TypeError, ValueError: not such an image.
    """
    image = check_image(image)  # (3, H, W)
    check_colour(image, "image", axis=0)
    wide = (WIDTH - 1.4) / 3  # inches
    with figure(WIDTH, wide * image.shape[1] / image.shape[2] + (1.3 if title else 0.95)) as fig:
        grid = fig.subplots(1, 3, sharey=True)
        for axes, plane, name in zip(grid, image, ("red", "green", "blue"), strict=True):  # plane (H, W)
            _image(axes, plane[None], wide)
            axes.set_title(f"{name} (channel {('red', 'green', 'blue').index(name)})")
            axes.set_xlabel(COLUMN)
        grid[0].set_ylabel(ROW)
        _colourbar(fig, grid, "gray", 255, "value (0-255)")
        if title:
            fig.suptitle(title)
        means = image.flatten(1).double().mean(1).tolist()  # (3,)
        listed = ", ".join(f"{n} {m:.0f}" for n, m in zip(("red", "green", "blue"), means, strict=True))
        size = f"{image.shape[1]} rows by {image.shape[2]} columns"
        shown = f"The three channels of an image of {size} as grey planes"
        return render(fig, sentence(title, f"{shown}; mean value of 255: {listed}"))


def differences(
    clip: torch.Tensor,
    *,
    every: int = 1,
    count: int = 4,
    fps: float | Fraction | None = None,
    limit: int | None = None,
    title: str | None = None,
) -> Picture:
    """The change from frame to frame: `|x[t + every] - x[t]|` under the frame x[t].

    The difference is computed per channel in whole grey levels (0-255) and averaged over the channels.

    Args:
        clip: uint8 (T, C, H, W) with T > every.
        every: the distance in frames of the two frames that are compared.
        count: how many pairs to show, evenly spread over the clip.
        fps: frame rate in frames/s; with it, the distance is also shown in ms.
        limit: the difference, in grey levels, that gets the brightest colour; by default only one pixel in a
            thousand is above it. To compare two clips, give both the same limit.
        title: what the clip shows.

    Raises:
        TypeError, ValueError: not such a clip, or an argument out of its range.
    """
    clip = check_clip(clip)  # (T, C, H, W)
    if not 1 <= every < len(clip):
        most = len(clip) - 1
        raise ValueError(f"every must be from 1 to {most} for a clip of {len(clip)} frames, got {every}")
    if limit is not None and not 1 <= limit <= 255:
        raise ValueError(f"limit must be from 1 to 255 grey levels, got {limit}")
    check_times(None, fps, len(clip))
    chosen = spread(len(clip) - every, count)
    maps = [(clip[t + every].int() - clip[t].int()).abs().float().mean(0) for t in chosen]  # each (H, W)
    rare = round(float(np.quantile(torch.stack(maps).numpy(), 0.999)))  # one pixel in a thousand is above
    top = limit if limit is not None else max(1, rare)
    step = f"{every} frame{'s' if every > 1 else ''}"
    step += f" = {number(float(1000 * every / fps))} ms" if fps else ""

    wide = (WIDTH - 0.9) / max(len(chosen), 2)  # inches
    high = 2 * (wide * clip.shape[2] / clip.shape[3] + 0.3)
    with figure(WIDTH, high + (0.45 if title else 0.1), gap=0) as fig:
        grid = fig.subplots(2, len(chosen), squeeze=False)
        for column, t, change in zip(grid.T, chosen, maps, strict=True):
            _image(column[0], clip[t], wide)
            _bare(column[0], f"frame {t}")
            column[1].imshow(change.numpy(), cmap=MAP, vmin=0, vmax=top)
            _bare(column[1], f"|x[{t + every}] - x[{t}]|")
        over = any(bool(m.max() > top) for m in maps)
        _colourbar(fig, grid, MAP, top, "difference (grey levels of 255)", over=over)
        if title:
            fig.suptitle(title)
        shown = f"Frames, and under each its absolute difference to the frame {step} later"
        means = "; ".join(f"{t} to {t + every}: {m.mean():.1f}" for t, m in zip(chosen, maps, strict=True))
        summary = f"Mean difference in grey levels, frame {means}; the brightest colour stands for {top}"
        return render(fig, sentence(title, shown, summary))


def sequence(
    clip: torch.Tensor, values: torch.Tensor, *, label: str, count: int = 8, title: str | None = None
) -> Picture:
    """A clip above a heat map of one row of numbers per frame, on the same time axis.

    Args:
        clip: uint8 (T, C, H, W).
        values: (T, k), a row of numbers for each frame, such as features; time is drawn to the right.
        label: what a value is, with its unit (the name of the colour bar).
        count: how many frames to show; each is drawn above the interval of which it is the middle.
        title: what the picture shows; the alternative text begins with it.

    Raises:
        TypeError, ValueError: not such a clip, or not one row of values for each of its frames.
    """
    clip = check_clip(clip)  # (T, C, H, W)
    if values.dim() != 2 or len(values) != len(clip) or values.numel() == 0:
        raise ValueError(
            f"values must be (T, k), a row for each of the {len(clip)} frames, got {tuple(values.shape)}"
        )
    if not 1 <= count <= len(clip):
        raise ValueError(f"count must be from 1 to {len(clip)}, the frames of the clip, got {count}")
    table = values.detach().cpu().float().T.numpy()  # (k, T)
    part = len(clip) / count  # frames for which one picture stands
    chosen = [int((i + 0.5) * part) for i in range(count)]

    wide = (WIDTH - 1.7) / count  # inches
    high = wide * clip.shape[2] / clip.shape[3]
    with figure(WIDTH, high + 2.9 + (0.4 if title else 0)) as fig:
        above, below = fig.subplots(2, 1, sharex=True, height_ratios=(high, 2.3))
        for i, t in enumerate(chosen):
            left = i * part - 0.5
            extent = (left + 0.04 * part, left + 0.96 * part, 0, 1)
            pixels = to_pixels(clip[t], round(wide * DPI))
            above.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=extent, aspect="auto")
        above.axis("off")
        drawn = below.imshow(table, cmap=MAP, aspect="auto", interpolation="nearest")
        below.set(xlabel="frame", ylabel="feature", xlim=(-0.5, len(clip) - 0.5), yticks=[])
        above.set(ylim=(0, 1))
        fig.colorbar(drawn, ax=below, label=label, aspect=14, pad=0.015).outline.set_visible(False)
        if title:
            fig.suptitle(title)
        shown = f"{count} of {len(clip)} frames, each {describe(clip)}: {', '.join(map(str, chosen))}"
        low, top = number(float(table.min())), number(float(table.max()))
        under = f"Under them, on one time axis, a heat map of {label}: {len(table)} rows, from {low} to {top}"
        return render(fig, sentence(title, shown, under))


def _columns(clip: torch.Tensor, count: int) -> int:
    """Frames in a row, so that frames are not too narrow and the picture is not much higher than wide."""
    wide = clip.shape[3] / clip.shape[2]
    most = 4 if wide > 1.1 else 6
    return count if count <= most else -(-count // -(-count // most))


def _image(axes: Axes, image: torch.Tensor, inches: float) -> None:
    """Draws an image (C, H, W) with the centre of pixel (y, x) at the point (x, y)."""
    _, height, width = image.shape
    pixels = to_pixels(image, round(inches * DPI))
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=(-0.5, width - 0.5, height - 0.5, -0.5))


def _bare(axes: Axes, label: str) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_xlabel(label, labelpad=3, fontsize=10)


def _colourbar(fig: Figure, grid: np.ndarray, colours: str, top: int, label: str, over: bool = False) -> None:
    scale = ScalarMappable(Normalize(0, top), colours)
    ends = "max" if over else "neither"  # a pointed end means that there are larger values
    bar = fig.colorbar(scale, ax=grid, label=label, extend=ends, aspect=14, fraction=0.05, pad=0.015)
    bar.outline.set_visible(False)
    if top == 255:
        bar.set_ticks([0, 51, 102, 153, 204, 255])


def _check_box(label: str, box: Box, height: int, width: int) -> Box:
    y, x, h, w = box
    if y < 0 or x < 0 or h < 1 or w < 1 or y + h > height or x + w > width:
        raise ValueError(
            f'boxes["{label}"] = {box} (first row, first column, rows, columns) is not inside the image of '
            f"{height} rows and {width} columns"
        )
    return box
