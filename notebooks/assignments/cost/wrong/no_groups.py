"""The groups are forgotten.

loses: task-1-test, task-2-sums
says: where are the groups?
"""

import math


# %% task-1
def layer_account(shape: tuple[int, int, int, int], layer: dict) -> dict:
    in_channels, *sizes = shape
    axes = zip(sizes, layer["kernel"], layer["stride"], layer["padding"], strict=True)
    output = (layer["channels"], *[(n + 2 * p - k) // s + 1 for n, k, s, p in axes])
    weights = layer["channels"] * in_channels * math.prod(layer["kernel"])
    return {
        "shape": output,
        "weights": weights,
        "biases": layer["channels"],
        "macs": weights * math.prod(output[1:]),
        "activation_bytes": 4 * (math.prod(shape) + math.prod(output)),
    }
