"""Fill the memory with lists.

says: MemoryError|allocate memory|MB of memory|enough memory
"""

kept = []
for i in range(15):
    kept.append([0] * (13 << 20))
gained()
