# ruff: noqa: F821 - the notebook has the other names
"""It is trained for one epoch only.

loses: task-4-accuracy
says: trained too short
"""

import torch
from torch import nn

from coursekit import train


# %% task-4
def learn(rows: torch.Tensor, labels: torch.Tensor) -> nn.Module:
    classes = int(labels.max()) + 1
    return train.fit(lambda: build(4, classes), rows, labels, epochs=4, rate=1e-3).model
