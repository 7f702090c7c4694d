"""0 to 255 becomes 0 to 1; mean and deviation are forgotten.

loses: task-2-test/colours, task-5-test/cosines
says: neither mean nor deviation were used
"""

from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms


# %% task-2
def prepare(
    frames, resize=256, crop=(224, 224), interpolation="bicubic", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
):
    x = transforms.resize(frames, [resize], InterpolationMode(interpolation), antialias=True)
    return transforms.center_crop(x, list(crop)).float() / 255
