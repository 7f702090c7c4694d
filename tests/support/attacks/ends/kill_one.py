"""Kill the first process, the group and the parent.

says: tried:|ended before its time
"""

os.kill(1, signal.SIGKILL)
os.killpg(0, signal.SIGHUP)
attempt(lambda: os.kill(os.getppid(), 9) if os.getppid() else None)
