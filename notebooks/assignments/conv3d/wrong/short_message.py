"""The message of the error has no numbers.

loses: task-1-error/the message
says: should name
"""


# %% task-1
def output_size(size, kernel, stride=1, padding=(0, 0), dilation=1):
    room = sum(padding) + size - dilation * (kernel - 1) - 1
    if room < 0:
        raise ValueError("the kernel does not fit")
    return room // stride + 1
