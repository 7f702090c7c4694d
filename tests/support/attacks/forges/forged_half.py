"""Send half a message, then end.

says: ended before its time
"""

raw(struct.pack("!I", 1000) + b"{")
os._exit(0)
