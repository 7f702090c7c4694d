"""Make files in memory that no limit counts."""

attempt(lambda: os.memfd_create("canary"), lambda: call("syscall", 447, 0))
