# ruff: noqa: F821 - the notebook has the other names
"""The smallest cosine is taken for the most similar frame.

loses: task-5-shots, task-5-cosines
says: the *largest* cosine
"""

import torch


# %% task-5
def find_shots(known: torch.Tensor, asked: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    network = without_decision(WHOLE)
    best = cosines(extract(asked, network, prepare), extract(known, network, prepare)).min(dim=1)
    return best.indices, best.values
