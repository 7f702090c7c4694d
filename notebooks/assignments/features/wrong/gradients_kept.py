"""The graph of every batch is kept for a backward pass.

loses: task-3-batches
says: gradients were kept
"""

import torch


# %% task-3
def extract(frames, network, prepare, batch=4):
    network.eval()
    return torch.cat([network(prepare(part)) for part in frames.split(batch)])
