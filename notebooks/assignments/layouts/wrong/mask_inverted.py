"""The mask is True where frames are padding, as nn.Transformer wants it.

loses: task-4-pad/mask
says: True where a frame is *real*
"""

import torch

# %% task-4


def pad(clips: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(clip.shape[1] for clip in clips)
    padded = [torch.nn.functional.pad(clip, (0, 0, 0, 0, 0, longest - clip.shape[1])) for clip in clips]
    lengths = torch.tensor([clip.shape[1] for clip in clips])
    return torch.stack(padded), torch.arange(longest) >= lengths[:, None]


def mean_over_time(features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return features.masked_fill(~mask[..., None], 0).sum(dim=1) / mask.sum(dim=1)[:, None]
