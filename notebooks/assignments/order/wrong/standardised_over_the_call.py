"""The numbers are standardised over the clips of the call.

loses: task-4-rules/company, task-4-film
says: not finite
"""

import torch
import torch.nn.functional as F


# %% task-4
def describe(rows: torch.Tensor) -> torch.Tensor:
    places = F.normalize(rows.unflatten(2, (-1, 4)), dim=2)
    table = torch.einsum("ntci,ntcj->ntij", places[:, :-3], places[:, 3:]).mean(1)
    numbers = table.flatten(1)
    return (numbers - numbers.mean(0)) / numbers.std(0)
