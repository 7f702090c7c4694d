"""Send packets by UDP, also to all machines of the network."""

def send(to):
    there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return there.sendto(b"canary", to)


attempt(
    lambda: send(("127.0.0.1", _UDP_)),
    lambda: send(("8.8.8.8", 53)),
    lambda: send(("255.255.255.255", _UDP_)),
)
