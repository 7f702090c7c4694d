"""Loop without an end in the function that a hidden test calls.

wall: 3
cell: 1
says: stopped after 3 seconds
"""

def mean_frame(clip):
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True:
        pass
