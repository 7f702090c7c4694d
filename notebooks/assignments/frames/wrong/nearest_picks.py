"""At each tick the nearest frame, not the one on the screen.

loses: task-2-down, task-2-up
says: the nearest frames: those on the screen are asked
"""

from fractions import Fraction

# %% task-2


def picks(frames: int, source: Fraction, target: Fraction) -> list[int]:
    count = -int(-frames / source * target // 1)
    return [min(round(k / target * source), frames - 1) for k in range(count)]
