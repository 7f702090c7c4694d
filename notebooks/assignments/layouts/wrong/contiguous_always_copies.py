"""contiguous and reshape are thought to copy always, flip never.

loses: task-3-copies
says: 4 of the twelve lines are wrong
"""

# %% task-3

import math


def strides(shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[axis + 1 :]) for axis in order)


def copies() -> dict[str, bool]:
    return {
        "x[[0, 2, 4]]": True,
        "x.flip(0)": False,
        "y.contiguous()": True,
        "y.flatten(1)": True,
        "x.float()": True,
        "torch.stack([*x])": True,
        "x[:, :, ::2]": False,
        "x.contiguous()": True,
        "y.flatten(2)": True,
        "x.reshape(36, -1)": True,
        "x.to(x.dtype)": False,
        "x[None].expand(5, -1, -1, -1, -1)": False,
    }
