"""Send more reports than there are cells.

says: more than it may
"""

for i in range(50):
    frame({"id": "task-1", "printed": "again"})
