"""Connect to Unix sockets: of the course, of Docker and of systemd."""

def connect(name):
    there = socket.socket(socket.AF_UNIX)
    there.connect(name)
    return there.send(b"canary")


attempt(
    lambda: connect("_FOLDER_/socket"),
    lambda: connect("\0_FOLDER_"),
    lambda: connect("/run/docker.sock"),
    lambda: connect("/run/systemd/notify"),
)
