"""Kill all processes, and one outside."""

for s in (signal.SIGKILL, signal.SIGTERM):
    attempt(lambda: os.kill(-1, s) or True)
attempt(lambda: os.kill(_PID_, 9) or True)
