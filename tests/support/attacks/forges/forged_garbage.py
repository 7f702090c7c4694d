"""Send random bytes.

says: ended before its time
"""

raw(os.urandom(100_000))
