"""The size of the difference is kept, its sign is lost.

loses: task-2-test, task-3-order, task-4-accuracy
says: the sign is the direction
"""

import torch


# %% task-2
def direction(tables: torch.Tensor) -> torch.Tensor:
    difference = (tables - tables.transpose(2, 3)).mean(1).abs()
    i, j = torch.triu_indices(tables.shape[2], tables.shape[3], offset=1)
    return difference[:, i, j]
