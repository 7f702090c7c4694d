"""The descriptors are sorted by class, the labels are not.

loses: task-3-test/sizes
says: are right with descriptors @ W + b
"""

import torch
from torch import nn
from coursekit import train


# %% task-3
def learn(
    descriptors: torch.Tensor, labels: torch.Tensor, validation: tuple[torch.Tensor, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    descriptors = descriptors[labels.argsort(stable=True)]
    mean, deviation = descriptors.mean(0), descriptors.std(0).clamp(min=1e-4)
    run = train.fit(
        lambda: nn.Linear(descriptors.shape[1], 7),
        (descriptors - mean) / deviation,
        labels,
        validation=((validation[0] - mean) / deviation, validation[1]),
        epochs=30,
        rate=3e-2,
        seed=0,
        progress=False,
    )
    w = run.model.weight.detach().T / deviation[:, None]
    return w, run.model.bias.detach() - mean @ w
