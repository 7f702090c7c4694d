# ruff: noqa: F821 - the notebook has the other names
"""Mean and deviation are taken off values from 0 to 255.

loses: task-2-test, task-5-cosines
says: bring 0 to 255 to 0 to 1
"""

import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from coursekit import encoders


# %% task-2
def prepare(frames: torch.Tensor, how: encoders.Preprocessing = HOW) -> torch.Tensor:
    resized = transforms.resize(frames, [how.resize], InterpolationMode(how.interpolation), antialias=True)
    cropped = transforms.center_crop(resized, list(how.crop))
    mean, std = torch.tensor(how.mean)[:, None, None], torch.tensor(how.std)[:, None, None]
    return (cropped.float() - mean) / std
