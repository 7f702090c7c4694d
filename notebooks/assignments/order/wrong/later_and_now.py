"""Now and later are swapped.

loses: task-1-test
says: yours are swapped
"""

import torch
import torch.nn.functional as F


# %% task-1
def likeness(rows: torch.Tensor, places: int = 4, lag: int = 1) -> torch.Tensor:
    parts = F.normalize(rows.unflatten(2, (-1, places)), dim=2)
    return torch.einsum("ntci,ntcj->ntij", parts[:, lag:], parts[:, :-lag])
