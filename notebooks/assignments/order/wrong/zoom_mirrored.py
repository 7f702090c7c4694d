"""Zooming in becomes zooming out in this mirror.

loses: task-2-test/labels
says: zooming in into zooming out
"""

import torch


# %% task-2
def mirror(
    rows: torch.Tensor, labels: torch.Tensor, grid: tuple[int, int] = (2, 2)
) -> tuple[torch.Tensor, torch.Tensor]:
    places = rows.unflatten(2, (-1, *grid))
    return places.flip(4).flatten(2), torch.tensor([1, 0, 2, 3, 5, 4, 6])[labels]
