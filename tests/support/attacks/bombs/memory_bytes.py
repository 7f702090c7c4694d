"""Fill the memory with bytes.

says: MemoryError|allocate memory|MB of memory|enough memory
"""

kept = []
for i in range(15):
    kept.append(b"x" * (100 << 20))
gained()
