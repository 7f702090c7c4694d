"""The pairs below the diagonal.

loses: task-2-test
says: below the diagonal
"""

import torch


# %% task-2
def direction(tables: torch.Tensor) -> torch.Tensor:
    difference = (tables - tables.transpose(2, 3)).mean(1)
    i, j = torch.tril_indices(tables.shape[2], tables.shape[3], offset=-1)
    return difference[:, i, j]
