"""The copy stays in train mode; the loop of task 3 mends it for task 5.

loses: task-1-test
says: without_decision(a gated network)
"""

import copy

from torch import nn


# %% task-1
def without_decision(network: nn.Module) -> nn.Module:
    chopped = copy.deepcopy(network).requires_grad_(False)
    last = [name for name, layer in chopped.named_modules() if isinstance(layer, nn.Linear)][-1]
    parent, _, child = last.rpartition(".")
    setattr(chopped.get_submodule(parent), child, nn.Identity())
    return chopped
