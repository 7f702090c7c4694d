"""Send three reports of 15 MB.

says: more than it may
"""

for i in range(3):
    frame({"id": "task-1", "printed": "x" * 15_000_000})
