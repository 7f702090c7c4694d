"""Several versions of one clip under each other, at the same moments: what differs, and what does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap

import torch

from coursekit._shared._text import sentence
from coursekit.show._figure import DPI, WIDTH, Picture, figure, render
from coursekit.show._pixels import check_clip, describe, to_pixels

_LABEL = 1.5  # inches for the names of the rows


def gallery(clips: Mapping[str, torch.Tensor], *, frames: Sequence[int], title: str | None = None) -> Picture:
    """A row for each clip, a column for each frame number.

    Args:
        clips: {"label": uint8 (T, C, H, W)}. Sizes may differ: each clip keeps its proportions.
        frames: the numbers of the frames to show, in each of the clips.
        title: what the picture shows; the alternative text begins with it.

    Raises:
        TypeError, ValueError: no clips, something else than such clips, no frames, or a number that one of
            the clips does not have.
    """
    if not clips:
        raise ValueError("clips must hold at least one clip, got none")
    checked = {label: check_clip(clip, f'clips["{label}"]') for label, clip in clips.items()}
    if not frames:
        raise ValueError("frames must name at least one frame, got none")
    for label, clip in checked.items():
        missing = [t for t in frames if not 0 <= t < len(clip)]
        if missing:
            raise ValueError(f'frames has {missing[0]}, but clips["{label}"] has frames 0 to {len(clip) - 1}')
    wide = (WIDTH - _LABEL) / len(frames)  # inches for one frame
    heights = [wide * min(1.0, clip.shape[2] / clip.shape[3]) for clip in checked.values()]
    with figure(WIDTH, sum(heights) + 0.08 * len(heights) + (0.75 if title else 0.35), gap=0.01) as fig:
        grid = fig.subplots(len(checked), len(frames), squeeze=False, height_ratios=heights)
        for row, (label, clip) in zip(grid, checked.items(), strict=True):
            for axes, t in zip(row, frames, strict=True):
                pixels = to_pixels(clip[t], round(wide * DPI))
                axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)
                axes.set(xticks=[], yticks=[])
                axes.spines[:].set_visible(False)
            row[0].set_ylabel("\n".join(wrap(label, 14)), rotation=0, ha="right", va="center", labelpad=8)
        for axes, t in zip(grid[0], frames, strict=True):
            axes.set_title(f"frame {t}", fontsize=11)
        if title:
            fig.suptitle(title)
        each = "; ".join(f"{label} ({describe(clip)})" for label, clip in checked.items())
        numbers = ", ".join(map(str, frames))
        return render(fig, sentence(title, f"Frames {numbers} of {len(checked)} clips, one row each: {each}"))
