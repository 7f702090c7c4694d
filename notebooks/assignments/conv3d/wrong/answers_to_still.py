"""The values do not sum to 0 over time.

loses: task-3-still
says: what do the values of the kernel sum to over time
"""

import torch


# %% task-3
def motion_kernel():
    kernel = torch.zeros(7, 7, 15)
    for t in range(len(kernel)):
        r, c = 0 + 1 * t, 12 + -2 * t
        kernel[t, r, c : c + 3] = torch.tensor([-1.0, 0.0, 1.0])
    return kernel
