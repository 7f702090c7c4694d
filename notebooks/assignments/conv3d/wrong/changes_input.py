"""The clip is used as scratch space.

loses: task-2-values/dtype and inputs
says: changes the clip or the kernels
"""

import torch
import torch.nn.functional as F


# %% task-2
def conv3d(clip, kernels, stride=(1, 1, 1), causal=False):
    given = clip
    t, h, w = kernels.shape[2:]
    if causal:
        clip = F.pad(clip, (0, 0, 0, 0, kernels.shape[2] - 1, 0))
    a, b, c = stride
    _, frames, rows, columns = clip.shape
    size = (frames - t) // a + 1, (rows - h) // b + 1, (columns - w) // c + 1
    result = clip.new_zeros(len(kernels), *size)
    for i in range(t):
        for j in range(h):
            for k in range(w):
                part = clip[:, i : i + a * (size[0] - 1) + 1 : a]
                part = part[:, :, j : j + b * (size[1] - 1) + 1 : b, k : k + c * (size[2] - 1) + 1 : c]
                result += torch.einsum("kc,cthw->kthw", kernels[:, :, i, j, k], part)
    given.zero_()
    return result
