"""The package's own function does the work.

loses: task-1-test, task-2-sums, task-2-memory
says: is not allowed
"""

# %% task-1
from coursekit import conv


def layer_account(shape, layer):
    got = conv.cost(
        tuple(shape[1:]),
        in_channels=shape[0],
        out_channels=layer["channels"],
        kernel=layer["kernel"],
        stride=layer["stride"],
        padding=layer["padding"],
        groups=layer["groups"],
    )
    return {
        "shape": (layer["channels"], *got.output_size),
        "weights": got.weights,
        "biases": got.biases,
        "macs": got.macs,
        "activation_bytes": got.activation_bytes,
    }
