"""Read from address 0.

says: ended before its time
"""

ctypes.string_at(0)
