"""Connect to this machine and to the internet by TCP."""

attempt(
    *(
        lambda to=to: socket.create_connection(to, timeout=1)
        for to in (("127.0.0.1", _TCP_), ("1.1.1.1", 80), ("::1", _TCP_))
    )
)
