"""Send a million opening brackets as the answer.

says: the answers
"""

forge("[" * 1_000_000)
