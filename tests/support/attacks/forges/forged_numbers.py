"""Send a number of a million digits.

says: the answers
"""

forge("9" * 1_000_000)
