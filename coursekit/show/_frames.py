"""Pictures of frames: filmstrips, single frames, channels, patches, signed maps, differences, neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from coursekit._shared._text import legible, number, sentence
from coursekit.show._figure import (
    DPI,
    FAINT,
    INK,
    MAP,
    PALETTE,
    SIGNED_MAP,
    WIDTH,
    Picture,
    colour_scale,
    figure,
    finished,
    font,
    render,
)
from coursekit.show._pixels import (
    check_clip,
    check_colour,
    check_image,
    check_times,
    describe,
    spread,
    to_pixels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Box = tuple[int, int, int, int]  # first row, first column, rows, columns
_WHITE, _LABEL, _HEAD = 3, 28, 36  # of a filmstrip, pixels: beside a frame, below it, above all for the title
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
    title = title and " ".join(legible(title).splitlines())  # a file's name may have a line break
    seconds = check_times(times, fps, len(clip))
    chosen = spread(len(clip), count)
    columns = _columns(clip, len(chosen)) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    columns = min(columns, len(chosen))
    labels = [f"frame {t}" + ("" if seconds is None else f" · {seconds[t]:.2f} s") for t in chosen]

    cell = round(DPI * min(WIDTH / columns, 3.2))  # pixels for one frame and the white around it
    wide = cell - 2 * _WHITE
    high = max(1, round(wide * clip.shape[2] / clip.shape[3]))
    head, row = _HEAD if title else 0, high + _LABEL
    board = Image.new("RGB", (cell * columns, head + -(-len(chosen) // columns) * row), "white")
    draw = ImageDraw.Draw(board)
    if title:
        draw.text((board.width / 2, head / 2), title, INK, _fitting(13, [title], board.width), anchor="mm")
    letters = _fitting(10, labels, cell)
    for place, (t, label) in enumerate(zip(chosen, labels, strict=True)):
        left, top = cell * (place % columns), head + row * (place // columns)
        small = Image.fromarray(to_pixels(clip[t], wide))
        board.paste(small.resize((wide, high), Image.Resampling.NEAREST), (left + _WHITE, top))
        draw.text((left + cell / 2, top + high + _LABEL / 2), label, INK, letters, anchor="mm")
    shown = f"Filmstrip of {len(chosen)} of {len(clip)} frames, each {describe(clip)}"
    return finished(board, sentence(title, f"{shown}: {'; '.join(labels).replace(' ·', ' at')}"))


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
    from matplotlib.patches import Rectangle

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


def signed(
    maps: Mapping[str, torch.Tensor],
    *,
    label: str,
    image: torch.Tensor | None = None,
    limit: float | None = None,
    title: str | None = None,
) -> Picture:
    """Maps of values above and below 0, such as the result of a kernel, on one scale: white is 0.

    Args:
        maps: {"name": (H, W)}, finite values.
        label: what a value is, with its unit (the name of the colour bar).
        image: uint8 (C, H, W), drawn first: what the maps were computed from.
        limit: the value that gets the strongest colour; by default only one value in a thousand is beyond it.
        title: what the picture shows; the alternative text begins with it.

    Raises:
        TypeError, ValueError: no maps, something else than such maps, or a limit of 0 or less.
    """
    if not maps:
        raise ValueError("maps must hold at least one map, got none")
    planes = {name: _plane(plane, f'maps["{name}"]') for name, plane in maps.items()}  # each (H, W)
    sizes = np.concatenate([np.abs(plane).ravel() for plane in planes.values()])
    if limit is not None and not 0 < limit < inf:
        raise ValueError(f"limit must be above 0, got {limit}")
    top = float(np.quantile(sizes, 0.999)) or 1.0 if limit is None else float(limit)
    count = len(planes) + (image is not None)
    wide = (WIDTH - 1.1 - 0.6 * count) / count  # inches
    high = wide * max(plane.shape[0] / plane.shape[1] for plane in planes.values())
    with figure(WIDTH, high + (1.2 if title else 0.85)) as fig:
        grid = fig.subplots(1, count, squeeze=False)[0]
        if image is not None:
            _image(grid[0], check_image(image, "image"), wide)
            grid[0].set_title("the frame")
        drawn = grid[-len(planes) :]
        for axes, (name, plane) in zip(drawn, planes.items(), strict=True):
            axes.imshow(plane, cmap=SIGNED_MAP, vmin=-top, vmax=top)
            axes.set_title(name)
        for axes in grid:
            axes.set_xlabel(COLUMN)
        grid[0].set_ylabel(ROW)
        scale = colour_scale(-top, top, SIGNED_MAP)
        ends = "both" if bool((sizes > top).any()) else "neither"
        bar = fig.colorbar(scale, ax=grid, label=label, extend=ends, aspect=14, fraction=0.05, pad=0.015)
        bar.outline.set_visible(False)
        if title:
            fig.suptitle(title)
        listed = "; ".join(
            f"{name} ({plane.shape[0]} rows by {plane.shape[1]} columns): from {number(float(plane.min()))} "
            f"to {number(float(plane.max()))}"
            for name, plane in planes.items()
        )
        shown = (
            f"Maps of {label}, blue below 0, white at 0, red above 0, the strongest colour at {number(top)}"
        )
        beside = "Beside the frame" if image is not None else None
        return render(fig, sentence(title, beside, f"{shown}. {listed}"))


def patch(
    values: torch.Tensor, kernel: torch.Tensor, *, solve: bool = False, title: str | None = None
) -> Picture:
    """A small patch of whole numbers above the kernel that lies on it, one grid for each channel.

    Args:
        values: whole numbers (C, h, w) with C = 1 or 3, at most 5 rows by 5 columns.
        kernel: whole numbers of the same shape.
        solve: whether to write the sum of the products of each channel; False leaves it to the reader.
        title: what the picture shows; the alternative text begins with it.

    Raises:
        ValueError: not such numbers, or not one shape.
    """
    numbers, weights = _whole(values, "values"), _whole(kernel, "kernel")  # each (C, h, w)
    if numbers.shape != weights.shape:
        raise ValueError(f"kernel must have the shape of values, {numbers.shape}, got {weights.shape}")
    channels_, rows, columns = numbers.shape
    names = ("red", "green", "blue") if channels_ == 3 else ("grey",)
    sums = (numbers * weights).sum(axis=(1, 2)).tolist()
    cell = 0.42  # inches
    with figure(
        channels_ * (columns * cell + 0.7) + 0.9, 2 * (rows * cell + 0.45) + (0.4 if title else 0)
    ) as fig:
        grid = fig.subplots(2, channels_, squeeze=False)
        for column, name, total, *pair in zip(grid.T, names, sums, numbers, weights, strict=True):
            for axes, table in zip(column, pair, strict=True):
                _cells(axes, table)
            column[0].set_title(f"{name} values")
            column[1].set_title(f"kernel on {name}")
            if solve:
                column[1].set_xlabel(f"sum of products: {total}".replace("-", "\N{MINUS SIGN}"))
        if title:
            fig.suptitle(title)
        each = "; ".join(
            f"{name}: values {value.tolist()}, kernel {weight.tolist()}" + (f", sum {total}" if solve else "")
            for name, value, weight, total in zip(names, numbers, weights, sums, strict=True)
        )
        return render(fig, sentence(title, f"A patch of {rows} by {columns} pixels and a kernel. {each}"))


def neighbours(
    clip: torch.Tensor,
    values: torch.Tensor | Sequence[float],
    *,
    y: str,
    first: int = 0,
    count: int = 8,
    level: float | None = None,
    title: str | None = None,
) -> Picture:
    """A clip above a line with one number for each frame and the frame before, on one axis of frame numbers.

    Args:
        clip: uint8 (T, C, H, W).
        values: (T - 1,); the first belongs to the clip's frames 0 and 1, and is drawn at frame 1.
        y: what a value is.
        first: the number, in its film, of the clip's first frame.
        count: how many frames to show; each is drawn above its own number.
        level: a dashed line at this value, such as a threshold.
        title: what the picture shows; the alternative text begins with it.

    Raises:
        TypeError, ValueError: not such a clip, not one value for each pair, or count out of range.
    """
    clip = check_clip(clip)  # (T, C, H, W)
    line = np.asarray(values, dtype=float)  # (T - 1,)
    if line.shape != (len(clip) - 1,) or len(clip) < 2:
        raise ValueError(f"values must have {len(clip) - 1} entries, one for each pair, got {line.shape}")
    if not 1 <= count <= len(clip):
        raise ValueError(f"count must be from 1 to {len(clip)}, the frames of the clip, got {count}")
    part = len(clip) / count  # frames for which one picture stands
    chosen = [int((i + 0.5) * part) for i in range(count)]
    wide = (WIDTH - 0.8) / count  # inches
    high = wide * clip.shape[2] / clip.shape[3]
    with figure(WIDTH, high + 3.0 + (0.4 if title else 0)) as fig:
        above, below = fig.subplots(2, 1, sharex=True, height_ratios=(high, 2.4))
        for t in chosen:
            left = first + t - part / 2
            pixels = to_pixels(clip[t], round(wide * DPI))
            extent = (left + 0.03 * part, left + 0.97 * part, 0, 1)
            above.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=extent, aspect="auto")
            above.text(first + t, -0.05, str(first + t), ha="center", va="top", fontsize=10)
        above.axis("off")
        numbers = first + np.arange(1, len(clip))
        below.plot(numbers, line, color=PALETTE[0], linewidth=1.8)
        if level is not None:
            below.axhline(level, color=PALETTE[1], linestyle="--", linewidth=1.4)
        below.axhline(0, color=FAINT, linewidth=0.8)
        below.set(xlabel="frame", ylabel=y, xlim=(first - 0.5, first + len(clip) - 0.5))
        below.grid(alpha=0.25)
        above.set(ylim=(-0.25, 1))
        if title:
            fig.suptitle(title)
        named = ", ".join(str(first + t) for t in chosen)
        shown = f"{count} of {len(clip)} frames, each {describe(clip)}: {named}"
        lowest = np.argsort(line, kind="stable")[:3]
        listed = "; ".join(f"{number(line[at])} at frame {first + at + 1}" for at in lowest)
        mean = number(float(line.mean()))
        under = f"Under them a line of {y} against the frame: mean {mean}, lowest {listed}"
        dashed = None if level is None else f"A dashed line is at {number(level)}"
        return render(fig, sentence(title, shown, under, dashed))


def _plane(plane: torch.Tensor, name: str) -> np.ndarray:
    """Finite values (H, W) as float64."""
    if not isinstance(plane, torch.Tensor) or plane.dim() != 2 or plane.numel() == 0:
        got = tuple(plane.shape) if isinstance(plane, torch.Tensor) else type(plane).__name__
        raise ValueError(f"{name} must be a tensor (H, W), got {got}")
    values = plane.detach().cpu().double().numpy()
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has values that are not finite")
    return values


def _whole(values: torch.Tensor, name: str) -> np.ndarray:
    """Whole numbers (C, h, w) as int64, few enough to be drawn."""
    if not isinstance(values, torch.Tensor) or values.dim() != 3 or values.shape[0] not in (1, 3):
        got = tuple(values.shape) if isinstance(values, torch.Tensor) else type(values).__name__
        raise ValueError(f"{name} must be a tensor (C, h, w) with 1 or 3 channels, got {got}")
    if max(values.shape[1:]) > 5:
        raise ValueError(
            f"{name} must be at most 5 rows by 5 columns to be readable, got {tuple(values.shape)}"
        )
    numbers = values.detach().cpu().double().numpy()
    if not np.array_equal(numbers, numbers.round()):
        raise ValueError(f"{name} must hold whole numbers: round it")
    return numbers.astype(np.int64)


def _cells(axes: Axes, table: np.ndarray) -> None:
    """A grid of whole numbers (h, w)."""
    from matplotlib.patches import Rectangle

    rows, columns = table.shape
    for (row, column), value in np.ndenumerate(table):
        axes.add_patch(Rectangle((column, row), 1, 1, facecolor="white", edgecolor=FAINT, linewidth=1))
        text = str(value).replace("-", "\N{MINUS SIGN}")
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=12)
    axes.set(xlim=(-0.03, columns + 0.03), ylim=(rows + 0.03, -0.03), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def differences(
    clip: torch.Tensor,
    *,
    every: int = 1,
    count: int = 4,
    fps: float | Fraction | None = None,
    limit: int | None = None,
    first: int = 0,
    title: str | None = None,
) -> Picture:
    """The change from frame to frame: under frame t the absolute difference to frame t + every.

    The difference is computed per channel in whole grey levels (0-255) and averaged over the channels.

    Args:
        clip: uint8 (T, C, H, W) with T > every.
        every: the distance in frames of the two frames that are compared.
        count: how many pairs to show, evenly spread over the clip.
        fps: frame rate in frames/s; with it, the distance is also shown in ms.
        limit: the difference, in grey levels, that gets the brightest colour; by default only one pixel in a
            thousand is above it. To compare two clips, give both the same limit.
        first: the number, in its film, of the clip's first frame.
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
            _bare(column[0], f"frame {first + t}")
            column[1].imshow(change.numpy(), cmap=MAP, vmin=0, vmax=top)
            _bare(column[1], f"change to frame {first + t + every}")
        over = any(bool(m.max() > top) for m in maps)
        _colourbar(fig, grid, MAP, top, "difference (grey levels of 255)", over=over)
        if title:
            fig.suptitle(title)
        shown = f"Frames, and under each its absolute difference to the frame {step} later"
        named = [first + t for t in chosen]
        means = "; ".join(f"{t} to {t + every}: {m.mean():.1f}" for t, m in zip(named, maps, strict=True))
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


def _fitting(size: float, texts: Sequence[str], width: int) -> ImageFont.FreeTypeFont:
    """Letters of `size` points, or smaller ones if one of the texts is wider than `width` pixels."""
    longest = max(font(size).getlength(text) for text in texts)
    return font(size * min(1.0, (width - 4) / max(longest, 1.0)))


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
    scale = colour_scale(0, top, colours)
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
