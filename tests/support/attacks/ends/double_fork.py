"""Leave a process behind that writes to shared memory and ignores signals."""

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for s in (1, 2, 13, 15):
            signal.signal(s, signal.SIG_IGN)
        for i in range(300):
            open("/dev/shm/left", "a").write("canary")
            time.sleep(0.1)
    os._exit(0)
os.wait()
tried()
