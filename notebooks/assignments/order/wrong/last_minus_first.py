"""Each channel has a number of its own: it learns what the shots show.

loses: task-4-rules/channels, task-4-film
says: some channel is special
"""

import torch
import torch.nn.functional as F


# %% task-4
def describe(rows: torch.Tensor) -> torch.Tensor:
    return F.adaptive_avg_pool1d(rows[:, -1] - rows[:, 0], 200)
