"""The windows are stacked: right values, in new memory.

loses: task-5-view
says: they are a copy
"""

import torch

# %% task-5


def windows(clip: torch.Tensor, length: int, step: int) -> torch.Tensor:
    starts = range(0, clip.shape[1] - length + 1, step)
    return torch.stack([clip[:, start : start + length] for start in starts])
