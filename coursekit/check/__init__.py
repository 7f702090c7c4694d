"""Checks of an answer whose messages teach: what was expected, what came, which mistake it looks like.

The visible checks of an assignment use them in the student's notebook, the judge uses them on what comes out
of the sandbox. Each returns nothing, or raises `Wrong`.
"""

from coursekit.check._check import Wrong, caught, close, equal, error, passed, that, without

__all__ = [
    "Wrong",
    "caught",
    "close",
    "equal",
    "error",
    "passed",
    "that",
    "without",
]
