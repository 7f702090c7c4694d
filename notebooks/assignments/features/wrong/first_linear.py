"""The first fully connected layer is replaced, not the last one.

loses: task-1-test
says: expected a float32 tensor of shape (3, 11)
"""

import copy

from torch import nn


# %% task-1
def without_decision(network: nn.Module) -> nn.Module:
    chopped = copy.deepcopy(network).eval().requires_grad_(False)
    if isinstance(getattr(chopped, "classifier", None), nn.Linear):
        chopped.classifier = nn.Identity()
        return chopped
    first = next(name for name, layer in chopped.named_modules() if isinstance(layer, nn.Linear))
    parent, _, child = first.rpartition(".")
    setattr(chopped.get_submodule(parent), child, nn.Identity())
    return chopped
