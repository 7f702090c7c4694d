"""What a message of a check says: what was compared, and of which lines of the student's code it speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# "(line 7 of cell task-1)", "line 7 of the cell task-1", "(line 7)", and "task-1, line 7: " of a rule
_LINE = re.compile(
    r"\b(?P<first>[\w-]+), line (?P<number>\d{1,6})(?:: )?|"
    r" ?\(?\bline (?P<line>\d{1,6})(?: of (?:the )?cell (?P<cell>[\w-]+))?\)?"
)
# Messages about one cell: "your cell task-1 stopped, so there is no f: ...", "task-1: SyntaxError: ..."
_STOPPED = re.compile(
    r"(?:[Yy]our|[Tt]he) cell (?P<cell>[\w-]+) stopped(?:, so there is no \w+)?: (?P<error>.*)", re.DOTALL
)
_UNREAD = re.compile(r"(?P<cell>[\w-]+): (?P<error>SyntaxError: .*)", re.DOTALL)
_ERROR = re.compile(r"[A-Z]\w*: ")  # the beginning of an error in place of an answer
_PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Comparison:
    """A message of the form "WHAT: expected EXPECTED, got GOT: HINT"; the hint may be empty.

    "WHAT: expected EXPECTED, but it stopped with GOT" is one, too.
    """

    what: str
    expected: str
    got: str
    hint: str


@dataclass(frozen=True)
class Place:
    """A line of a cell, and what a message says of it."""

    cell: str  # its grade_id
    line: int  # from 1
    text: str


def comparison(message: str) -> Comparison | None:
    """Take a message apart; None if it has another form."""
    what, separator, rest = message.partition(": expected ")
    if not separator:
        return None
    stopped = rest.partition(", but it stopped with ")
    if stopped[1]:
        return Comparison(what, stopped[0], stopped[2], "")
    end = _outside(rest, ", got ")
    if end < 0:
        return None
    expected, rest = rest[:end], rest[end + len(", got ") :]
    error = _ERROR.match(rest)
    begin = error.end() if error else 0
    end = _outside(rest[begin:], ": ")
    if end < 0:
        return Comparison(what, expected, rest, "")
    return Comparison(what, expected, rest[: begin + end], rest[begin + end + 2 :])


def located(message: str) -> Iterator[tuple[re.Match[str], str, int]]:
    """Where a message names a line: the match, the grade_id of the cell, and the line's number from 1.

    In "your cell task-1 stopped: ... (line 3)" it is line 3 of that cell. A line without a cell is left out.
    """
    stopped = _STOPPED.search(message) or _UNREAD.match(message)
    for found in _LINE.finditer(message):
        cell = found["first"] or found["cell"] or ""
        if not cell and stopped and stopped.start("error") < found.start():
            cell = stopped["cell"]
        if cell:
            yield found, cell, int(found["number"] or found["line"])


def places(message: str) -> Iterator[Place]:
    """The lines that a message speaks of, each with what it says of the line."""
    stopped = _STOPPED.search(message) or _UNREAD.match(message)
    begin = stopped.start("error") if stopped else 0
    for found, cell, line in located(message):
        text = message[begin:]
        if found[0].lstrip().startswith("(") or found[0].endswith(": "):  # else it is a part of the sentence
            text = message[begin : found.start()] + message[found.end() :]
        yield Place(cell, line, sentence(text))


def sentence(text: str) -> str:
    """A text with a capital letter at its beginning and a full stop at its end.

    A word that is a name of Python's, such as `output_size(...)` or `input` of a rule, stays as it is.
    """
    text = " ".join(text.split())
    if re.match(r"[a-z]+( (?!is not (allowed|defined))|$)", text):
        text = text[0].upper() + text[1:]
    return text if not text or text[-1] in ".!?:" else f"{text}."


def _outside(text: str, separator: str) -> int:
    """Where a separator first stands outside of brackets and quotes; -1 if nowhere.

    Values are written as Python writes them. Long ones are cut, so that a bracket may have no partner: then
    it is where the cut is, or the first place.
    """
    closing: list[str] = []
    quote = ""
    place = 0
    while place < len(text):
        sign = text[place]
        if quote:
            place += sign == "\\"
            quote = "" if sign == quote else quote
        elif not closing and text.startswith(separator, place):
            return place
        elif sign in "'\"":
            quote = sign
        elif sign in _PAIRS:
            closing.append(_PAIRS[sign])
        elif closing and sign == closing[-1]:
            closing.pop()
        place += 1
    if not closing and not quote:
        return -1
    cut = text.find(f" ...{separator}")
    return text.find(separator) if cut < 0 else cut + 4
