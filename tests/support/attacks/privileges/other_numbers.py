"""Call the kernel by the numbers of x32.

says: ended before its time
"""

if platform.machine() == "x86_64":
    libc.syscall(0x40000000 + 39)
    gained()
else:
    os._exit(0)
