"""Matches students with the rows of a learning platform's table; of two candidates it takes neither."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Person:
    """A student as the grading knows him or her, or as a row of the platform's table does.

    Attributes:
        key: the student's key in the grading, or what the row is called.
        number: the platform's number of the student; empty if it is not known.
        logins: login, e-mail address, number at the university.
        names: names as they are written, "Jane Doe" or "Doe, Jane".
    """

    key: str
    number: str = ""
    logins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass
class Matches:
    """Which student is in which row.

    Attributes:
        rows: the number of the row in the given sequence, by the student's key.
        unmatched: the reason for each student without a row, by key.
    """

    rows: dict[str, int] = field(default_factory=dict)
    unmatched: dict[str, str] = field(default_factory=dict)
    _claims: dict[int, set[str]] = field(default_factory=dict)  # who might be in a row, by earlier steps


def match(students: Sequence[Person], rows: Sequence[Person]) -> Matches:
    """Match students with rows: by number, then by login or e-mail, then by name, then by name in any order.

    A later step is tried only for a student whom the earlier ones do not find at all. A step counts if it
    leads from the student to one row, and from no other student to that row. A student whose number is known,
    but not in the table, is not looked for by name: it would be somebody else.

    Args:
        students: as the grading knows them.
        rows: of the table.
    """
    matches = Matches()
    left = list(students)
    for what, of_student, of_row in _STEPS:
        index: dict[str, set[int]] = {}
        for place, row in enumerate(rows):
            for sign in of_row(row):
                index.setdefault(sign, set()).add(place)
        places = {
            student.key: set().union(*(index.get(sign, ()) for sign in of_student(student)))
            for student in left
        }
        _settle(matches, places, rows, what)
        if what == "number":
            numbered = any(row.number for row in rows)
            for student in left:
                if numbered and student.number and not places[student.key]:
                    matches.unmatched[student.key] = f"its number {student.number} is not in the table"
        left = [s for s in left if s.key not in matches.rows and s.key not in matches.unmatched]
    matches.unmatched.update({student.key: "no row has its number, login or name" for student in left})
    return matches


def _settle(matches: Matches, places: Mapping[str, set[int]], rows: Sequence[Person], what: str) -> None:
    """Take over the matches of one step that are unique in both directions, and say which are not."""
    for key, found in places.items():
        for row in found:
            matches._claims.setdefault(row, set()).add(key)
    for key, found in places.items():
        others = set().union(*(matches._claims[row] for row in found)) - {key}
        if len(found) > 1:
            listed = ", ".join(sorted(rows[row].key for row in found))
            matches.unmatched[key] = f"several rows have its {what}: {listed}"
        elif others:
            matches.unmatched[key] = f"{', '.join(sorted(others))} would have the same row, by {what}"
        elif found:
            matches.rows[key] = min(found)


def same(text: str) -> str:
    """A text as it is compared: without differences in case, accents' encoding and white space."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().replace("_", " ").split())


def _numbers(person: Person) -> Iterable[str]:
    return {person.number} - {""}


def _logins_of_row(row: Person) -> Iterable[str]:
    """The logins of a row, each also without what follows its @."""
    whole = {same(login) for login in row.logins}
    return (whole | {login.partition("@")[0] for login in whole}) - {""}


def _logins_of_student(student: Person) -> Iterable[str]:
    """What a student's work was called may be a login."""
    return {same(text) for text in (student.key, *student.logins, *student.names)} - {""}


def _names_of_student(student: Person) -> Iterable[str]:
    return {same(name) for name in student.names} - {""}


def _names_of_row(row: Person) -> Iterable[str]:
    """The names of a row; "Doe, Jane" also as "Jane Doe"."""
    turned = (_turned(name) for name in row.names if "," in name)
    return {same(name) for name in (*row.names, *turned)} - {""}


def _squashed_of_student(student: Person) -> Iterable[str]:
    """The names without spaces and signs: Canvas calls the work of "Doe, Jane" `doejane`."""
    written = {_squash(name) for name in (student.key, *student.names)}
    return (written | {_squash(_turned(name)) for name in student.names}) - {""}


def _squashed_of_row(row: Person) -> Iterable[str]:
    return {_squash(text) for name in row.names for text in (name, _turned(name))} - {""}


def _turned(name: str) -> str:
    """Write "Doe, Jane" as "Jane Doe", and "Jane Doe" as "Doe Jane"; the last word is the family name."""
    last, comma, first = name.partition(",")
    if comma:
        return f"{first} {last}"
    *first_words, last_word = name.replace("_", " ").split() or [""]
    return " ".join((last_word, *first_words))


def _squash(name: str) -> str:
    return re.sub(r"[\W_]", "", same(name))


_Signs = Callable[[Person], Iterable[str]]
_STEPS: tuple[tuple[str, _Signs, _Signs], ...] = (
    ("number", _numbers, _numbers),
    ("login", _logins_of_student, _logins_of_row),
    ("name", _names_of_student, _names_of_row),
    ("name in any order", _squashed_of_student, _squashed_of_row),
)
