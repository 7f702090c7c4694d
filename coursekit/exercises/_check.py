"""Run the check of an exercise and print what it says."""

from __future__ import annotations

import functools
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from coursekit._shared._text import reason
from coursekit.check import Wrong, that

Check = Callable[[Any], str]
LESSONS = range(1, 8)


class _Waits(Exception):  # noqa: N818 - no error: the learner has yet to write the answer
    """The learner has not written the answer yet."""


def is_function(answer: Any) -> None:
    """Raises Wrong unless the answer can be called."""
    that(callable(answer), "Expected a function: give its name, without calling it.")


def check(name: str, answer: Any) -> None:
    """Check the answer to an exercise, and print whether it is right, or what is wrong.

    Args:
        name: the exercise, such as "frame-at".
        answer: a value, or a function that the check calls; `...` is an answer still to be written.

    Raises:
        ValueError: no exercise has that name.
    """
    run = _find(name)
    try:
        if answer is ...:
            raise _Waits
        print(f"{name}: right. {run(_calling(answer) if callable(answer) else answer)}")
    except _Waits:
        print(f"{name}: no answer yet. Replace the three dots (...) and run this cell again.")
    except Wrong as error:
        print(f"{name}: not yet. {error}")
    except Exception as error:  # raised by the learner's function, or by what it returned
        print(f"{name}: not yet. Your answer stopped with {reason(error, ())}")


def _calling(answer: Callable[..., Any]) -> Callable[..., Any]:
    """The learner's function; it waits where the function still returns `...` or nothing."""

    @functools.wraps(answer)
    def call(*arguments: Any, **options: Any) -> Any:
        value = answer(*arguments, **options)
        if value is ... or (isinstance(value, tuple) and any(each is ... for each in value)):
            raise _Waits
        if value is None:
            raise Wrong("Your function returned None. Does it end in return?")
        return value

    return call


def _find(name: str) -> Check:
    """The check of that name; the later lessons are not loaded for it."""
    names: list[str] = []
    for lesson in LESSONS:
        checks: dict[str, Check] = import_module(f"coursekit.exercises.lesson_{lesson:02}").CHECKS
        if name in checks:
            return checks[name]
        names += checks
    similar = get_close_matches(str(name), names)
    advice = f"did you mean {' or '.join(similar)}?" if similar else f"the names are {', '.join(names)}"
    raise ValueError(f"no exercise has the name {name!r}: {advice}")
