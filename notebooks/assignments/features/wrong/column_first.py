# ruff: noqa: F821 - the notebook has the other names
"""The places are column and row, and products are taken for cosines.

loses: task-5-test/places, task-5-test/cosines
says: first the row, then the column
"""

import torch
import torch.nn.functional as F


# %% task-5
def where_is(known, box, film):
    maps = [maps_of(WHOLE, LAYER, prepare(part)) for part in (known[None], film)]
    thing = pool(maps[0], [box])
    alike = F.cosine_similarity(maps[1], thing[:, :, None, None], dim=1)
    best = alike.flatten(1).max(dim=1)
    products = (maps[1] * thing[:, :, None, None]).sum(1)
    return torch.stack([best.indices % 7, best.indices // 7], dim=1), products.flatten(1).amax(1)
