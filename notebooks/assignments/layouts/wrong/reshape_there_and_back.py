"""reshape in place of permute, both ways: the round trip is right, the frames are not.

loses: task-2-frames, task-2-clips
says: reshape alone moves no axis
"""

import torch

# %% task-2


def to_frames(batch: torch.Tensor) -> torch.Tensor:
    b, c, t, h, w = batch.shape
    return batch.reshape(b * t, c, h, w)


def to_clips(frames: torch.Tensor, clips: int) -> torch.Tensor:
    n, c, h, w = frames.shape
    return frames.reshape(clips, c, n // clips, h, w)
