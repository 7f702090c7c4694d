# ruff: noqa: F821 - the notebook has the other names
"""Frames are squashed into the crop's size.

loses: task-2-test, task-5-cosines
says: squashed
"""

import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from coursekit import encoders


# %% task-2
def prepare(frames: torch.Tensor, how: encoders.Preprocessing = HOW) -> torch.Tensor:
    mode = InterpolationMode(how.interpolation)
    x = transforms.resize(frames, list(how.crop), mode, antialias=True).float() / 255
    mean, std = torch.tensor(how.mean)[:, None, None], torch.tensor(how.std)[:, None, None]
    return (x - mean) / std
