# ruff: noqa: F821 - the notebook has the other names
"""The channels are reversed, as OpenCV would give them.

loses: task-2-test, task-5-cosines
says: BGR for RGB
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
    return (cropped.flip(1).float() / 255 - mean) / std
