"""Reads times as learning platforms write them, and an instructor's table of times."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from coursekit.grading._files import CollectError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORDS = re.compile(  # Moodle's: Tuesday, 24 November 2026, 5:12 PM
    r"(?i)^(?:[a-z]+,? )?(?P<day>\d{1,2})\.? (?P<month>[a-z]{3,9}) (?P<year>\d{4}),? "
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?: ?(?P<half>[ap])\.?m\.?)?$"
)
_BRIGHTSPACE = re.compile(  # Nov 24, 2026 512 PM
    r"(?i)^(?P<month>[a-z]{3,9}) (?P<day>\d{1,2}), (?P<year>\d{4}) "
    r"(?P<hour>\d{1,2}?):?(?P<minute>\d\d) (?P<half>[ap])m$"
)
_BLACKBOARD = re.compile(r"^\d{4}(-\d\d){5}$")  # 2026-11-24-17-12-33
_ISO = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
EXAMPLES = "2026-11-24T17:12:00+01:00, or 2026-11-24 17:12 UTC, or Tuesday, 24 November 2026, 5:12 PM"

_WHO = ("student", "name", "full name", "email", "email address", "username", "id", "sid")
_WHEN = ("time", "submitted", "submitted at", "submission time", "last modified (submission)")
_NOT_YET = ("", "-", "never", "no submission")  # Moodle's for somebody who has not handed in


def read_times(path: str | Path) -> dict[str, float]:
    """Read a table of the times at which students handed in.

    The table is a CSV file with a header. A column says who it is (student, name or email; several may be
    there, and each of a row's values is a key), another when (time or submitted). Moodle's grading worksheet
    and Gradescope's table of scores are such tables. A time without a zone is of this computer's zone, and
    only the form of Moodle may lack one. A name that two rows have with different times is left out where
    the rows differ in another column.

    Returns:
        POSIX time by student, name or email address.

    Raises:
        CollectError: the file cannot be read, has no such columns, or a time cannot be understood; the
            message has the line and an example.
    """
    rows = _rows(Path(path))
    head = [" ".join(cell.lower().split()) for cell in rows[0]]
    who = [number for number, cell in enumerate(head) if cell in _WHO]
    when = [number for number, cell in enumerate(head) if cell in _WHEN]
    both = [head.index(cell) for cell in ("first name", "last name") if cell in head]
    if not (who or len(both) == 2) or not when:
        raise CollectError(
            f"{path} has the columns {', '.join(rows[0])}; it needs a column student, name or email, and a "
            "column time or submitted"
        )
    table = _Table(str(path))
    for number, row in enumerate(rows[1:], start=2):
        cells = [*(cell.strip() for cell in row), *[""] * len(head)]
        if not any(cells) or cells[when[0]].lower() in _NOT_YET:
            continue
        names = [cells[column] for column in who]
        names += [" ".join(cells[column] for column in both)] if len(both) == 2 else []
        time = parsed(cells[when[0]])
        if time is None:
            raise CollectError(
                f"{path}, line {number}: the time {cells[when[0]]!r} cannot be understood; write {EXAMPLES}"
            )
        table.add(number, [name for name in names if name], time)
    return table.times()


def _rows(path: Path) -> list[list[str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        first = text.split("\n")[0]
        mark = max(",;\t", key=first.count)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except OSError as error:
        raise CollectError(f"{path} cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise CollectError(f"{path} is no CSV file in UTF-8 ({error})") from None
    if not rows:
        raise CollectError(f"{path} is empty; its first line must be a header such as student,time")
    return rows


@dataclass
class _Table:
    """Times by name, with those names left out that belong to several rows."""

    path: str
    _times: dict[str, float] = field(default_factory=dict)
    _lines: dict[str, int] = field(default_factory=dict)
    _rows: list[tuple[int, list[str]]] = field(default_factory=list)
    _twice: set[str] = field(default_factory=set)

    def add(self, line: int, names: list[str], time: float) -> None:
        """Add a row."""
        for name in names:
            if self._times.setdefault(name, time) != time:
                self._twice.add(name)
            self._lines.setdefault(name, line)
        self._rows.append((line, names))

    def times(self) -> dict[str, float]:
        """POSIX time by name.

        Raises:
            CollectError: a row has no name of its own.
        """
        for line, names in self._rows:
            if names and not set(names) - self._twice and self._lines[names[0]] != line:
                raise CollectError(
                    f"{self.path}, line {line}: {names[0]} has another time in line {self._lines[names[0]]}; "
                    "leave one line for each student"
                )
        return {name: time for name, time in self._times.items() if name not in self._twice}


# ---------------------------------------------------------------- single times


def parsed(text: str) -> float | None:
    """POSIX time of a text: ISO 8601 with a zone, or in words as Moodle; None if it is neither."""
    return iso(text) or in_words(text)


def iso(text: str) -> float | None:
    """POSIX time of ISO 8601 with a zone, also with spaces, as Gradescope and nbgrader write it."""
    text = re.sub(r"\s*(UTC|GMT|Z)$", "+00:00", text.strip())
    text = re.sub(r"\s+([+-]\d\d):?(\d\d)$", r"\1:\2", text)
    text = re.sub(r"(\.\d{6})\d+", r"\1", text)  # Ruby's nanoseconds
    if not _ISO.match(text):
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.timestamp() if time.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None


def in_words(text: str) -> float | None:
    """POSIX time of a text such as "Tuesday, 24 November 2026, 5:12 PM", in this computer's zone."""
    return _matched(_WORDS, text)


def brightspace(text: str) -> float | None:
    """POSIX time of "Nov 24, 2026 512 PM", in this computer's zone."""
    return _matched(_BRIGHTSPACE, text)


def blackboard(text: str) -> float | None:
    """POSIX time of "2026-11-24-17-12-33", in this computer's zone."""
    return _local(*map(int, text.split("-"))) if _BLACKBOARD.match(text) else None


def _matched(pattern: re.Pattern[str], text: str) -> float | None:
    match = pattern.match(" ".join(text.split()))
    if not match or match["month"][:3].lower() not in _MONTHS:
        return None
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
    month = _MONTHS.index(match["month"][:3].lower()) + 1
    return _local(int(match["year"]), month, int(match["day"]), hour, int(match["minute"]))


def _local(year: int, month: int, day: int, hour: int, minute: int, second: int = 0) -> float | None:
    try:
        return datetime(year, month, day, hour, minute, second).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def shown(when: float | None) -> str:
    """A time as people write it, in this computer's zone."""
    if when is None:
        return "no time"
    try:
        return datetime.fromtimestamp(when, timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "no time"


# ---------------------------------------------------------------- Gradescope


@dataclass(frozen=True)
class Uploaded:
    """What a Gradescope export says of a submission."""

    names: tuple[str, ...]
    ids: Mapping[str, str]
    when: float | None


def gradescope(text: str) -> dict[str, Uploaded]:
    """Read what `submission_metadata.yml` says of each folder: who handed in, and when.

    The file is YAML. It may have tens of megabytes, of which these few lines are wanted, so this reads them
    by their indentation.
    """
    found: dict[str, Uploaded] = {}
    for folder, lines in _sections(text.splitlines()):
        names: list[str] = []
        ids: dict[str, str] = {}
        when, part = None, ""
        for line in lines:
            outer = re.match(r"^  ?:?(\w+):\s*(.*)$", line)
            if outer:
                part = outer[1]
                when = iso(_scalar(outer[2])) if part == "created_at" else when
            inner = re.match(r"^\s*(?:- )?:?(name|email|sid):\s+(.*)$", line)
            if inner and part == "submitters" and (value := _scalar(inner[2])):
                if inner[1] == "name":
                    names.append(value)
                else:
                    ids.setdefault(inner[1], value)
        found[folder] = Uploaded(tuple(names), ids if len(names) < 2 else {}, when)
    return found


def _sections(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """The lines below each name that stands at the beginning of a line."""
    name = ""
    below: list[str] = []
    for line in lines:
        start = re.match(r"^['\"]?([^\s:'\"][^:'\"]*)['\"]?:\s*$", line)
        if start:
            if name:
                yield name, below
            name, below = start[1], []
        else:
            below.append(line)
    if name:
        yield name, below


def _scalar(text: str) -> str:
    """The text of a YAML scalar on one line."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        pairs: Callable[[re.Match[str]], str] = lambda match: chr(int(match[1] or match[2], 16))  # noqa: E731
        return re.sub(r"\\(.)", r"\1", re.sub(r"\\x([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})", pairs, text[1:-1]))
    return "" if text in ("~", "null") else text
