"""The network has the right output, and costs too much.

loses: task-4-budget
says: more than 8,000 parameters
"""


# %% task-4
def design():
    return [
        {"channels": n, "kernel": (3, 3, 3), "stride": (2, 2, 2), "padding": (1, 1, 1), "groups": 1}
        for n in (8, 16, 32)
    ]
