"""Match a regular expression that takes exponential time.

wall: 3
cell: 1
says: stopped after
"""

import re

re.match("(a+)+$", "a" * 60 + "b")
