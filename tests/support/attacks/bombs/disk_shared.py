"""Fill the memory with shared tensors.

says: MemoryError|allocate memory|MB of memory|enough memory|No space|Bus error|ended|unable to
"""

kept = []
for i in range(15):
    kept.append(torch.ones(25 << 20).share_memory_())
gained()
