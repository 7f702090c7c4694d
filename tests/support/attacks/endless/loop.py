"""Loop without an end.

wall: 3
cell: 1
says: stopped after 1 seconds
"""

while True:
    pass
