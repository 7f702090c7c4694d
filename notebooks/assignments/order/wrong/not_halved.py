"""Sum and difference, without dividing by two.

loses: task-1-test/even, task-1-test/odd, task-1-test/other
says: that is the sum
"""

import torch


# %% task-1
def even_and_odd(measure, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    forwards, backwards = measure(rows), measure(rows.flip(1))
    return forwards + backwards, forwards - backwards
