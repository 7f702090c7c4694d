"""Say that the cells are done, and read the tests from the connection without waiting."""

frame({"id": "x"})
there = socket.socket(fileno=os.dup(3))
there.settimeout(0.3)
attempt(lambda: there.recv(100))
