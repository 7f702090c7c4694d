"""Leave ended processes that nobody waits for."""

for i in range(20):
    if os.fork() == 0:
        os._exit(0)
time.sleep(0.5)
tried()
