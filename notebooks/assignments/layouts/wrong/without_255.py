"""Values from 0 to 255 are normalised.

loses: task-1-values
says: divide by 255 first
"""

import numpy as np
import torch

# %% task-1


def to_network(frames: np.ndarray, mean: list[float], std: list[float]) -> torch.Tensor:
    values = torch.from_numpy(frames[..., ::-1].copy()).float()  # (T, H, W, 3)
    return ((values - torch.tensor(mean)) / torch.tensor(std)).permute(3, 0, 1, 2)[None]
