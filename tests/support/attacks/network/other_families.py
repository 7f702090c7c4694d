"""Open sockets of other families, such as vsock, netlink and raw packets."""

attempt(
    *(
        lambda family=family, kind=kind: socket.socket(family, kind)
        for family in (40, 38, 16, 17, 31, 29)
        for kind in (1, 2, 3, 5)
    )
)
