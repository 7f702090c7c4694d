"""Networks that turn a frame, or a window of frames, into k numbers: without their decision layer.

    encoder = encoders.load("efficientnet_lite0")      # needs no download; k = 1280
    rows = encoder(frames)                             # uint8 (T, 3, H, W) -> float32 (T, 1280)
    names = encoder.names(rows[0])                     # what the decision layer would have said
    encoder = encoders.load("timm/vit_small_patch14_dinov2.lvd142m")    # DINOv2; downloaded once

An encoder carries the preprocessing of its weights, and is in evaluation and inference mode by construction:
no gradients, no dropout, batch normalisation with its stored statistics. Random weights come only when asked
for by name.

Source: Lecture 56, 22:28 (an ImageNet network without its decision layer: 3 x M x N to k).
"""

from coursekit.encoders._encoder import Encoder, load
from coursekit.encoders._flow import flow
from coursekit.encoders._networks import NAMES
from coursekit.encoders._raft import FLOW_STATISTICS
from coursekit.encoders._sliding_window import Windows
from coursekit.encoders._weights import DEFAULT, Preprocessing, WeightsError, weights_hash

__all__ = [
    "DEFAULT",
    "FLOW_STATISTICS",
    "NAMES",
    "Encoder",
    "Preprocessing",
    "WeightsError",
    "Windows",
    "flow",
    "load",
    "weights_hash",
]
