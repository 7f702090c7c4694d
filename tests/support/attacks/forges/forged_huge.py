"""Send a message that claims a length of 4 GB.

says: ended before its time
"""

raw(b"\xff" * 100)
