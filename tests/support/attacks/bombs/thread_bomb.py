"""Start 200 threads.

says: tried:|processes or threads
"""

made = 0
try:
    for made in range(200):
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
except RuntimeError as error:
    tried(error)
if made > 64:
    gained(made)
