"""The given network itself is put in evaluation mode and stays there, and the hook keeps no copy of the map.

loses: task-1-test/harder, task-1-test/unchanged
says: a later layer has written over your map
"""

import torch
from torch import nn


# %% task-1
def maps_of(network: nn.Module, layer: str, images: torch.Tensor) -> torch.Tensor:
    network.eval()
    outputs = []
    handle = network.get_submodule(layer).register_forward_hook(lambda *all: outputs.append(all[2]))
    with torch.no_grad():
        network(images)
    handle.remove()
    return outputs[0]
