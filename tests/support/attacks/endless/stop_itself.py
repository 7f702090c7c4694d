"""Stop itself and its group with SIGSTOP.

wall: 3
cell: 1
says: stopped after
"""

os.kill(os.getpid(), signal.SIGSTOP)
os.kill(0, signal.SIGSTOP)
time.sleep(60)
