"""End the process at once.

says: ended before its time
"""

os._exit(0)
