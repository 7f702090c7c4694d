"""The kernel is normalised by its sum, which is 0.

loses: task-3-direction, task-3-still
says: not finite
"""

import torch


# %% task-3
def motion_kernel():
    kernel = torch.zeros(7, 7, 15)
    for t in range(len(kernel)):
        r, c = 0 + 1 * t, 12 + -2 * t
        kernel[t, r, c : c + 3] = torch.tensor([-1.0, 0.0, 1.0])
    return kernel / kernel.sum()
