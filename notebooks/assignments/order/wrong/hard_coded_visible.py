"""Hard-coded to the visible examples: 2 channels in 3 places, and tables of 3 x 3.

loses: task-1-test, task-2-test, task-3-budget, task-3-order, task-4-rules, task-4-accuracy
says: unflatten
"""

import torch
import torch.nn.functional as F


# %% task-1
def likeness(rows: torch.Tensor, places: int = 4, lag: int = 1) -> torch.Tensor:
    parts = F.normalize(rows.unflatten(2, (2, 3)), dim=2)
    return torch.einsum("ntci,ntcj->ntij", parts[:, :-lag], parts[:, lag:])


# %% task-2
def direction(tables: torch.Tensor) -> torch.Tensor:
    difference = (tables - tables.transpose(2, 3)).mean(1)
    return torch.stack([difference[:, 0, 1], difference[:, 0, 2], difference[:, 1, 2]], dim=1)
