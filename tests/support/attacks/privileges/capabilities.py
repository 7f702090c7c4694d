"""Raise capabilities."""

attempt(
    lambda: call("prctl", 47, 2, 21, 0, 0),
    lambda: libc.prctl(23, 21) == 1,
    lambda: libc.prctl(39, 0, 0, 0, 0) == 0,
    lambda: call("prctl", 38, 0, 0, 0, 0),
)
