"""Tables as CSV, for people and their spreadsheets.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, also if it is quoted. A
formula from a stranger can call programs and send data. Texts of students therefore get an apostrophe before
such a sign, which spreadsheets read as "this is text".

The key of a student stays as it is, because other programs look it up. `collect` makes it of letters, digits
and `_@.-` only. A spreadsheet that takes such a key for a formula has neither a bracket nor an operator to
call something with: it shows `#NAME?`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def text(head: Sequence[str], rows: Iterable[Sequence[object]], keys: int = 1) -> str:
    """Make a table as CSV.

    Args:
        head: the names of the columns.
        rows: their cells; numbers are written without needless zeros.
        keys: number of the first columns whose cells stay exactly as they are.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(head)
    for row in rows:
        writer.writerow([*row[:keys], *(_cell(value) for value in row[keys:])])
    return file.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, (int, float)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return without_formula(str(value))


def without_formula(value: str) -> str:
    """A text on one line that a spreadsheet does not take for a formula."""
    line = " ".join(value.split())
    return f"'{line}" if line[:1] in tuple("=+-@") else line
