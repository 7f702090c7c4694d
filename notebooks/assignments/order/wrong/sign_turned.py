"""The odd part has the other sign.

loses: task-1-test/odd, task-1-test/other
says: the sign is turned
"""

import torch


# %% task-1
def even_and_odd(measure, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    forwards, backwards = measure(rows), measure(rows.flip(1))
    return (forwards + backwards) / 2, (backwards - forwards) / 2
