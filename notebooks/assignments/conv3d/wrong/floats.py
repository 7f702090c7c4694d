"""The division leaves a float.

loses: task-1-values
says: it is a float. A number of places is an int: divide with //.
"""


# %% task-1
def output_size(size, kernel, stride=1, padding=(0, 0), dilation=1):
    room = sum(padding) + size - dilation * (kernel - 1) - 1
    if room < 0:
        raise ValueError(f"kernel {kernel}, dilation {dilation}: size {size}, padding {padding}")
    return (room - room % stride) / stride + 1
