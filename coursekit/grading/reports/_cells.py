"""Changes single cells of a CSV file and keeps every other byte: encoding, quoting, separators, line ends."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass

SEPARATORS = (",", ";", "\t")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class TableError(ValueError):
    """A file is no table that can be read; the message says why, and what to do."""


@dataclass(frozen=True)
class Cell:
    """A cell: its value, and where its text stands in the file's text, with its quotes."""

    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Table:
    """A table as it stands in a file.

    Attributes:
        mark: the bytes before the text (a byte order mark), or none.
        encoding: of the text.
        text: all of it.
        separator: of the cells.
        rows: of cells. Empty lines are none.
    """

    mark: bytes
    encoding: str
    text: str
    separator: str
    rows: tuple[tuple[Cell, ...], ...]

    def with_values(self, values: Mapping[tuple[int, int], str]) -> bytes:
        """The file's bytes with some other values.

        Args:
            values: by row and column, from 0. One is quoted where the old one was, or where it has to be.
        """
        pieces, at = [], 0
        for (row, column), value in sorted(values.items()):
            cell = self.rows[row][column]
            quoted = self.text[cell.start : cell.start + 1] == '"' or re.search(r'["\r\n]', value)
            if quoted or self.separator in value:
                value = '"' + value.replace('"', '""') + '"'
            pieces += [self.text[at : cell.start], value]
            at = cell.end
        return self.mark + ("".join(pieces) + self.text[at:]).encode(self.encoding, "surrogatepass")


def read(content: bytes) -> Table:
    """Read a table from a file's bytes.

    Its encoding is that of its byte order mark, or else UTF-8, or else Windows-1252 or Latin-1. Its separator
    is the one of comma, semicolon and tab that splits the first line into most cells.

    Raises:
        TableError: it is empty, is no text, or ends within quotes.
    """
    mark, encoding, text = _decoded(content)
    separator = max(SEPARATORS, key=lambda sign: len(_row(text, 0, sign)[0]))
    rows, at = [], 0
    while at < len(text):
        cells, at = _row(text, at, separator)
        if len(cells) > 1 or cells[0].value:
            rows.append(tuple(cells))
    if not rows:
        raise TableError("the file is empty: export it again")
    return Table(mark, encoding, text, separator, tuple(rows))


def _decoded(content: bytes) -> tuple[bytes, str, str]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return mark, encoding, content[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                raise TableError(f"the file begins like {encoding}, but is not: export it again") from None
    if b"\0" in content:
        raise TableError("the file is no CSV (perhaps it is a spreadsheet, .xlsx): export it as CSV")
    for encoding in ("utf-8", "cp1252", "latin-1"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    return b"", encoding, text


def _row(text: str, at: int, separator: str) -> tuple[list[Cell], int]:
    """The cells of the line that begins at a place, and where the next line begins."""
    cells = []
    plain = re.compile(rf"[^{re.escape(separator)}\r\n]*")
    while True:
        start, value = at, ""
        if text[at : at + 1] == '"':
            inside = _QUOTED.match(text, at)
            if inside is None:
                line = text.count("\n", 0, at) + 1
                raise TableError(f"line {line}: a quote is opened and never closed: export the file again")
            value, at = inside[1].replace('""', '"'), inside.end()
        rest = plain.match(text, at)
        if rest:
            value, at = value + rest[0], rest.end()
        cells.append(Cell(value, start, at))
        if text[at : at + 1] != separator:
            break
        at += 1
    end = re.compile(r"\r\n|\n|\r|$").match(text, at)
    return cells, end.end() if end else len(text)


_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
