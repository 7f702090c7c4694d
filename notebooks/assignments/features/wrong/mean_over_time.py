"""The rows are averaged over time.

loses: task-3-batches, task-3-values, task-5-shots, task-5-cosines
says: averaged over time
"""

import torch


# %% task-3
def extract(frames, network, prepare, batch=4):
    network.eval()
    with torch.inference_mode():
        return torch.cat([network(prepare(part)) for part in frames.split(batch)]).mean(0)
