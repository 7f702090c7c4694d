"""The network is cheap and sees 15 frames.

loses: task-4-budget/receptive field
says: 31 frames are asked for
"""


# %% task-4
def design():
    return [
        {"channels": 8, "kernel": (3, 3, 3), "stride": (2, 2, 2), "padding": (1, 1, 1), "groups": 1},
        {"channels": 16, "kernel": (3, 3, 3), "stride": (2, 2, 2), "padding": (1, 1, 1), "groups": 1},
        {"channels": 16, "kernel": (3, 3, 3), "stride": (2, 2, 2), "padding": (1, 1, 1), "groups": 16},
        {"channels": 32, "kernel": (1, 1, 1), "stride": (1, 1, 1), "padding": (0, 0, 0), "groups": 1},
    ]
