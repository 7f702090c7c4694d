# ruff: noqa: F821 - the notebook has the other names
"""Mean and deviation are always those of the visible network: hard-coded to the visible example.

loses: task-2-test
says: our network's mean and deviation
"""

import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from coursekit import encoders


# %% task-2
def prepare(frames: torch.Tensor, how: encoders.Preprocessing = HOW) -> torch.Tensor:
    resized = transforms.resize(frames, [how.resize], InterpolationMode(how.interpolation), antialias=True)
    return transforms.center_crop(resized, list(how.crop)).float() / 127.5 - 1
