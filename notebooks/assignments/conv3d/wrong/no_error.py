"""A kernel that does not fit gives a number.

loses: task-1-error
says: expected a ValueError, got 'no error'
"""


# %% task-1
def output_size(size, kernel, stride=1, padding=(0, 0), dilation=1):
    return max(0, (size + sum(padding) - dilation * (kernel - 1) - 1) // stride + 1)
