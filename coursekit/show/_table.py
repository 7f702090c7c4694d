"""A small table of numbers: readable as text, and by a screen reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from coursekit._shared._text import number

Rows = Mapping[str, Mapping[str, object]] | Mapping[str, Sequence[object]]


@dataclass(frozen=True)
class Table:
    """A table with its values as text. A notebook cell that ends in one shows it.

    Attributes:
        columns: names of the columns; the first one is above the names of the rows.
        rows: the name of each row and its cells.
        numeric: for each column after the first, whether it has only numbers (which are aligned right).
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        return "\n".join(self._line(line, widths) for line in lines)

    def _line(self, line: tuple[str, ...], widths: list[int]) -> str:
        places = zip(line, widths, self._right(), strict=True)
        return "  ".join(cell.rjust(w) if right else cell.ljust(w) for cell, w, right in places).rstrip()

    def html(self) -> str:
        """The table as HTML, with marked headings for screen readers."""
        styles = ["text-align:right" if right else "text-align:left" for right in self._right()]
        head = "".join(
            _cell("th", style, name, "col") for style, name in zip(styles, self.columns, strict=True)
        )
        body = "".join(f"<tr>{self._row(row, styles)}</tr>" for row in self.rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _right(self) -> tuple[bool, ...]:
        return (False, *self.numeric)

    def _row(self, row: tuple[str, ...], styles: list[str]) -> str:
        name, *cells = row
        rest = "".join(_cell("td", style, cell) for style, cell in zip(styles[1:], cells, strict=True))
        return _cell("th", styles[0], name, "row") + rest

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": str(self)}


def table(rows: Rows, *, columns: Sequence[str] = (), first: str = "") -> Table:
    """A table with one row per entry. Numbers get four significant digits, whole numbers all digits.

    Args:
        rows: {"row": {"column": value}}, each row with the same columns; or {"row": (value, ...)} with
            `columns`. None is shown as "-".
        columns: the names of the columns if the rows are sequences.
        first: heading of the first column, which has the names of the rows.

    Raises:
        ValueError: no rows, no columns, or a row with other columns than the first row.
    """
    if not rows:
        raise ValueError("rows must hold at least one row, got none")
    named = {name: _named(name, row, columns) for name, row in rows.items()}
    heads = list(next(iter(named.values())))
    if not heads:
        raise ValueError("rows must have at least one column, got none")
    for name, row in named.items():
        if list(row) != heads:
            raise ValueError(f"rows[{name!r}] has the columns {list(row)}, the first row has {heads}")
    numeric = tuple(all(_is_number(row[head]) for row in named.values()) for head in heads)
    lines = tuple((name, *[_word(row[head]) for head in heads]) for name, row in named.items())
    return Table((first, *heads), lines, numeric)


def _named(
    name: str, row: Mapping[str, object] | Sequence[object], columns: Sequence[str]
) -> dict[str, object]:
    if isinstance(row, Mapping):
        return dict(row)
    if len(row) != len(columns):
        raise ValueError(f"rows[{name!r}] has {len(row)} values for {len(columns)} columns {list(columns)}")
    return dict(zip(columns, row, strict=True))


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _word(value: object) -> str:
    if value is None:
        return "-"
    return number(float(value)) if isinstance(value, int | float) and _is_number(value) else str(value)


def _cell(tag: str, style: str, text: str, scope: str = "") -> str:
    scoped = f' scope="{scope}"' if scope else ""
    return f'<{tag}{scoped} style="{style}">{escape(text)}</{tag}>'
