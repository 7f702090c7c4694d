"""From tensors to pixels: the checks and conversions that every picture of frames needs.

A clip is a uint8 tensor (T, C, H, W), an image a uint8 tensor (C, H, W), with C = 1 (grey) or 3
(red, green, blue). Everything else is refused here, with a message that says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from PIL import Image

from coursekit import layout
from coursekit._shared._rate import frame_rate
from coursekit.show._figure import DPI, MAP, figure

_COLUMNS = 480  # of a clip with its features: the widest that a player shows
_MAP_ROWS = 200  # of the map of features below it


def check_clip(clip: torch.Tensor, name: str = "clip") -> torch.Tensor:
    """The clip, on the CPU, if it is a uint8 tensor (T, C, H, W) with C = 1 or 3 and no empty axis."""
    return _check(clip, name, "TCHW")


def check_image(image: torch.Tensor, name: str = "image") -> torch.Tensor:
    """The image, on the CPU, if it is a uint8 tensor (C, H, W) with C = 1 or 3 and no empty axis."""
    return _check(image, name, "CHW")


def check_colour(clip: torch.Tensor, name: str, axis: int) -> None:
    """Refuse a grey clip or image where the picture shows the three colour channels."""
    if clip.shape[axis] != 3:
        raise layout.LayoutError(
            f"{name} must have 3 channels on axis {axis} to take apart, got shape {tuple(clip.shape)}"
        )


def _check(value: torch.Tensor, name: str, axes: str) -> torch.Tensor:
    channel = axes.index("C")
    grey = isinstance(value, torch.Tensor) and value.dim() == len(axes) and value.shape[channel] == 1
    layout.check(value, axes, channels=1 if grey else 3, dtype="uint8", name=name, numpy=False)
    return value.detach().cpu()


def check_times(
    times: torch.Tensor | Sequence[float] | None, fps: float | Fraction | None, frames: int
) -> list[float] | None:
    """The time of each of the `frames` frames in seconds; None where neither argument is given."""
    if times is not None and fps is not None:
        raise ValueError("times and fps were both given: give only one (times, if you have them)")
    if times is not None:
        seconds = [float(t) for t in times]
        if len(seconds) != frames:
            raise ValueError(f"times must have one entry per frame, {frames}, got {len(seconds)}")
        return seconds
    if fps is not None:
        frame_rate(fps)
        return [float(t / fps) for t in range(frames)]
    return None


def spread(frames: int, count: int) -> list[int]:
    """`count` frame numbers, evenly spread, the first and the last among them (fewer if T is small)."""
    if count < 1:
        raise ValueError(f"count must be at least 1 frame, got {count}")
    if min(count, frames) == 1:
        return [0]
    count = min(count, frames)
    return [round(i * (frames - 1) / (count - 1)) for i in range(count)]


def to_pixels(image: torch.Tensor, width: int) -> np.ndarray:
    """An image (C, H, W) as matplotlib wants it, (H, W) grey or (H, W, 3), at most `width` wide.

    Resizing here with a proper filter is faster and gives a cleaner image than the plot's own resizing.
    """
    rows = image.permute(1, 2, 0).numpy()  # (H, W, C)
    pixels = rows[:, :, 0] if image.shape[0] == 1 else rows
    _, height, full = image.shape
    if full <= width:
        return np.ascontiguousarray(pixels)
    small = (width, max(1, round(height * width / full)))
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(small, Image.Resampling.LANCZOS))


def describe(image: torch.Tensor) -> str:
    """The size of a clip or an image in words, for an alternative text."""
    *_, channels, height, width = image.shape
    return f"{height} rows by {width} columns, {'grey' if channels == 1 else 'red, green, blue'}"


def with_features(
    clip: torch.Tensor, values: torch.Tensor, *, fps: float | Fraction, count: int = 48
) -> torch.Tensor:
    """The clip above a map of its features over time, with a cursor at each frame's own moment: for `player`.

    The map has a row for each of the `count` features that vary most. Their order is that of the frames in
    which they are strongest, so that what happens together stands together.

    Args:
        clip: uint8 (T, C, H, W).
        values: its features, float (T, D).
        fps: frame rate in frames/s, for the time axis.
        count: how many features to draw, at most D.

    Returns:
        uint8 (T, 3, H', 480); H' is even, the height of the clip at this width and 200 rows for the map.

    Raises:
        TypeError, ValueError: not such a clip, another number of rows than frames, or a count out of range.
    """
    clip = check_clip(clip)  # (T, C, H, W)
    frame_rate(fps)
    if values.dim() != 2 or len(values) != len(clip):
        raise ValueError(
            f"values must have a row for each of the {len(clip)} frames, got shape {tuple(values.shape)}"
        )
    if not 1 <= count <= values.shape[1]:
        raise ValueError(f"count must be from 1 to {values.shape[1]}, the number of features, got {count}")
    rows = values.detach().cpu().float()  # (T, D)
    busy = rows.std(dim=0, correction=0).topk(count).indices  # (count,)
    busy = busy[rows[:, busy].argmax(dim=0).argsort(stable=True)]  # in the order of their strongest frame
    drawn, cursors = _feature_map(rows[:, busy].T.numpy(), float(fps), values.shape[1])
    high = 2 * round(clip.shape[2] * _COLUMNS / clip.shape[3] / 2)
    film = torch.nn.functional.interpolate(
        clip.expand(-1, 3, -1, -1), (high, _COLUMNS), mode="bilinear", antialias=True
    )  # (T, 3, high, 480)
    below = drawn.expand(len(clip), -1, -1, -1).clone()  # (T, 3, 200, 480)
    top, bottom = int(cursors[0, 1]), int(cursors[0, 2])
    for t, x in enumerate(cursors[:, 0].tolist()):
        below[t, :, top:bottom, x - 1 : x + 3] = 0  # black on both sides: seen on any colour
        below[t, :, top:bottom, x : x + 2] = 255
    return torch.cat([film, below], dim=2)


def _feature_map(table: np.ndarray, fps: float, features: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The map of features, uint8 (3, 200, 480), and (x, top, bottom) of the cursor at each frame, (T, 3)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    frames = table.shape[1]
    with figure(_COLUMNS / DPI, _MAP_ROWS / DPI) as fig:
        canvas = FigureCanvasAgg(fig)
        axes = fig.subplots()
        extent = (-0.5 / fps, (frames - 0.5) / fps, 0.0, 1.0)
        image = axes.imshow(table, cmap=MAP, aspect="auto", interpolation="nearest", extent=extent)
        axes.set(xlabel="time (s)", ylabel=f"{len(table)} of {features}\nfeatures", yticks=[])
        axes.spines[:].set_visible(False)
        fig.colorbar(image, ax=axes, label="value", aspect=12, pad=0.02).outline.set_visible(False)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]  # (200, 480, 3)
        corners = axes.transData.transform([(t / fps, y) for t in range(frames) for y in (1, 0)])
    places = corners.reshape(frames, 2, 2).round().astype(int)  # frame, (upper, lower) end, (x, y from below)
    cursors = np.stack([places[:, 0, 0], _MAP_ROWS - places[:, 0, 1], _MAP_ROWS - places[:, 1, 1]], axis=1)
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1), torch.from_numpy(cursors)
