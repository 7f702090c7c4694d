"""Each row is reversed, not the order of the rows.

loses: task-1-test/even, task-1-test/odd, task-1-test/other
says: that reverses each row
"""

import torch


# %% task-1
def even_and_odd(measure, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    forwards, backwards = measure(rows), measure(rows.flip(2))
    return (forwards + backwards) / 2, (forwards - backwards) / 2
