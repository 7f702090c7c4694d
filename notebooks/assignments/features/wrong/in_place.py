"""The network that was given loses its decision layer itself; there is no copy.

loses: task-1-test, task-5-cosines
says: you changed the network that you were given
"""

from torch import nn


# %% task-1
def without_decision(network: nn.Module) -> nn.Module:
    last = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)][-1]
    parent, _, child = last.rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())
    return network.eval().requires_grad_(False)
