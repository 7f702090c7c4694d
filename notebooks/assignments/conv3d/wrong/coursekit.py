"""The package's own function does the work.

loses: task-1-values, task-1-error
says: is not allowed
"""

# %% task-1
from coursekit import conv


def output_size(size, kernel, stride=1, padding=(0, 0), dilation=1):
    return conv.output_size(size + sum(padding), kernel, stride, 0, dilation)
