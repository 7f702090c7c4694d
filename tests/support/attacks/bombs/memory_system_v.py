"""Make shared memory, message queues and semaphores of System V."""

attempt(
    lambda: call("shmget", 0, 100 << 20, 0o1600),
    lambda: call("msgget", 0, 0o1600),
    lambda: call("semget", 0, 30000, 0o1600),
)
