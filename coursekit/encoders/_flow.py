"""The optical flow of a clip, as a field."""

from __future__ import annotations

import copy

import torch
from torch.nn.functional import pad

from coursekit import layout
from coursekit.device import move
from coursekit.encoders._encoder import Encoder
from coursekit.encoders._raft import Raft

SIDE = 128  # pixels: the smallest that RAFT can look at


def flow(frames: torch.Tensor, encoder: Encoder) -> torch.Tensor:
    """Where each pixel of a frame is in the next frame.

        raft = encoders.load("raft_small")
        field = encoders.flow(clip, raft)                       # (T - 1, 2, H, W)
        colours = torchvision.utils.flow_to_image(field)        # uint8 (T - 1, 3, H, W), for a film strip

    The frames keep their size. A frame whose sides 8 does not divide, or smaller than 128 pixels, is
    continued by its border pixels first, and the field is cut to the frame afterwards.

    Args:
        frames: uint8 (T, 3, H, W), RGB, with at least two frames.
        encoder: `encoders.load("raft_small")`, or "raft_large".

    Returns:
        float32 (T - 1, 2, H, W) on the CPU: how far to the right, how far down, in pixels per frame.

    Raises:
        LayoutError, TypeError, ValueError: not such a clip, a single frame, or another encoder.
    """
    network = encoder.network
    if not isinstance(network, Raft):
        raise ValueError(
            f"{encoder.name} gives no optical flow: take encoders.load('raft_small') or 'raft_large'"
        )
    layout.check(frames, "TCHW", dtype="uint8", name="frames", numpy=False)
    if len(frames) < 2:
        raise ValueError("frames has one frame; the flow is from a frame to the next: give two or more")
    height, width = frames.shape[-2:]
    top, left = (_missing(side) // 2 for side in (height, width))
    border = (left, _missing(width) - left, top, _missing(height) - top)
    network = copy.deepcopy(network).to(encoder.device)
    fields = []
    with torch.inference_mode():
        for pair in frames.unfold(0, 2, 1):  # (3, H, W, 2)
            x = encoder.normalise(move(pair.permute(3, 0, 1, 2), encoder.device))  # (2, 3, H, W)
            x = pad(x, border, mode="replicate")  # (2, 3, 8 m, 8 n)
            field = network.field(x.transpose(0, 1)[None])  # (1, 2, 8 m, 8 n)
            fields.append(field[..., top : top + height, left : left + width].cpu())
    return torch.cat(fields).clone()  # (T - 1, 2, H, W); no longer an inference tensor


def _missing(side: int) -> int:
    """How many pixels a side needs more."""
    return max(SIDE, -(-side // 8) * 8) - side
