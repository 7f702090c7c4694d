"""Colour planes of odd sizes are rounded down.

loses: task-4-test
says: rounded up, not down
"""

from fractions import Fraction

# %% task-4


def bytes_per_second(height: int, width: int, rate: Fraction, pixel_format: str) -> float:
    if pixel_format == "rgb24":
        return float(3 * height * width * rate)
    return float((height * width + 2 * (height // 2) * (width // 2)) * rate)
