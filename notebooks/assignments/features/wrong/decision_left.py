"""The network is copied and put in evaluation mode, but its decision layer stays.

loses: task-1-test, task-5-cosines
says: the decision layer is still there
"""

import copy

from torch import nn


# %% task-1
def without_decision(network: nn.Module) -> nn.Module:
    return copy.deepcopy(network).eval().requires_grad_(False)
