# ruff: noqa: F821 - the notebook has the other names
"""The GRU reads the clips of a batch as if they were moments.

loses: task-3-order, task-4-rules, task-4-accuracy
says: depend on the other clips
"""

import torch
from torch import nn


# %% task-3
def build(places: int, classes: int) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.read = nn.GRU(places**2, 16, batch_first=False)
            self.decide = nn.Linear(16, classes)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return self.decide(self.read(likeness(rows, places).flatten(2))[0][:, -1])

    return Model()
