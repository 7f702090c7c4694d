"""The number of ticks is rounded down.

loses: task-2-down, task-2-up
says: the last tick before the end of the film is missing
"""

from fractions import Fraction

# %% task-2


def picks(frames: int, source: Fraction, target: Fraction) -> list[int]:
    return [int(k / target * source) for k in range(int(frames / source * target))]
