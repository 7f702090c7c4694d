"""Send random bytes; the first four claim a length that no message has.

says: ended before its time
"""

raw(b"\xff" + os.urandom(100_000))
