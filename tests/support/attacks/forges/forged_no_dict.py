"""Send a list in place of a message.

says: ended before its time
"""

frame([1, 2])
