"""Numbers of very different sizes go into the layer as they are.

loses: task-3-test/sizes
says: did you standardise
"""

import torch
from torch import nn
from coursekit import train


# %% task-3
def learn(
    descriptors: torch.Tensor, labels: torch.Tensor, validation: tuple[torch.Tensor, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    run = train.fit(
        lambda: nn.Linear(descriptors.shape[1], 7),
        descriptors,
        labels,
        validation=validation,
        epochs=30,
        rate=3e-2,
        progress=False,
    )
    return run.model.weight.detach().T, run.model.bias.detach()
