"""Resized without antialiasing, and always bilinear.

loses: task-2-test/picture
says: prepare, wide frames
"""

import torch
from torchvision.transforms.v2 import functional as transforms


# %% task-2
def prepare(
    frames, resize=256, crop=(224, 224), interpolation="bicubic", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
):
    x = transforms.center_crop(transforms.resize(frames, [resize], antialias=False), list(crop)).float() / 255
    return (x - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
