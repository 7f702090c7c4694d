"""A stride larger than the kernel skips most of the clip.

loses: task-4-form, task-4-budget
says: skips samples
"""


# %% task-4
def design():
    return [
        {"channels": 32, "kernel": (1, 1, 1), "stride": (8, 8, 8), "padding": (0, 0, 0), "groups": 1},
        {"channels": 32, "kernel": (5, 1, 1), "stride": (1, 1, 1), "padding": (2, 0, 0), "groups": 32},
    ]
