"""Use io_uring, which gets past a filter of system calls."""

attempt(lambda: call("syscall", 425, 8, ctypes.create_string_buffer(120)))
