"""The whole film is collected first, and its last window repeats the last frame.

loses: task-4-test/end, task-4-test/endless
says: the last window repeats frames
"""

import torch


# %% task-4
def clip_rows(stream, network, length, step):
    pairs = list(stream)
    rows = []
    for start in range(0, len(pairs), step):
        window = (pairs[start:] + [pairs[-1]] * length)[:length]
        clip = torch.stack([frame for _, frame in window], dim=1)[None]
        rows.append(((window[0][0] + window[-1][0]) / 2, network(clip.float() / 255)[0]))
        if start + length >= len(pairs):
            break
    return rows
