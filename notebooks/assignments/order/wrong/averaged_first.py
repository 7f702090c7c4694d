"""The frames are averaged before places are compared.

loses: task-4-rules/order, task-4-film
says: a clip and its reverse get the same descriptor
"""

import torch
import torch.nn.functional as F


# %% task-4
def describe(rows: torch.Tensor) -> torch.Tensor:
    places = F.normalize(rows.mean(1).unflatten(1, (-1, 4)), dim=1)
    return torch.einsum("nci,ncj->nij", places, places).flatten(1)
