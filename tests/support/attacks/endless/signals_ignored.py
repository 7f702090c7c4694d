"""Ignore all signals, and the parent's death, then sleep.

wall: 3
cell: 1
says: stopped after 3 seconds
"""

for s in range(1, 65):
    try:
        signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
libc.prctl(1, 0)
time.sleep(60)
gained()
