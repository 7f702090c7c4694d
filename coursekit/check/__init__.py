"""Checks of an answer whose messages teach: what was expected, what came, which mistake it looks like.

The visible checks of an assignment use them in the student's notebook. The judge uses them on the answers
that come out of the sandbox. Each returns nothing, or raises `Wrong`.

`own_work` reads the source of a function: which modules it may use, and which names it may not. `part` gives
points to some of the checks of a test cell. `attempt` turns an error in one answer into a text, so that the
other answers keep their points.

`plain`, `encode` and `decode` say which values an answer may be made of and carry them as JSON text.
"""

from coursekit.check._check import Wrong, attempt, caught, close, equal, error, passed, that
from coursekit.check._parts import judging, part
from coursekit.check._plain import NotPlainError, decode, encode, plain
from coursekit.check._source import Rule, Source, Text, Unreadable, own_work

__all__ = [
    "NotPlainError",
    "Rule",
    "Source",
    "Text",
    "Unreadable",
    "Wrong",
    "attempt",
    "caught",
    "close",
    "decode",
    "encode",
    "equal",
    "error",
    "judging",
    "own_work",
    "part",
    "passed",
    "plain",
    "that",
]
