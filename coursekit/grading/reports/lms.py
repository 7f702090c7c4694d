"""Fills the marks into a table that a learning platform exported, so that it imports the table as it is.

The platform's own file has its numbers of students and of the assignment. One column is filled, and every
other byte stays: encoding, quoting, separators, the order of columns and rows. Names are not changed, also
those that a spreadsheet would take for a formula: the platform has to find them again.

- **Canvas**: Grades > Export. The columns `Student`, `ID`, `SIS User ID`, `SIS Login ID`, `Section`, then
  `TITLE (NUMBER)` for each assignment; the row `Points Possible`.
- **Moodle**: the assignment's "Download grading worksheet" (`Identifier` with "Participant NUMBER", `Grade`,
  `Maximum Grade`), or Grades > Export > Plain text file (`Email address`, "Assignment: TITLE (Real)").
- **Blackboard**: Grade Center > Work Offline > Download (`Username`, `TITLE [Total Pts: 20 Score] |NUMBER`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coursekit._shared._files import atomic
from coursekit.grading._worker import Record
from coursekit.grading.assignment import Assignment
from coursekit.grading.gradebook import Total
from coursekit.grading.reports import titles
from coursekit.grading.reports._cells import Table, TableError, read
from coursekit.grading.reports._matching import Person, match, same

PLATFORMS = ("canvas", "moodle", "blackboard")
DECIMALS = 2  # of a mark; Canvas and Moodle show no more
_MAXIMA = re.compile(r"(?i)^\s*points possible")  # in the first cell of Canvas's row of maxima


class LmsError(ValueError):
    """A platform's table cannot be filled; the message says what was looked for."""


@dataclass(frozen=True)
class Filled:
    """A platform's table with the marks.

    Attributes:
        content: the bytes of the file for the import.
        column: the name of the column that was filled.
        entered: number of marks in it.
        remarks: what a person should know, as sentences: who was not matched, whose mark was not entered,
            and how marks were scaled.
    """

    content: bytes
    column: str
    entered: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Layout:
    """Where a platform's table has what."""

    grade: int  # the column to fill
    first: int  # the first row of a student
    number: int | None = None
    logins: tuple[int, ...] = ()
    names: tuple[int, ...] = ()  # one column with whole names, or family name and first name
    maximum: float | None = None
    maxima: int | None = None  # a column with the maximum


def fill(
    export: bytes,
    platform: str,
    records: Iterable[Record],
    totals: Mapping[str, Total],
    assignment: Assignment,
    *,
    column: str = "",
    preliminary: bool = False,
) -> Filled:
    """Fill the marks of a class into a platform's table.

    Args:
        export: the bytes of the file that the platform exported.
        platform: one of `PLATFORMS`.
        records: of all submissions.
        totals: the marks in the gradebook, by student.
        assignment: the assignment.
        column: name, title or number of the assignment's column; empty looks for the assignment's name and
            title.
        preliminary: enter marks also of those who wait for a mark by hand.

    Raises:
        LmsError: the file is not such a table, or the column is not clear.
    """
    try:
        table = read(export)
    except TableError as error:
        raise LmsError(f"the export of {platform}: {error}") from None
    layout = _LAYOUTS[platform](table, assignment, column)
    students = [_student(record, platform) for record in records]
    places = [
        place
        for place, row in enumerate(table.rows)
        if place >= layout.first and any(cell.value.strip() for cell in row[: layout.grade])
    ]
    rows = [_row(table, place, layout) for place in places]
    matches = match(students, rows)
    values, remarks = _values(
        table, layout, {key: places[row] for key, row in matches.rows.items()}, totals, preliminary
    )
    unmatched = [f"not in the export: {key} ({reason})" for key, reason in sorted(matches.unmatched.items())]
    taken = set(matches.rows.values())
    empty = [f"no submission for the row: {row.key}" for at, row in enumerate(rows) if at not in taken]
    return Filled(
        table.with_values({(place, layout.grade): value for place, value in values.items()}),
        table.rows[0][layout.grade].value,
        len(values),
        (*remarks, *unmatched, *empty),
    )


