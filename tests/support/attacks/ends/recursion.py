"""Recurse without an end after raising the limit.

wall: 3
cell: 1
says: ended before its time|RecursionError|MemoryError|stopped after
"""

sys.setrecursionlimit(10**9)


def deep():
    return deep()


deep()
