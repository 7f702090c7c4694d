"""A place where student's code can do no harm: no network, nothing of others to see, limits on all it takes.

A process in bubblewrap's sandbox has torch imported; each submission is a fork of it in namespaces of its own
(see `_zygote`, `_jail`). What comes out is data of unknown origin: see `judge`.
"""

from coursekit.grading.sandbox._sandbox import BROKEN, Limits, Outcome, Sandbox, SandboxError, check, imports

__all__ = [
    "BROKEN",
    "Limits",
    "Outcome",
    "Sandbox",
    "SandboxError",
    "check",
    "imports",
]
