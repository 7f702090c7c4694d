"""Fill the memory with tensors.

says: MemoryError|allocate memory|MB of memory|enough memory
"""

kept = []
for i in range(15):
    kept.append(torch.ones(25 << 20))
gained()
