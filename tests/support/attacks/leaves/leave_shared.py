"""Leave shared memory for the next submission."""

from multiprocessing import shared_memory

attempt(lambda: shared_memory.SharedMemory("left", create=True, size=10) and False)
