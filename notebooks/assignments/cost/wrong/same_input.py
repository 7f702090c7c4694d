"""Every layer is charged as if it saw the clip.

loses: task-2-sums, task-2-memory
says: a stack of 4: shape
"""

import math


# %% task-2
def stack_account(shape: tuple[int, int, int, int], layers: list[dict]) -> dict:
    clip = shape
    parameters = macs = inference = 0
    training = 4 * math.prod(shape)
    for layer in layers:
        account = layer_account(clip, layer)  # noqa: F821
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
