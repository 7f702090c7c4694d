"""The 3D network uses the 2D network's own bias.

loses: task-3-moving/no shared memory
says: those of the inflated one were set to 0
"""

import torch
from torch import nn


# %% task-3
def inflate(network: nn.Sequential, frames: int) -> nn.Sequential:
    inflated = nn.Sequential()
    for layer in network:
        if isinstance(layer, nn.ReLU):
            inflated.append(nn.ReLU())
            continue
        new = nn.Conv3d(
            layer.in_channels,
            layer.out_channels,
            kernel_size=(frames, *layer.kernel_size),
            stride=(1, *layer.stride),
            padding=(frames // 2, *layer.padding),
            groups=layer.groups,
            bias=layer.bias is not None,
        )
        with torch.no_grad():
            new.weight.copy_(layer.weight[:, :, None] / frames)  # (K, C / G, 1, h, w) for every frame
            if layer.bias is not None:
                new.bias = layer.bias
        inflated.append(new)
    return inflated
