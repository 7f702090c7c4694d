"""The picture of the lecture's tensor slide: the red, green and blue time-space volumes of a clip.

Source: Lecture 56, 09:49. One channel of every frame, stacked in time, is a volume T x H x W.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from coursekit._shared._text import sentence
from coursekit.show._figure import CHANNEL_COLOURS, FAINT, WIDTH, Picture, figure, render
from coursekit.show._pixels import check_clip, check_colour, spread, to_pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# The parallel projection: the directions of a frame's width, a frame's height and time.
_ACROSS = np.array([0.80, -0.17])  # along a row of pixels: to the right, a little down
_DOWN = np.array([0.0, -1.0])  # along a column of pixels
_BACK = np.array([0.80, 0.42])  # along time: to the right and up, away from the reader

# Inches around a stack, for the names of its axes.
_LEFT, _RIGHT, _ABOVE, _BELOW = 0.66, 0.2, 0.58, 0.95


def volumes(clip: torch.Tensor, *, count: int = 12, title: str | None = None) -> Picture:
    """The three channels of a clip as stacks of frames; time runs from front to back.

    The lecture writes M for the width W and N for the height H.

    Args:
        clip: uint8 (T, 3, H, W).
        count: how many of the T frames each stack shows, including the first and the last.
        title: what the clip shows; the alternative text begins with it.

    Raises:
        TypeError, ValueError: not such a clip, or a count below 1.
    """
    clip = check_clip(clip)  # (T, 3, H, W)
    check_colour(clip, "clip", axis=1)
    length, _, height, width = clip.shape
    chosen = spread(length, count)
    across, down, back = _edges(width / height, len(chosen))
    above = _ABOVE + (0.35 if title else 0)
    high = above + back[1] - across[1] - down[1] + _BELOW
    with figure(WIDTH, high, arrange=False) as fig:
        axes = fig.add_axes((0, 0, 1, 1))  # the whole figure, measured in inches
        axes.set_axis_off()
        for number, (name, colour) in enumerate(CHANNEL_COLOURS.items()):
            corner = np.array([_LEFT + number * WIDTH / 3, high - above - back[1]])  # upper left of frame 0
            for depth, t in enumerate(chosen):
                origin = corner + back * (depth / max(1, len(chosen) - 1))
                _card(axes, clip[t, number], number, origin, across, down, layer=-depth)
            _names(axes, corner, across, down, back, (length, height, width))
            middle = float(corner[0] + (across + back)[0] / 2)
            heading = f"{name}\nT × H × W"
            axes.text(middle, high - above + 0.1, heading, color=colour, ha="center", fontweight="bold")
        whole = f"3 × T × H × W  =  3 × {length} × {height} × {width}"
        if len(chosen) < length:
            whole += f"   ({len(chosen)} of the {length} frames are drawn)"
        axes.text(WIDTH / 2, 0.12, whole, ha="center", fontsize=14)
        if title:
            axes.text(WIDTH / 2, high - 0.1, title, ha="center", va="top", fontsize=13)
        axes.set(xlim=(0, WIDTH), ylim=(0, high), aspect="equal")
        shown = (
            f"Three stacks of frames in perspective: the red, green and blue values of a clip of {length} "
            f"frames. Time T = {length} runs backwards, height H (N in the lecture) = {height} downwards, "
            f"width W (M in the lecture) = {width} across; {len(chosen)} of the {length} frames are drawn. "
            f"Together they are one volume of 3 × T × H × W = 3 × {length} × {height} × {width} values"
        )
        return render(fig, sentence(title, shown))


def _edges(ratio: float, frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three edges of a stack in inches, as large as a third of the picture allows.

    Args:
        ratio: width of a frame / its height.
        frames: number of frames drawn; few frames give a short stack.
    """
    across, down = _ACROSS * ratio, _DOWN
    back = _BACK * min(1.0, 0.12 * (frames - 1)) * max(0.8, ratio) ** 0.5
    wide = (across + back)[0]
    inches = min((WIDTH / 3 - _LEFT - _RIGHT) / wide, 2.2)
    return across * inches, down * inches, back * inches


def _card(
    axes: Axes,
    plane: torch.Tensor,
    channel: int,
    origin: np.ndarray,
    across: np.ndarray,
    down: np.ndarray,
    layer: int,
) -> None:
    """One frame of one channel (H, W), in that channel's colour, sheared to fit the projection."""
    from matplotlib.patches import Polygon
    from matplotlib.transforms import Affine2D

    grey = to_pixels(plane[None], 240) / 255.0  # (h, w) from 0 to 1
    pixels = np.empty((*grey.shape, 3))
    pixels[:] = 0.55 * grey[:, :, None] ** 1.3  # high values become a little paler, towards white
    pixels[:, :, channel] = grey
    to_place = Affine2D.from_values(*across, *down, *origin)  # (1, 0) to the right edge, (0, 1) to the lower
    place = axes.imshow(pixels, extent=(0, 1, 1, 0), interpolation="bilinear", zorder=layer)
    place.set_transform(to_place + axes.transData)
    corners = [origin, origin + across, origin + across + down, origin + down]
    edge = Polygon(corners, closed=True, facecolor="none", edgecolor="white", linewidth=1.0, zorder=layer)
    axes.add_patch(edge)
    place.set_clip_path(edge)


def _names(
    axes: Axes,
    corner: np.ndarray,
    across: np.ndarray,
    down: np.ndarray,
    back: np.ndarray,
    lengths: tuple[int, int, int],
) -> None:
    """An arrow along each axis of a stack, with the axis' letter (the lecture's in brackets) and length."""
    t, height, width = lengths
    gap = 0.12  # inches between the stack and an arrow
    _arrow(axes, corner - (gap, 0), down, f"H (N)\n{height}", (-6, 0), "right", "center")
    _arrow(axes, corner + down - (0, gap), across, f"W (M)\n{width}", (-8, -5), "center", "top")
    _arrow(axes, corner + across + down - (-gap, gap / 2), back, f"T\n{t}", (8, -4), "left", "top")


def _arrow(
    axes: Axes, start: np.ndarray, along: np.ndarray, text: str, offset: tuple[int, int], ha: str, va: str
) -> None:
    style = {"arrowstyle": "->", "color": FAINT, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", tuple(start + along), tuple(start), arrowprops=style)
    middle = tuple(start + along / 2)
    axes.annotate(text, middle, offset, textcoords="offset points", ha=ha, va=va, fontsize=10.5)
