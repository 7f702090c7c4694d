"""Set the machine's clock."""

attempt(
    lambda: time.clock_settime(time.CLOCK_REALTIME, 0) or True,
    lambda: call("syscall", number("clock_settime"), 0, ctypes.create_string_buffer(16)),
    lambda: call("settimeofday", ctypes.create_string_buffer(16), None),
)
