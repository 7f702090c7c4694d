"""The last window that fits is left out.

loses: task-5-values
says: the last window that fits is missing
"""

import torch

# %% task-5


def windows(clip: torch.Tensor, length: int, step: int) -> torch.Tensor:
    count = (clip.shape[1] - length) // step
    return clip.unfold(1, length, step).permute(1, 0, 4, 2, 3)[: max(count, 1)]
