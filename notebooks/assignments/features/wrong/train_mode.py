"""The network stays in the mode it came in, which is train mode.

loses: task-3-batches, task-3-values
says: the network was in train mode
"""

import torch


# %% task-3
def extract(frames, network, prepare, batch=4):
    with torch.inference_mode():
        return torch.cat([network(prepare(part)) for part in frames.split(batch)])
