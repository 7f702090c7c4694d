"""The number of places is rounded up.

loses: task-1-values/kernel and stride
says: you rounded up
"""


# %% task-1
def output_size(size, kernel, stride=1, padding=(0, 0), dilation=1):
    before, after = padding
    room = before + size + after - dilation * (kernel - 1) - 1
    if room < 0:
        raise ValueError(f"kernel {kernel}, dilation {dilation} on size {size}, padding {before} and {after}")
    return -(-room // stride) + 1
