"""A place without anything in it gives NaN.

loses: task-1-test
says: not finite
"""

import torch


# %% task-1
def likeness(rows: torch.Tensor, places: int = 4, lag: int = 1) -> torch.Tensor:
    parts = rows.unflatten(2, (-1, places))
    parts = parts / parts.norm(dim=2, keepdim=True)
    return torch.einsum("ntci,ntcj->ntij", parts[:, :-lag], parts[:, lag:])
