"""The frames that are left over at the end get no window, and a row has the time of its first frame.

loses: task-4-test/end, task-4-test/times
says: frames are left over at the end: one more window is missing
"""

import torch


# %% task-4
def clip_rows(stream, network, length, step):
    window, missing = [], length
    for pair in stream:
        window = [*window, pair][-length:]
        missing -= 1
        if missing == 0:
            yield window[0][0], network(torch.stack([f for _, f in window], dim=1)[None].float() / 255)[0]
            missing = step
