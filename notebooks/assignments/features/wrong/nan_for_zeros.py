"""A row of zeros gives NaN.

loses: task-4-test
says: some values are not finite
"""

import torch


# %% task-4
def cosines(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a / a.norm(dim=1, keepdim=True)) @ (b / b.norm(dim=1, keepdim=True)).T
