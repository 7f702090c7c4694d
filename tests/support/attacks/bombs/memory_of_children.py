"""Fill the memory with several processes, each below the limit.

says: MB of memory
"""

for i in range(4):
    if os.fork() == 0:
        held = b"x" * (200 << 20)
        time.sleep(30)
        os._exit(0)
time.sleep(5.5)
gained()
