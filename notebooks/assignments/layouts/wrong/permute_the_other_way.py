"""The order is read as where each axis goes, not as where it comes from.

loses: task-3-strides
says: not where the first one goes
"""

# %% task-3a

import math


def strides(shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    steps = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    return tuple(steps[order.index(axis)] for axis in range(len(order)))
