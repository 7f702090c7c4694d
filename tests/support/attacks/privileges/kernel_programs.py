"""Load programs into the kernel, and use its counters, page faults and keys."""

attempt(
    lambda: call("syscall", number("bpf"), 0, ctypes.create_string_buffer(128), 128),
    lambda: call("syscall", number("perf_event_open"), ctypes.create_string_buffer(128), 0, -1, -1, 0),
    lambda: call("syscall", number("userfaultfd"), 1),
    lambda: call("syscall", number("keyctl"), 0, -3, 1),
)
