"""The columns get length 1 instead of the rows.

loses: task-4-test, task-5-cosines
says: the length of a row is meant
"""

import torch
import torch.nn.functional as F


# %% task-4
def cosines(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return F.normalize(a, dim=0) @ F.normalize(b, dim=0).T
