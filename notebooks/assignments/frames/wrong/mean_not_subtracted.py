"""Cosine in place of correlation: the means of the frames are left in.

loses: task-4-correlation, task-5-cuts
says: is the mean of each frame subtracted?
"""

import torch

# %% task-4


def change(clip: torch.Tensor) -> torch.Tensor:
    values = clip.flatten(1).float()
    return (values[1:] - values[:-1]).abs().mean(dim=1)


def correlation(clip: torch.Tensor, lag: int = 1) -> torch.Tensor:
    values = clip.flatten(1).float()
    return torch.nn.functional.cosine_similarity(values[:-lag], values[lag:])
