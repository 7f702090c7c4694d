"""Python's round: half way between two spokes it goes to the even number.

loses: task-3-test/half way between two spokes
says: half way between spokes: positive
"""

from fractions import Fraction

# %% task-3


def apparent(turns: Fraction, rate: Fraction, spokes: int) -> float:
    gaps = turns * spokes / rate
    return float((gaps - round(gaps)) * rate / spokes)
