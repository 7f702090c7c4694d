"""Leave sockets and a process for the next submission."""

kept = socket.socket(socket.AF_UNIX)
kept.bind("\0left")
kept.listen()
other = socket.socket()
attempt(lambda: other.bind(("127.0.0.1", 47113)))
if os.fork() == 0:
    time.sleep(30)
