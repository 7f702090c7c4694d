"""The order is read as where each axis goes, not as where it comes from.

loses: task-3-strides
says: not where the first one goes
"""

# %% task-3

import math


def strides(shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    steps = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    return tuple(steps[order.index(axis)] for axis in range(len(order)))


def copies() -> dict[str, bool]:
    return {
        "x[[0, 2, 4]]": True,
        "x.flip(0)": True,
        "y.contiguous()": True,
        "y.flatten(1)": True,
        "x.float()": True,
        "torch.stack([*x])": True,
        "x[:, :, ::2]": False,
        "x.contiguous()": False,
        "y.flatten(2)": False,
        "x.reshape(36, -1)": False,
        "x.to(x.dtype)": False,
        "x[None].expand(5, -1, -1, -1, -1)": False,
    }
