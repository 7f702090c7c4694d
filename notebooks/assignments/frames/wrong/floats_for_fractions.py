"""Times and rates as floats: at the time n / r comes frame n - 1, now and then.

loses: task-1-frame
says: are the fractions exact?
"""

from fractions import Fraction

# %% task-1


def frame_at(time: Fraction, rate: Fraction, frames: int) -> int:
    if time < 0 or time >= frames / rate:
        raise ValueError(f"no frame at {time} s")
    return int(float(time) * float(rate))
