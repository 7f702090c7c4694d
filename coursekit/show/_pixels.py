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
from coursekit.video import frame_rate


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
