"""Open 10,000 file descriptors.

says: Too many open files
"""

kept = []
for i in range(10_000):
    kept.append(os.dup(3))
gained()
