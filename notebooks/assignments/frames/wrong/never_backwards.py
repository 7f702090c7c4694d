"""The rest of the division: a wheel never seems to turn backwards.

loses: task-3-test
says: looks like the other way round
"""

from fractions import Fraction

# %% task-3


def apparent(turns: Fraction, rate: Fraction, spokes: int) -> float:
    return float(turns % (rate / spokes))
