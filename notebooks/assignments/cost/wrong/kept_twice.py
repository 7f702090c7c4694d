"""What is an output and the next input is kept twice for training.

loses: task-2-memory/training
says: is kept once, not twice
"""


# %% task-2
def stack_account(shape: tuple[int, int, int, int], layers: list[dict]) -> dict:
    parameters = macs = inference = 0
    training = 0
    for layer in layers:
        account = layer_account(shape, layer)  # noqa: F821
        parameters += account["weights"] + account["biases"]
        macs += account["macs"]
        inference = max(inference, account["activation_bytes"])
        shape = account["shape"]
        training += account["activation_bytes"]
    return {
        "shape": shape,
        "parameters": parameters,
        "model_bytes": 4 * parameters,
        "macs": macs,
        "inference_bytes": inference,
        "training_bytes": training,
    }
