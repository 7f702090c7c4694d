"""The sum is written into what the measurement gave, which can be a view of the rows.

loses: task-1-test/other
says: must not be changed
"""

import torch


# %% task-1
def even_and_odd(measure, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    forwards, backwards = measure(rows), measure(rows.flip(1))
    odd = (forwards - backwards) / 2
    forwards += backwards
    return forwards / 2, odd
