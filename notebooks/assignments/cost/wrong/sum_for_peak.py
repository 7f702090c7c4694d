"""The activations of all layers are summed, as if nothing were thrown away.

loses: task-2-memory/inference
says: take the most, not the sum
"""

import math


# %% task-2
def stack_account(shape: tuple[int, int, int, int], layers: list[dict]) -> dict:
    parameters = macs = inference = 0
    training = 4 * math.prod(shape)
    for layer in layers:
        account = layer_account(shape, layer)  # noqa: F821
        parameters += account["weights"] + account["biases"]
        macs += account["macs"]
        inference = inference + account["activation_bytes"]
        shape = account["shape"]
        training += 4 * math.prod(shape)
    return {
        "shape": shape,
        "parameters": parameters,
        "model_bytes": 4 * parameters,
        "macs": macs,
        "inference_bytes": inference,
        "training_bytes": training,
    }
