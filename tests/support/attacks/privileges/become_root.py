"""Become root."""

attempt(
    *(lambda n=n: n(0) or True for n in (os.setuid, os.setgid, os.seteuid, os.setegid)),
    lambda: os.setresuid(0, 0, 0) or True,
    lambda: os.setgroups([0]) or True,
)
attempt(lambda: os.getuid() != 65534 or os.geteuid() != 65534)
