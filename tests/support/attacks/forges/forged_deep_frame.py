"""Send a million opening brackets as a message.

says: ended before its time
"""

raw(struct.pack("!I", 1_000_000) + b"[" * 1_000_000)
