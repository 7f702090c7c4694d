# ruff: noqa: F821 - the notebook has the other names
"""The frames are averaged before anything is compared.

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
            still = rows.mean(1, keepdim=True).expand(-1, 2, -1)
            return self.decide(self.scale(likeness(still, places).flatten(1)))

    return Model()
