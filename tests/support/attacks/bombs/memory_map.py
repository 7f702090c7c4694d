"""Fill the memory with anonymous maps.

says: MemoryError|allocate memory|MB of memory|enough memory
"""

kept = []
for i in range(15):
    kept.append(mmap.mmap(-1, 100 << 20))
    kept[-1].write(b"x" * (100 << 20))
gained()
