"""A sandbox in which student's code can do no harm: no network, no files of others, limits on all resources.

One process in bubblewrap's sandbox has torch imported. Each submission runs in a fork of it, with its own
namespaces (see `_zygote`, `_jail`). What comes out is data of unknown origin (see `autograde`).
"""

from coursekit.grading.sandbox._sandbox import (
    BROKEN,
    Limits,
    Result,
    Sandbox,
    SandboxError,
    Usage,
    check,
    imports,
)

__all__ = [
    "BROKEN",
    "Limits",
    "Result",
    "Sandbox",
    "SandboxError",
    "Usage",
    "check",
    "imports",
]
