"""A frame of high correlation is taken for a repeated one.

loses: task-5-repeats
says: the repeated frames of another film: expected
"""

import torch

# %% task-5


def events(clip: torch.Tensor) -> tuple[list[int], list[int]]:
    alike = correlation(clip)  # noqa: F821 - the assignment's
    cuts, repeats = (alike < 0.4).nonzero().flatten() + 1, (alike > 0.9999).nonzero().flatten() + 1
    return cuts.tolist(), repeats.tolist()
