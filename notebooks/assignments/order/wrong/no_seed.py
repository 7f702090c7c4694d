# ruff: noqa: F821 - the notebook has the other names
"""The first weights are others each time.

loses: task-4-rules
says: seed what is random
"""

import torch
from torch import nn

from coursekit import train


# %% task-4
def learn(rows: torch.Tensor, labels: torch.Tensor) -> nn.Module:
    classes = int(labels.max()) + 1
    seed = int(torch.randint(2**31, ()))
    return train.fit(lambda: build(4, classes), rows, labels, epochs=40, rate=1e-2, seed=seed).model
