"""The places of one frame are compared, never two frames.

loses: task-4-rules/order, task-4-film
says: a clip and its reverse get the same descriptor
"""

import torch
import torch.nn.functional as F


# %% task-4
def describe(rows: torch.Tensor) -> torch.Tensor:
    places = F.normalize(rows.unflatten(2, (-1, 4)), dim=2)
    return torch.einsum("ntci,ntcj->nij", places, places).flatten(1) / rows.shape[1]
