"""Change system files, their modes, times and names."""

write(
    "/usr/canary",
    "/usr/bin/canary",
    "/lib/canary",
    "/dev/canary",
    "/proc/canary",
    "/proc/sys/kernel/hostname",
)
attempt(
    lambda: os.chmod("/usr/bin/env", 0o777) or True,
    lambda: os.utime("/usr") or True,
    lambda: os.rename("/usr", "/x") or True,
)
