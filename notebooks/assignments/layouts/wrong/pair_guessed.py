"""The sheet is right, but the pair is the one that one would guess.

loses: task-6-axes
says: with H and W exchanged
warned: "The check of your pair does not tell you whether it is the right one."
"""

import torch

# %% task-6


def sheet(clip: torch.Tensor, columns: int) -> torch.Tensor:
    rows = [torch.cat([*row], dim=2) for row in clip.split(columns)]
    return torch.cat(rows, dim=1)


def wrong_axes() -> tuple[str, str]:
    return "H", "W"
