"""The clips are played backwards instead.

loses: task-2-test/places, task-2-test/labels
says: that plays the clip backwards
"""

import torch


# %% task-2
def mirror(
    rows: torch.Tensor, labels: torch.Tensor, grid: tuple[int, int] = (2, 2)
) -> tuple[torch.Tensor, torch.Tensor]:
    return rows.flip(1), torch.tensor([1, 0, 3, 2, 5, 4, 6])[labels]
