"""Products without the lengths.

loses: task-1-test
says: divide by both lengths
"""

import torch


# %% task-1
def likeness(rows: torch.Tensor, places: int = 4, lag: int = 1) -> torch.Tensor:
    parts = rows.unflatten(2, (-1, places))
    return torch.einsum("ntci,ntcj->ntij", parts[:, :-lag], parts[:, lag:])
