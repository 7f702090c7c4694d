"""Each cell that a box touches counts as a whole one, and several boxes stand together for each channel.

loses: task-3-test/cut, task-3-test/several, task-5-test/cosines
says: each cell that is touched counted as a whole one
"""

import torch


# %% task-3
def pool(maps, boxes):
    import math

    rows = []
    for top, left, bottom, right in boxes:
        height, width = maps.shape[2:]
        down = slice(math.floor(top * height), math.ceil(bottom * height))
        across = slice(math.floor(left * width), math.ceil(right * width))
        rows.append(maps[:, :, down, across].mean((2, 3)))
    return torch.stack(rows, dim=2).flatten(1)
