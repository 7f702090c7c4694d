"""The decision layer is taken off with children(), so all that `forward` does is lost.

loses: task-1-test
says: a gated network
"""

import copy

from torch import nn


# %% task-1
def without_decision(network: nn.Module) -> nn.Module:
    layers = list(copy.deepcopy(network).eval().requires_grad_(False).children())[:-1]
    return nn.Sequential(*layers).eval()
