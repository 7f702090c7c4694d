"""The strides are computed as if permute moved the values.

loses: task-3-strides
says: those are the strides of a copy
"""

# %% task-3a

import math


def strides(shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    lengths = [shape[axis] for axis in order]
    return tuple(math.prod(lengths[axis + 1 :]) for axis in range(len(order)))
