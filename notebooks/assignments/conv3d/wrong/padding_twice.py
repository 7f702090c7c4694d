"""The first padding is added at both ends.

loses: task-1-values/padding, task-1-error/a ValueError where it does not fit
says: you took the first for both ends
"""


# %% task-1
def output_size(size, kernel, stride=1, padding=(0, 0), dilation=1):
    before, after = padding
    room = size + 2 * before - dilation * (kernel - 1) - 1
    if room < 0:
        raise ValueError(f"kernel {kernel}, dilation {dilation} on size {size}, padding {before} and {after}")
    return room // stride + 1
