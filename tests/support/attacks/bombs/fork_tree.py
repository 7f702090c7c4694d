"""Start processes that start processes.

says: Resource temporarily unavailable|processes or threads|held at
"""

start = os.getpid()
leaves = open("leaves", "ab", buffering=0)
try:
    for level in range(7):
        os.fork()
finally:  # where no fork is possible any more, too
    if os.getpid() != start:
        leaves.write(b".")
        time.sleep(5)
        os._exit(0)
time.sleep(1)
made = os.path.getsize("leaves")
if made > 64:
    gained(made)
print("held at", made)