def write(filled: Filled, export: Path, target: Path) -> None:
    """Write a filled table beside the export, whole or not at all.

    Raises:
        LmsError: the target is the export itself.
    """
    if (target.exists() and target.samefile(export)) or target.resolve() == export.resolve():
        raise LmsError(f"{target} is the export itself, which is not written over: name another file")
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic(target) as part:
        part.write_bytes(filled.content)


def _student(record: Record, platform: str) -> Person:
    """A student as the records know him or her."""
    logins = tuple(record.ids[kind] for kind in ("login", "email") if record.ids.get(kind))
    return Person(record.student, record.ids.get(platform, ""), logins, (record.name or record.student,))


def _row(table: Table, place: int, layout: _Layout) -> Person:
    """A student as a row of the platform's table names him or her."""

    def value(column: int) -> str:
        cells = table.rows[place]
        return cells[column].value.strip() if column < len(cells) else ""

    names = [_without_quoting(value(column)) for column in layout.names]
    whole = ", ".join(names) if len(names) == 2 else "".join(names)
    digits = re.search(r"\d+$", value(layout.number)) if layout.number is not None else None
    logins = tuple(filter(None, map(value, layout.logins)))
    called = whole.strip(", ") or next(iter(logins), "") or (value(layout.number or 0))
    return Person(called, digits[0] if digits else "", logins, (whole,) if whole.strip(", ") else ())


def _without_quoting(name: str) -> str:
    """A name as it is. Canvas exports one that begins with = as ="=name", against spreadsheets."""
    quoted = re.fullmatch(r'="(.*)"', name)
    return quoted[1] if quoted else name


def _values(
    table: Table,
    layout: _Layout,
    places: Mapping[str, int],
    totals: Mapping[str, Total],
    preliminary: bool,
) -> tuple[dict[int, str], list[str]]:
    """The new values by row, and what is to be said of them."""
    comma = _has_decimal_comma(table, layout)
    values: dict[int, str] = {}
    left_out: list[str] = []
    scaled: set[str] = set()
    for key, place in sorted(places.items()):
        total, cells = totals.get(key), [cell.value.strip() for cell in table.rows[place]]
        if total is None or len(cells) <= layout.grade:
            left_out.append(f"not entered: {key} has no mark in the gradebook, or the row is too short")
            continue
        possible = layout.maximum if layout.maxima is None else _number(cells[layout.maxima])
        score = total.score
        if possible and total.maximum and possible != total.maximum:
            score *= possible / total.maximum
            scaled.add(f"scaled from {total.maximum:g} points to {possible:g}, the points possible there")
        reason = _reason_against(cells[layout.grade], total.waiting and not preliminary)
        if layout.maxima is not None and possible and round(score, DECIMALS) > possible:
            reason = f"has {score:g} of {possible:g} points, and Moodle takes no mark above the maximum"
        if reason:
            left_out.append(f"not entered: {key} {reason}")
        else:
            text = f"{score:.{DECIMALS}f}".rstrip("0").rstrip(".")
            values[place] = text.replace(".", ",") if comma else text
    return values, sorted(scaled) + left_out


def _reason_against(now: str, waits: bool) -> str:
    """Why a mark is not entered; empty if it is."""
    if now.upper() == "EX":
        return "is excused: the platform's cell says EX"
    if now.upper() == "N/A":
        return "is not assigned this: the platform's cell says N/A"
    return "waits for a mark by hand" if waits else ""


def _has_decimal_comma(table: Table, layout: _Layout) -> bool:
    """Whether the numbers of the table have a decimal comma: 10,00."""
    columns = {layout.grade, layout.maxima}
    texts = [
        row[at].value.strip() for row in table.rows[1:] for at in columns if at is not None and at < len(row)
    ]
    return any(re.fullmatch(r"\d+,\d{1,5}", text) for text in texts)


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


# ---------------------------------------------------------------- where each platform has what


