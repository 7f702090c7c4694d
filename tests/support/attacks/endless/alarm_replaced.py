"""Switch off the alarm that stops a cell, then sleep.

wall: 3
cell: 1
says: stopped after 3 seconds
"""

signal.signal(signal.SIGALRM, signal.SIG_IGN)
signal.setitimer(signal.ITIMER_REAL, 0)
time.sleep(60)
gained()
