"""An encoder small enough to be checked by eye: the mean of red, green and blue."""

import torch
from torch import nn

from coursekit import encoders


class Means(nn.Module):
    """Images (B, 3, H, W) to (B, 3)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((-2, -1)).flatten(1)


class MeansOfWindows(nn.Module):
    """The same for windows (B, 3, T, H, W)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((-3, -2, -1))


def means(windows: encoders.Windows | None = None) -> encoders.Encoder:
    """The encoder: of frames, or of windows."""
    plain = encoders.Preprocessing(24, (24, 32), "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    network = MeansOfWindows() if windows else Means()
    return encoders.load(network, preprocessing=plain, windows=windows)
