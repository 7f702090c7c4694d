# ruff: noqa: F821 - the notebook has the other names
"""A GRU of 64 units: far over the budget.

loses: task-3-budget, task-4-rules, task-4-accuracy
says: at most 2,000 are allowed
"""

import torch
from torch import nn


# %% task-3
def build(places: int, classes: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.read = nn.GRU(places**2, 64, batch_first=True)
            self.decide = nn.Linear(64, classes)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return self.decide(self.read(likeness(rows, places).flatten(2))[0][:, -1])

    return Model()
