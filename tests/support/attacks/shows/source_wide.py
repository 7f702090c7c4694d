"""Compute a number that never ends, while the cell is compiled.

wall: 3
cell: 1
says: ended before its time|stopped after|Error
"""

x = 9**9**9
