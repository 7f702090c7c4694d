"""The checks: compare an answer with the expected one, and guess the mistake."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from coursekit.check._plain import NotPlainError, name_of, plain

SHORT = 200  # characters of a value in a message
_ERROR = re.compile(r"[A-Z]\w*(Error|Exception|Iteration|Warning|Wrong): ")  # as `attempt` writes it

# Known wrong answers, each with the mistake that leads to it: {6: "..."} or [(tensor, "..."), ...].
Known = Mapping[Any, str] | Sequence[tuple[Any, str]]


class Wrong(AssertionError):  # noqa: N818 - students read this name: the answer is wrong, nothing has failed
    """An answer that is not the expected one."""


def equal(got: Any, expected: Any, what: str, looks_like: Known = ()) -> None:
    """Check that an answer has the expected type and value.

    Args:
        got: the answer: numbers, strings, tensors, lists, tuples and dicts of such.
        expected: the right answer.
        what: the question as a call, such as "output_size(9, 3)".
        looks_like: known wrong answers, each with the mistake that leads to it.

    Raises:
        Wrong: it has not.

    >>> equal(6, 5, "output_size(9, 3, stride=2)", {6: "rounded up?"})
    Traceback (most recent call last):
    coursekit.check.Wrong: output_size(9, 3, stride=2): expected 5, got 6: rounded up?
    """
    got, expected = _plain(got, what), plain(expected)
    if not _same(got, expected):
        reasons = [mistake for wrong, mistake in _pairs(looks_like) if _same(got, wrong)]
        raise Wrong(_message(what, got, expected, reasons or [_guess(got, expected)]))


def close(got: Any, expected: Any, what: str, tolerance: float = 1e-4, looks_like: Known = ()) -> None:
    """Check that a number, or each number of a tensor, is near the expected one.

    Args:
        got: a number or a tensor.
        expected: a number or a tensor of the shape it must have.
        what: the question as a call.
        tolerance: the largest difference, as a part of the largest absolute expected value (or of 1 if that
            is smaller than 1).
        looks_like: known wrong answers, each with the mistake that leads to it.

    Raises:
        Wrong: another type or shape, a number that is not finite, or one that is too far off.
    """
    got, expected = _plain(got, what), plain(expected)
    if not _near(got, expected, tolerance):
        reasons = [mistake for wrong, mistake in _pairs(looks_like) if _near(got, wrong, tolerance)]
        raise Wrong(_message(what, got, expected, reasons or [_guess(got, expected)]))


def that(truth: Any, message: str) -> None:
    """Check that something is true; the message says what was expected, what came and what to think of.

    Raises:
        Wrong: it is not true.
    """
    if truth is not True:
        raise Wrong(message)


def caught(function: Callable[[], Any]) -> str:
    """The error that a call raises, as "ValueError: its message"; "no error" if it raises none.

    An error of a class that is not Python's own is named by the class of Python's that it is derived from. A
    NotImplementedError is not caught: the task is still to do.
    """
    try:
        function()
    except NotImplementedError:
        raise
    except Exception as error:  # whichever comes is the answer
        kind = next(each for each in type(error).__mro__ if each.__module__ == "builtins")
        return f"{kind.__name__}: {error}"
    return "no error"


def attempt(function: Callable[[], Any]) -> Any:
    """The value of a call, or its error as text, such as "ValueError: its message".

    With it, an error in one answer loses that answer alone: `answers["plain"] = check.attempt(lambda: f(3))`.
    The checks say of such a text that the call stopped. A NotImplementedError is not caught: the task is
    still to do.
    """
    try:
        return function()
    except NotImplementedError:
        raise
    except Exception as error:  # whichever comes is the answer
        return f"{type(error).__name__}: {error}"


def error(got: Any, kind: str, mentions: Sequence[str], what: str) -> None:
    """Check that `caught` caught an error of a kind, and that its message has each of some words.

    Raises:
        Wrong: another error or none, or a word is missing.
    """
    if type(got) is not str or not got.startswith(f"{kind}:"):
        raise Wrong(f"{what}: expected a {kind}, got {_short(got)}")
    for word in mentions:
        if word.lower() not in got.lower():
            raise Wrong(f"{what}: the message of the {kind} should name {word!r}; it is {_short(got)}")


def passed(task: str) -> None:
    """Say that a task's visible checks have passed."""
    print(f"{task}: the visible checks pass. Hidden checks with other numbers give the points.")


def _plain(got: Any, what: str) -> Any:
    if isinstance(got, torch.Tensor) and got.requires_grad:
        got = got.detach()
    try:
        return plain(got)
    except NotPlainError as error:
        raise Wrong(
            f"{what}: {error}, which is no answer: return numbers, strings, tensors or lists"
        ) from None


