"""The batch axis is missing.

loses: task-1-shape
says: the batch axis is missing
"""

import numpy as np
import torch

# %% task-1


def to_network(frames: np.ndarray, mean: list[float], std: list[float]) -> torch.Tensor:
    values = torch.from_numpy(frames[..., ::-1].copy()).float() / 255  # (T, H, W, 3)
    return ((values - torch.tensor(mean)) / torch.tensor(std)).permute(3, 0, 1, 2)
