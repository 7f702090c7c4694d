"""The nearest frame, not the one on the screen.

loses: task-1-frame
says: one too late
"""

from fractions import Fraction

# %% task-1


def frame_at(time: Fraction, rate: Fraction, frames: int) -> int:
    if time < 0 or time >= frames / rate:
        raise ValueError(f"no frame at {time} s")
    return round(time * rate)
