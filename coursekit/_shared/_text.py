"""Numbers, sentences and errors as text, the same on every machine."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def number(value: float) -> str:
    """A number as text: 1,234,567 or 0.04 or 3.142 (four digits are enough to compare)."""
    if float(value).is_integer() and abs(value) < 1e12:
        return f"{int(value):,}"
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def alike(name: str) -> str:
    """Equal for names that differ in capital letters, or in how an accent is encoded, only.

    >>> alike("Anna") == alike("anna")
    True
    """
    return unicodedata.normalize("NFC", name).casefold()


def legible(text: str) -> str:
    r"""The text with a question mark for what cannot be drawn or written: halves of surrogate pairs.

    Such halves stand for bytes of a file's name that are not UTF-8.

    >>> legible("caf\udce9")
    'caf?'
    """
    return text.encode("utf-8", "replace").decode("utf-8")


def csv_line(cells: Iterable[str]) -> str:
    r"""Cells as a line of CSV. The csv module of Python 3.11 leaves a carriage return without its quotes.

    >>> csv_line(["a.mp4", "run, fast"])
    'a.mp4,"run, fast"\n'
    """
    quoted = ['"' + cell.replace('"', '""') + '"' if set(cell) & set('",\r\n') else cell for cell in cells]
    return ",".join(quoted) + "\n"


def sentence(*parts: str | None) -> str:
    """Join the given parts to sentences, each with one full stop (or its own ? or !) at its end."""
    sentences = [part.rstrip(". ") for part in parts if part]
    return " ".join(part if part.endswith(("?", "!")) else f"{part}." for part in sentences)


def reason(error: BaseException, clear: tuple[type[BaseException], ...]) -> str:
    """An error as one line, with its type in front unless its message is written for readers.

    Args:
        error: what was raised.
        clear: the types of errors whose messages are written for readers.
    """
    message = " ".join(str(error).split())
    readable = message and isinstance(error, clear)
    return message if readable else f"{type(error).__name__}: {message}".rstrip(": ")


def first_line(error: BaseException) -> str:
    """The first line of what an error says; its type, if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
