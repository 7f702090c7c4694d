"""Dot products without the lengths.

loses: task-4-test, task-5-cosines
says: divide by both lengths
"""

import torch


# %% task-4
def cosines(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a @ b.T
