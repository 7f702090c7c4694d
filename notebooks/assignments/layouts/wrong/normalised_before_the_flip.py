"""Mean and std of red are taken from blue: normalised first, flipped then.

loses: task-1-values/normalisation
says: mean and std are those of red, green, blue
"""

import numpy as np
import torch

# %% task-1


def to_network(frames: np.ndarray, mean: list[float], std: list[float]) -> torch.Tensor:
    values = torch.from_numpy(frames).float() / 255  # (T, H, W, 3)
    values = (values - torch.tensor(mean)) / torch.tensor(std)
    return values.flip(-1).permute(3, 0, 1, 2)[None]
