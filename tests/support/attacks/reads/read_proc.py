"""Read about processes and the kernel in /proc."""

attempt(lambda: [name for name in os.listdir("/proc") if name != "cpuinfo"])
read(
    "/proc/self/environ",
    "/proc/1/cmdline",
    "/proc/self/maps",
    "/proc/_PID_/environ",
    "/proc/net/tcp",
    "/proc/kcore",
)
