"""Abort the process.

says: ended before its time
"""

os.abort()