def _canvas(table: Table, assignment: Assignment, column: str) -> _Layout:
    head = _head(table)
    if "ID" not in head or not {"Student", "LastName"} & set(head):
        raise _missing("Canvas", ("Student", "ID"), head, "Grades > Export")
    names = ("Student",) if "Student" in head else ("LastName", "FirstName")
    grade = _column(head, assignment, column, re.compile(r"(?P<title>.+) \((?P<number>\d+)\)$"))
    first, maximum = 1, None
    for place, row in enumerate(table.rows[1:4], start=1):
        if _MAXIMA.match(row[0].value):
            first = place + 1
            maximum = _number(row[grade].value) if len(row) > grade else None
    return _Layout(
        grade, first, head.index("ID"), _places(head, "SIS Login ID", "SIS User ID", "Integration ID"),
        _places(head, *names), maximum,
    )  # fmt: skip


def _moodle(table: Table, assignment: Assignment, column: str) -> _Layout:
    head = _head(table)
    logins = _places(head, "Email address", "Username", "ID number")
    if "Identifier" in head and "Grade" in head:
        maxima = next((at for at, name in enumerate(head) if name.lower() == "maximum grade"), None)
        return _Layout(
            head.index("Grade"), 1, head.index("Identifier"), logins, _places(head, "Full name"), None, maxima
        )
    if not logins:
        wanted = ("Identifier", "Grade")
        raise _missing("Moodle", wanted, head, "the assignment's Download grading worksheet, in English")
    names = _places(head, "Last name", "First name") or _places(head, "Surname", "First name")
    grade = _column(head, assignment, column, re.compile(r"[^:]+: *(?P<title>.+?)(?: \((?:Real|real)\))?$"))
    return _Layout(grade, 1, None, logins, names)


def _blackboard(table: Table, assignment: Assignment, column: str) -> _Layout:
    head = _head(table)
    if "Username" not in head:
        raise _missing("Blackboard", ("Username",), head, "Grade Center > Work Offline > Download")
    pattern = re.compile(
        r"(?P<title>.+?) \[Total Pts: (?:up to )?(?P<points>[\d.,]+)[^]]*\] *\|(?P<number>\d+)$"
    )
    grade = _column(head, assignment, column, pattern)
    found = pattern.match(head[grade])
    names = _places(head, "Last Name", "First Name")
    logins = _places(head, "Username", "Student ID")
    return _Layout(grade, 1, None, logins, names, _number(found["points"]) if found else None)


_LAYOUTS = {"canvas": _canvas, "moodle": _moodle, "blackboard": _blackboard}


def _head(table: Table) -> list[str]:
    return [cell.value.strip() for cell in table.rows[0]]


def _places(head: Sequence[str], *names: str) -> tuple[int, ...]:
    """The columns with these names, as far as they are there."""
    return tuple(head.index(name) for name in names if name in head)


def _column(head: Sequence[str], assignment: Assignment, column: str, pattern: re.Pattern[str]) -> int:
    """The column of the assignment.

    Raises:
        LmsError: there is none, or more than one; the message lists the columns that might be meant.
    """
    named = {at: match for at, name in enumerate(head) if (match := pattern.match(name))}
    wanted = {
        same(text) for text in ([column] if column else [assignment.name, titles.of_assignment(assignment)])
    }
    exact = [at for at, name in enumerate(head) if column and name == column]
    found = exact or [
        at
        for at, parts in named.items()
        if same(parts["title"]) in wanted or (column and parts.groupdict().get("number") == column)
    ]
    if not found and not column:
        word = re.compile(rf"(?i)\b{re.escape(assignment.name)}\b")
        found = [at for at, parts in named.items() if word.search(parts["title"])]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(repr(head[at]) for at in (found or named)) or "none"
    problem = "more than one column fits" if found else "no column fits"
    raise LmsError(
        f"{problem} the assignment {column or assignment.name!r}: there are {listed}. Name the column to fill"
    )


def _missing(platform: str, wanted: Sequence[str], head: Sequence[str], where: str) -> LmsError:
    return LmsError(
        f"this is no export of {platform}: it needs the columns {', '.join(wanted)}, and has "
        f"{', '.join(head[:8]) or 'none'}. Export it from {platform}: {where}"
    )
