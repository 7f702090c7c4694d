"""Fill the memory with several other programs, each below the limit.

says: MB of memory
"""

for i in range(4):  # each has less than the libraries that it no longer has
    if os.fork() == 0:
        os.execv(
            sys.executable,
            [sys.executable, "-S", "-c", "held = b'x' * (200 << 20)\nimport time\ntime.sleep(30)"],
        )
time.sleep(5.5)
gained()
