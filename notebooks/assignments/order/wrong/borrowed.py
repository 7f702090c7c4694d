"""The comparison of places is taken from the course's package, which the rule does not allow.

loses: task-4-film
says: coursekit.order is not allowed
"""

import torch


# %% task-4
def describe(rows: torch.Tensor) -> torch.Tensor:
    from coursekit import order

    return torch.cat([order.similarities(rows[:, ::lag]).mean(1) for lag in (1, 2, 3, 4)], dim=1)
