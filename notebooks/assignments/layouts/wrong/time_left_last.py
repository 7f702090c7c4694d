"""unfold leaves the frames of a window last.

loses: task-5-values, task-5-view
says: time is last
"""

import torch

# %% task-5


def windows(clip: torch.Tensor, length: int, step: int) -> torch.Tensor:
    return clip.unfold(1, length, step).transpose(0, 1)
