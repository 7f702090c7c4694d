"""The channels of a place are thought to stand side by side.

loses: task-2-test/places
says: a row holds one channel after the other
"""

import torch


# %% task-2
def mirror(
    rows: torch.Tensor, labels: torch.Tensor, grid: tuple[int, int] = (2, 2)
) -> tuple[torch.Tensor, torch.Tensor]:
    places = rows.unflatten(2, (*grid, -1))
    return places.flip(3).flatten(2), torch.tensor([1, 0, 2, 3, 4, 5, 6])[labels]
