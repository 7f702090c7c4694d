"""Loop without an end in C code, which no alarm interrupts.

wall: 3
cell: 1
says: stopped after 3 seconds
"""

import itertools

sum(itertools.count())
