"""The layers are taken off the caller's list.

loses: task-2-sums/shape and parameters
says: the list of layers after stack_account
"""

import math


# %% task-2
def stack_account(shape: tuple[int, int, int, int], layers: list[dict]) -> dict:
    parameters = macs = inference = 0
    training = 4 * math.prod(shape)
    while layers:
        layer = layers.pop(0)
        account = layer_account(shape, layer)  # noqa: F821
        parameters += account["weights"] + account["biases"]
        macs += account["macs"]
        inference = max(inference, account["activation_bytes"])
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
