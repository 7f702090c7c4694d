"""The last row less the first: order counts, but the pictures are learnt, and the budget is broken.

loses: task-3-budget, task-4-rules, task-4-accuracy
says: at most 2,000 are allowed
"""

import torch
import torch.nn.functional as F
from torch import nn


# %% task-3
def build(places: int, classes: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.decide = nn.Linear(768, classes)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            change = rows[:, -1] - rows[:, 0]
            return self.decide(F.pad(change, (0, 768 - change.shape[1])))

    return Model()
