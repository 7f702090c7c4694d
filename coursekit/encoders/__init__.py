"""Networks that turn a frame, or a window of frames, into k numbers: without their decision layer.

    encoder = encoders.load("efficientnet_lite0")      # needs no download; k = 1280
    rows = encoder(frames)                             # uint8 (T, 3, H, W) -> float32 (T, 1280)
    names = encoder.names(rows[0])                     # what the decision layer would have said

An encoder carries the preprocessing of its weights, and is in evaluation and inference mode by construction:
no gradients, no dropout, batch normalisation with its stored statistics. Random weights come only when asked
for by name.

Source: Lecture 56, 22:28 (an ImageNet network without its decision layer: 3 x M x N to k).
"""

from coursekit.encoders._encoder import Encoder, load
from coursekit.encoders._networks import DEFAULT, NAMES, Preprocessing, WeightsError, weights_hash
from coursekit.encoders._sliding_window import Windows

__all__ = [
    "DEFAULT",
    "NAMES",
    "Encoder",
    "Preprocessing",
    "WeightsError",
    "Windows",
    "load",
    "weights_hash",
]
