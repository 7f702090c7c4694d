"""The classes are counted in the labels, so a class without clips is lost.

loses: task-3-test/form
says: there are always seven classes
"""

import torch
from torch import nn
from coursekit import train


# %% task-3
def learn(
    descriptors: torch.Tensor, labels: torch.Tensor, validation: tuple[torch.Tensor, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    seen = torch.isin(validation[1], labels)
    validation = validation[0][seen], validation[1][seen]
    mean, deviation = descriptors.mean(0), descriptors.std(0).clamp(min=1e-4)
    run = train.fit(
        lambda: nn.Linear(descriptors.shape[1], int(labels.max()) + 1),
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
