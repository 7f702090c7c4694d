"""A convolution of the library, under another name, does the work.

loses: task-2-values, task-2-causal
says: conv3d is not allowed: write it yourself, without names with 'conv'
"""

import torch.nn.functional as F

# %% task-2
from torch.nn.functional import conv3d as library


def conv3d(clip, kernels, stride=(1, 1, 1), causal=False):
    if causal:
        clip = F.pad(clip, (0, 0, 0, 0, kernels.shape[2] - 1, 0))
    return library(clip[None], kernels, stride=stride)[0]
