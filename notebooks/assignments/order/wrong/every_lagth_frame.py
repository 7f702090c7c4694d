"""Only every lag-th frame is compared.

loses: task-1-test
says: compare frame t with t + lag, for every t
"""

import torch
import torch.nn.functional as F


# %% task-1
def likeness(rows: torch.Tensor, places: int = 4, lag: int = 1) -> torch.Tensor:
    parts = F.normalize(rows[:, ::lag].unflatten(2, (-1, places)), dim=2)
    return torch.einsum("ntci,ntcj->ntij", parts[:, :-1], parts[:, 1:])
