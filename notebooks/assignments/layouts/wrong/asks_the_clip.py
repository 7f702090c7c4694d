"""The strides are read off a tensor that is made from the clip of the setup.

loses: task-3-strides
says: stride is not allowed
"""

# %% task-3a


def strides(shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    return clip.new_empty(shape, device="meta").permute(order).stride()  # noqa: F821 - the assignment's
