"""Start 150 processes, one after the other.

says: tried:|processes or threads
"""

made = 0
try:
    while made < 150:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError as error:
    tried(error)
if made > 64:
    gained(made)
