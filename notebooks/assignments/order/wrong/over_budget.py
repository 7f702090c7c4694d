"""Every frame is compared with every frame, and nothing is averaged.

loses: task-4-rules/size, task-4-film
says: weights; at most 2,000 are allowed
"""

import torch
import torch.nn.functional as F


# %% task-4
def describe(rows: torch.Tensor) -> torch.Tensor:
    places = F.normalize(rows.unflatten(2, (-1, 4)), dim=2)
    return torch.einsum("ntci,nscj->ntsij", places, places).flatten(1)
