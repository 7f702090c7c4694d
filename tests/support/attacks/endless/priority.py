"""Raise the process's priority."""

attempt(lambda: os.nice(-5), lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) or True)
os.nice(19)