def _pairs(known: Known) -> list[tuple[Any, str]]:
    pairs = known.items() if isinstance(known, Mapping) else known
    return [(plain(wrong), mistake) for wrong, mistake in pairs]


def _same(got: Any, expected: Any) -> bool:
    """The same type and the same value, all the way down."""
    if type(got) is not type(expected):
        return False
    if isinstance(expected, torch.Tensor):
        return got.dtype == expected.dtype and got.shape == expected.shape and torch.equal(got, expected)
    if isinstance(expected, (list, tuple)):
        return len(got) == len(expected) and all(map(_same, got, expected))
    if isinstance(expected, dict):
        return got.keys() == expected.keys() and all(_same(got[key], expected[key]) for key in expected)
    return bool(got == expected)


def _near(got: Any, expected: Any, tolerance: float) -> bool:
    """Of the same shape, finite, and nowhere farther away than the tolerance."""
    if isinstance(expected, torch.Tensor):
        if not isinstance(got, torch.Tensor) or got.shape != expected.shape or got.dtype == torch.bool:
            return False
        if got.is_floating_point() != expected.is_floating_point():
            return False
        wanted = expected.double()
        scale = max(1.0, wanted.abs().max().item()) if wanted.numel() else 1.0
        near = (got.double() - wanted).abs() <= tolerance * scale  # NaN is not
        return math.isfinite(scale) and bool(near.all())  # nothing is near to infinity
    if type(got) not in (int, float) or type(expected) not in (int, float):
        return False
    try:
        return math.isfinite(got) and abs(got - expected) <= tolerance * max(1.0, abs(expected)) < math.inf
    except OverflowError:  # an int beyond all floats
        return False


def _guess(got: Any, expected: Any) -> str:
    """What can be said of a tensor without knowing the task."""
    if not isinstance(expected, torch.Tensor) or not isinstance(got, torch.Tensor):
        return ""
    mine, wanted = list(got.shape), list(expected.shape)
    if mine != wanted:
        if sorted(mine) == sorted(wanted):
            return "the axes are in another order."
        for longer, shorter, word in ((wanted, mine, "missing"), (mine, wanted, "too many")):
            for axis in range(len(longer)):
                if longer[:axis] + longer[axis + 1 :] == shorter:
                    return f"one axis is {word}: is the batch, or the channel, where it belongs?"
        return "the shape differs."
    if got.is_floating_point() != expected.is_floating_point():
        return f"the dtype is {got.dtype}, expected {expected.dtype}."
    if got.is_floating_point() and not torch.isfinite(got).all():
        return "some values are not finite (NaN or infinite)."
    far = (got.double() - expected.double()).abs()
    if not far.any():
        return "the values are right, the dtype is not."
    index = tuple(int(i) for i in torch.unravel_index(far.argmax(), far.shape))
    return f"the values differ, most at {list(index)}: expected {expected[index]:.5g}, got {got[index]:.5g}."


def _message(what: str, got: Any, expected: Any, reasons: Sequence[str]) -> str:
    if isinstance(got, str) and not isinstance(expected, str) and _ERROR.match(got):
        return f"{what}: expected {_short(expected)}, but it stopped with {_short(got)[1:-1]}"
    text = f"{what}: expected {_short(expected)}, got {_short(got)}"
    return f"{text}: {reasons[0]}" if reasons and reasons[0] else text


def _short(value: Any) -> str:
    """A value in at most a line."""
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > SHORT:
            return f"{text[:SHORT]} ..."
    return text


def _pieces(value: Any) -> Iterator[str]:
    """The text of a value, piece by piece: to write all of a long list of tensors takes minutes."""
    if isinstance(value, torch.Tensor):
        name = name_of(value.dtype)
        article = "an" if name.startswith("int") else "a"
        yield f"{article} {name} tensor of shape {tuple(value.shape)}"
    elif type(value) in (list, tuple):
        yield "[" if type(value) is list else "("
        for number, item in enumerate(value):
            yield ", " if number else ""
            yield from _pieces(item)
        yield "]" if type(value) is list else ",)" if len(value) == 1 else ")"
    elif type(value) is dict:
        yield "{"
        for number, (key, item) in enumerate(value.items()):
            yield f"{', ' if number else ''}{key!r}: "
            yield from _pieces(item)
        yield "}"
    else:
        try:
            yield repr(value)
        except ValueError:  # Python writes no integer of thousands of digits
            yield f"a {type(value).__name__} too long to write"
