"""Mount file systems."""

attempt(
    lambda: call("mount", b"none", b"/scratch", b"tmpfs", 0, None),
    lambda: call("mount", b"none", b"/proc", b"proc", 0, None),
    lambda: call("mount", b"/", b"/scratch", None, 0x1000, None),
    lambda: call("syscall", 428, -100, b"/", 1),
    lambda: call("syscall", 430, b"tmpfs", 0),
)
