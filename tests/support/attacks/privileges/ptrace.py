"""Trace the parent and other processes."""

attempt(
    lambda: call("ptrace", 0, 0, None, None),
    lambda: call("ptrace", 16, os.getppid(), None, None),
    lambda: call("ptrace", 16, _PID_, None, None),
)
