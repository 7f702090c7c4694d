"""The strides are read off a tensor without data.

loses: task-3-strides
says: the module torch is not allowed
"""

# %% task-3a
import torch


def strides(shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    return torch.empty(shape, device="meta").permute(order).stride()
