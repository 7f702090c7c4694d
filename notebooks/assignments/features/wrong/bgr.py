"""The channels are reversed, as OpenCV would give them.

loses: task-2-test/colours, task-5-test/cosines
says: BGR for RGB
"""

import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms


# %% task-2
def prepare(
    frames, resize=256, crop=(224, 224), interpolation="bicubic", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
):
    x = transforms.resize(frames.flip(1), [resize], InterpolationMode(interpolation), antialias=True)
    x = transforms.center_crop(x, list(crop)).float() / 255
    return (x - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
