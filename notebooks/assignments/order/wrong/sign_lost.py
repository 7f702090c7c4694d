"""The size of the difference is kept, its sign is lost. The pairs alone pass the first step.

loses: task-4-rules/order, task-4-film/film-60, task-4-film/film-70
says: is the sign kept
"""

import torch
import torch.nn.functional as F


# %% task-4
def describe(rows: torch.Tensor) -> torch.Tensor:
    places = F.normalize(rows.unflatten(2, (-1, 4)), dim=2)
    table = torch.einsum("ntci,ntcj->ntij", places[:, :-3], places[:, 3:]).mean(1)
    return torch.cat([(table - table.mT).abs(), table + table.mT], 1).flatten(1)
