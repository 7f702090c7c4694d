# ruff: noqa: F821 - the notebook has the other names
"""Only what is symmetric in the tables is kept, which has no direction.

loses: task-3-order, task-4-accuracy
says: a clip and its reverse get the same scores
"""

import torch
from torch import nn


# %% task-3
def build(places: int, classes: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale, self.decide = nn.BatchNorm1d(places**2), nn.Linear(places**2, classes)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            tables = likeness(rows, places).mean(1)
            return self.decide(self.scale((tables + tables.transpose(1, 2)).flatten(1)))

    return Model()
