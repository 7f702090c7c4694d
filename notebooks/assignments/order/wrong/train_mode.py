# ruff: noqa: F821 - the notebook has the other names
"""The trained model is given back in train mode.

loses: task-4-rules
says: not in evaluation mode
"""

import torch
from torch import nn

from coursekit import train


# %% task-4
def learn(rows: torch.Tensor, labels: torch.Tensor) -> nn.Module:
    classes = int(labels.max()) + 1
    return train.fit(lambda: build(4, classes), rows, labels, epochs=40, rate=1e-2).model.train()
