"""Enter the namespaces of others."""

attempt(lambda: call("setns", 3, 0), lambda: call("setns", os.pidfd_open(os.getpid()), 0x10000000))
