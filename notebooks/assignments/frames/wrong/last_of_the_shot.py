"""The frame before the event is named.

loses: task-5-cuts, task-5-repeats
says: those are the last frames of the shots
"""

import torch

# %% task-5


def events(clip: torch.Tensor) -> tuple[list[int], list[int]]:
    cuts = (correlation(clip) < 0.4).nonzero().flatten()  # noqa: F821 - the assignment's
    repeats = (change(clip) == 0).nonzero().flatten()  # noqa: F821
    return cuts.tolist(), repeats.tolist()
