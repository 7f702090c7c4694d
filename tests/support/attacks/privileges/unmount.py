"""Unmount what hides the real file systems."""

attempt(
    *(lambda p=p: call("umount2", p, f) for p in (b"/proc", b"/scratch", b"/tmp", b"/") for f in (0, 2))
)
attempt(lambda: [name for name in os.listdir("/proc") if name != "cpuinfo"])
