"""Frame 0 of all clips comes first, then frame 1 of all.

loses: task-2-frames
says: all frames of clip 0 come first
"""

import torch

# %% task-2


def to_frames(batch: torch.Tensor) -> torch.Tensor:
    return batch.permute(2, 0, 1, 3, 4).flatten(0, 1)


def to_clips(frames: torch.Tensor, clips: int) -> torch.Tensor:
    return frames.unflatten(0, (clips, -1)).transpose(1, 2)
