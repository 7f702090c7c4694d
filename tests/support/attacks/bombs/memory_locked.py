"""Lock memory, so that it cannot be swapped out."""

attempt(lambda: call("mlock", ctypes.create_string_buffer(8 << 20), 8 << 20), lambda: call("mlockall", 3))
