"""Send bytes that are not JSON.

says: ended before its time
"""

raw(struct.pack("!I", 6) + b"\xff\xfe[{,:")
