"""The sheet is mended, but it is filled column by column; the wrong pair is named.

loses: task-6-sheet, task-6-axes
says: the frames run down the columns
warned: "The check of your pair does not tell you whether it is the right one."
"""

import torch

# %% task-6


def sheet(clip: torch.Tensor, columns: int) -> torch.Tensor:
    t, c, h, w = clip.shape
    grid = clip.reshape(columns, t // columns, c, h, w)
    return grid.permute(2, 1, 3, 0, 4).reshape(c, t // columns * h, columns * w)


def wrong_axes() -> tuple[str, str]:
    return "rows", "columns"
