"""Start a process in new namespaces."""

attempt(
    lambda: call("syscall", number("clone"), 0x10000000 | 17, 0, 0, 0, 0),
    lambda: call("syscall", 435, ctypes.create_string_buffer(88), 88),
)
