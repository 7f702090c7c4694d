"""Parts of a test cell, each worth points of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from coursekit.check._check import Wrong


@dataclass
class Judged:
    """The parts that have ended while a judge looks at the answers: each with its error, or None."""

    parts: dict[str, Exception | None] = field(default_factory=dict)


_judged: ContextVar[Judged | None] = ContextVar("judged", default=None)


@contextmanager
def part(name: str, points: float) -> Iterator[None]:
    """Enclose checks that are worth points of their own. They are lost if one of the checks fails.

    In a notebook, a check that fails is an error like any other. Where the judge looks at the answers, it
    notes the error and goes on with the next part.

    Args:
        name: what the part asks, in a few words, such as "causal"; each part of a cell has its own name.
        points: what it is worth; the parts of a test cell make up the points of the cell.
    """
    judged = _judged.get()
    try:
        yield
    except Exception as error:
        if judged is None and isinstance(error, Wrong):
            raise Wrong(f"{name}: {error}") from None
        if judged is None:
            raise
        judged.parts[name] = error
    else:
        if judged is not None:
            judged.parts[name] = None


@contextmanager
def judging() -> Iterator[Judged]:
    """Note inside the block how each `part` ends. The rules of the task were judged before it."""
    judged = Judged()
    token = _judged.set(judged)
    try:
        yield judged
    finally:
        _judged.reset(token)


def is_judging() -> bool:
    """Whether a judge looks at the answers."""
    return _judged.get() is not None
