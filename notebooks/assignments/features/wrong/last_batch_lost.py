"""Only whole batches are taken; the rest of the film is lost.

loses: task-3-batches, task-3-values, task-5-shots, task-5-cosines
says: the frames of the last, smaller batch are missing
"""

import torch


# %% task-3
def extract(frames, network, prepare, batch=4):
    network.eval()
    rows = []
    with torch.inference_mode():
        for start in range(0, len(frames) - batch + 1, batch):
            rows.append(network(prepare(frames[start : start + batch])))
    return torch.cat(rows) if rows else torch.zeros(0, 3)
