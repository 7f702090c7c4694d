"""At the end of the film the last frame is thought to be still there.

loses: task-1-outside
says: expected a ValueError, got 'no error'
"""

from fractions import Fraction

# %% task-1


def frame_at(time: Fraction, rate: Fraction, frames: int) -> int:
    if time < 0 or time > frames / rate:
        raise ValueError(f"no frame at {time} s")
    return min(int(time * rate), frames - 1)
