"""A network with random weights of its own reads the rows: far more weights than 2,000.

loses: task-4-rules/channels, task-4-film
says: some channel is special
"""

import torch


# %% task-4
def describe(rows: torch.Tensor) -> torch.Tensor:
    from torch import nn

    torch.manual_seed(0)
    network = nn.GRU(rows.shape[2], 64, batch_first=True)
    with torch.no_grad():
        return network(rows)[0][:, -1]
