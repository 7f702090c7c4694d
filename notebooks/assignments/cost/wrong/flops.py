"""Multiplications and additions are counted one by one.

loses: task-1-test/MACs, task-2-sums/MACs
says: those are FLOPs
"""

import math


# %% task-1
def layer_account(shape: tuple[int, int, int, int], layer: dict) -> dict:
    in_channels, *sizes = shape
    axes = zip(sizes, layer["kernel"], layer["stride"], layer["padding"], strict=True)
    output = (layer["channels"], *[(n + 2 * p - k) // s + 1 for n, k, s, p in axes])
    weights = layer["channels"] * (in_channels // layer["groups"]) * math.prod(layer["kernel"])
    return {
        "shape": output,
        "weights": weights,
        "biases": layer["channels"],
        "macs": 2 * weights * math.prod(output[1:]),
        "activation_bytes": 4 * (math.prod(shape) + math.prod(output)),
    }
