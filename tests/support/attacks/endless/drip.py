"""Send a long message so slowly that it never ends.

wall: 3
cell: 1
says: stopped after 3 seconds
"""

raw(struct.pack("!I", 10_000))
signal.setitimer(signal.ITIMER_REAL, 0)
while True:
    raw(b" ")
    time.sleep(0.3)
