"""RAFT, torchvision's network for optical flow, as an encoder of motion: a row for each pair of frames.

Source: Teed and Deng, RAFT: Recurrent All-Pairs Field Transforms for Optical Flow, ECCV 2020. The histogram
of directions is that of Laptev et al., Learning Realistic Human Actions from Movies, CVPR 2008 (HOF).
"""

from __future__ import annotations

import math

import torch

from coursekit.encoders._sliding_window import Windows
from coursekit.encoders._torchvision import download
from coursekit.encoders._weights import Adapted, Built, Preprocessing, take

UPDATES = 12  # of the flow; torchvision's default, and that of its accuracy tables
DIRECTIONS = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")
FLOW_STATISTICS = (
    "mean x", "mean y", "deviation x", "deviation y", "mean length", *(f"towards {d}" for d in DIRECTIONS)
)  # fmt: skip


def build(name: str, pretrained: bool) -> Built:
    """`raft_small` (1.0 million parameters) or `raft_large` (5.3 million).

    The whole frame is made 424 x 240 pixels large: RAFT needs sides that 8 divides, at least 128 pixels long.

    Raises:
        WeightsError: its weights cannot be had.
    """
    from torchvision.models import get_model, get_model_weights

    source = get_model_weights(name).DEFAULT
    network = get_model(name, weights=None)
    if pretrained:
        take(network, download(name, source), f"torchvision's {source}")
    half = (0.5, 0.5, 0.5)
    preprocessing = Preprocessing((240, 424), (240, 424), "bilinear", half, half)
    return Built(Raft(network), "", None, preprocessing, Windows(2, 1), (), str(source))


class Raft(Adapted):
    """The statistics of the flow in pairs of frames, float32 (B, 3, 2, H, W) from -1 to 1, to (B, 13)."""

    def field(self, x: torch.Tensor) -> torch.Tensor:
        """The flow from each first frame to the second (B, 2, H, W): to the right, down, in pixels."""
        flow: torch.Tensor = self.inner(x[:, :, 0], x[:, :, 1], num_flow_updates=UPDATES)[-1]
        return flow

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Statistics (B, 13)."""
        return statistics(self.field(x))


def statistics(flow: torch.Tensor) -> torch.Tensor:
    """What a field of motion is like, in 13 numbers, all in its pixels: `FLOW_STATISTICS`.

    The mean and the standard deviation of both components; the mean length; and the mean length of what
    moves in each of eight directions (45 degrees wide), which add up to the mean length of all.

    Args:
        flow: float (B, 2, H, W): to the right, down.

    Returns:
        float (B, 13).
    """
    x, y = flow.flatten(2).unbind(1)  # (B, H * W) each
    length = torch.hypot(x, y)  # (B, H * W)
    eighth = (torch.atan2(y, x) / (math.pi / 4)).round().long() % 8  # (B, H * W), 0: to the right
    sums = torch.zeros(len(flow), 8, dtype=flow.dtype, device=flow.device).scatter_add(1, eighth, length)
    moments = [x.mean(1), y.mean(1), x.std(1, correction=0), y.std(1, correction=0), length.mean(1)]
    return torch.cat([torch.stack(moments, 1), sums / x.shape[1]], 1)
