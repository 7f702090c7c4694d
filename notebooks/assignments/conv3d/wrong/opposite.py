"""The kernel moves up and to the right.

loses: task-3-direction
says: do its values go the wrong way
"""

import torch


# %% task-3
def motion_kernel():
    kernel = torch.zeros(7, 7, 15)
    for t in range(len(kernel)):
        r, c = 6 + -1 * t, 0 + 2 * t
        kernel[t, r, c : c + 3] = torch.tensor([-1.0, 0.0, 1.0])
    return kernel - kernel.mean(dim=0)
