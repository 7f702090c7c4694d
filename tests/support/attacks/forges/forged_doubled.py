"""Send two reports on one cell, then forged answers.

says: tried: one
"""

frame({"id": "task-1", "printed": "tried: one"})
frame({"id": "task-1", "printed": "two"})
forge("{}")
