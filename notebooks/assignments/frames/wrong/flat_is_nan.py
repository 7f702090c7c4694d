"""The correlation of a flat frame is 0 / 0.

loses: task-4-correlation/frames of a single value
says: some values are not finite
"""

import torch

# %% task-4


def change(clip: torch.Tensor) -> torch.Tensor:
    values = clip.flatten(1).float()
    return (values[1:] - values[:-1]).abs().mean(dim=1)


def correlation(clip: torch.Tensor, lag: int = 1) -> torch.Tensor:
    values = clip.flatten(1).float()
    values = values - values.mean(dim=1, keepdim=True)
    unit = values / values.norm(dim=1, keepdim=True)
    return (unit[:-lag] * unit[lag:]).sum(dim=1)
