"""The network gets batches, but the whole film is prepared first.

loses: task-3-batches
says: Prepare each batch by itself
"""

import torch


# %% task-3
def extract(frames, network, prepare, batch=4):
    network.eval()
    with torch.inference_mode():
        return torch.cat([network(part) for part in prepare(frames).split(batch)])
