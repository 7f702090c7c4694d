"""Change the host name and the domain name, and restart the machine."""

attempt(
    lambda: socket.sethostname("canary") or True,
    lambda: call("setdomainname", b"canary", 6),
    lambda: call("reboot", 0),
)
