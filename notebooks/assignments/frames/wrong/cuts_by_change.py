"""Cuts are found by the change in grey levels: a lamp, and the dark, fool it.

loses: task-5-cuts
says: has fooled the change
"""

import torch

# %% task-5


def events(clip: torch.Tensor) -> tuple[list[int], list[int]]:
    moved = change(clip)  # noqa: F821 - the assignment's
    return ((moved > 35).nonzero().flatten() + 1).tolist(), ((moved == 0).nonzero().flatten() + 1).tolist()
