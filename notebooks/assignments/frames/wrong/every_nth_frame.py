"""A whole number of frames as the step, whatever the rates are.

loses: task-2-down, task-2-up
says: no whole number of frames, but it was cut to one
"""

from fractions import Fraction

# %% task-2


def picks(frames: int, source: Fraction, target: Fraction) -> list[int]:
    return list(range(0, frames, max(1, int(source / target))))
