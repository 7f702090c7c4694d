"""Send empty messages without an end.

says: more than it may
"""

while True:
    frame({})
