"""Find file descriptors that were left open, and use the connection and standard input."""

def named(fd):
    try:
        return os.fstat(fd).st_rdev != os.stat("/dev/null").st_rdev
    except OSError:
        return False


attempt(lambda: [fd for fd in range(4, 5000) if named(fd)])
attempt(lambda: os.read(0, 10), lambda: socket.socket(fileno=os.dup(3)).getpeername())
