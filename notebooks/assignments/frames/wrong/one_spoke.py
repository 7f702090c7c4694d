"""The number of spokes makes no difference.

loses: task-3-test
says: that is what one spoke would look like
"""

from fractions import Fraction

# %% task-3


def apparent(turns: Fraction, rate: Fraction, spokes: int) -> float:
    seen = turns % rate
    return float(seen if seen <= rate / 2 else seen - rate)
