"""The kernel of the lecture notebook, for motion to the left only.

loses: task-3-direction, task-3-still
says: the motion has a part downwards
"""

import torch


# %% task-3
def motion_kernel():
    kernel = torch.zeros(5, 1, 11)
    for t in range(len(kernel)):
        r, c = 0 + 0 * t, 8 + -2 * t
        kernel[t, r, c : c + 3] = torch.tensor([-1.0, 0.0, 1.0])
    return kernel
