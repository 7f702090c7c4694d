# ruff: noqa: F821 - the notebook has the other names
"""0 to 255 becomes 0 to 1, mean and deviation are forgotten.

loses: task-2-test, task-5-cosines
says: neither mean nor deviation were used
"""

import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from coursekit import encoders


# %% task-2
def prepare(frames: torch.Tensor, how: encoders.Preprocessing = HOW) -> torch.Tensor:
    resized = transforms.resize(frames, [how.resize], InterpolationMode(how.interpolation), antialias=True)
    cropped = transforms.center_crop(resized, list(how.crop))
    return cropped.float() / 255
