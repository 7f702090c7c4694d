"""The lag is always 1.

loses: task-1-test
says: where is the lag?
"""

import torch
import torch.nn.functional as F


# %% task-1
def likeness(rows: torch.Tensor, places: int = 4, lag: int = 1) -> torch.Tensor:
    parts = F.normalize(rows.unflatten(2, (-1, places)), dim=2)
    return torch.einsum("ntci,ntcj->ntij", parts[:, :-1], parts[:, 1:])
