"""The frames are squashed into the crop, so that circles become ellipses.

loses: task-2-test/picture, task-5-test/places, task-5-test/cosines
says: squashed: only the shorter side
"""

import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms


# %% task-2
def prepare(
    frames, resize=256, crop=(224, 224), interpolation="bicubic", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
):
    x = transforms.resize(frames, list(crop), InterpolationMode(interpolation), antialias=True).float() / 255
    return (x - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
