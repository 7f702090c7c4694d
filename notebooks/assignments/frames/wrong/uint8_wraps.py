"""The difference is taken in uint8, where it wraps around.

loses: task-4-change
says: uint8 cannot be negative
"""

import torch

# %% task-4


def change(clip: torch.Tensor) -> torch.Tensor:
    return (clip[1:] - clip[:-1]).abs().float().mean(dim=(1, 2, 3))


def correlation(clip: torch.Tensor, lag: int = 1) -> torch.Tensor:
    values = clip.flatten(1).float()
    values = values - values.mean(dim=1, keepdim=True)
    unit = torch.nn.functional.normalize(values, dim=1)
    return (unit[:-lag] * unit[lag:]).sum(dim=1)
