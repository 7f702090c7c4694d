"""Summed over the tables instead of averaged.

loses: task-2-test
says: not the sum
"""

import torch


# %% task-2
def direction(tables: torch.Tensor) -> torch.Tensor:
    difference = (tables - tables.transpose(2, 3)).sum(1)
    i, j = torch.triu_indices(tables.shape[2], tables.shape[3], offset=1)
    return difference[:, i, j]
