"""A number that is the same for every clip is divided by almost 0.

loses: task-3-test/sizes
says: 95 % are expected
"""

import torch
from torch import nn
from coursekit import train


# %% task-3
def learn(
    descriptors: torch.Tensor, labels: torch.Tensor, validation: tuple[torch.Tensor, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    mean, deviation = descriptors.mean(0), descriptors.std(0) + 1e-8
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
