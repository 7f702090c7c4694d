"""What students were given: the cells of each assignment that are theirs, without solutions and tests.

`make publish` writes it into the students' package, as `handouts.json`: on Colab nothing else is there.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from coursekit._shared._files import write_text
from coursekit.handin._code import bound, defined

FILE = Path(__file__).with_name("handouts.json")


class HandinError(Exception):
    """Nothing can be checked; the message says why and what to do."""


@dataclass(frozen=True)
class Cell:
    """A cell in which students write: `kind` is "solution" (code) or "written" (an answer in words).

    `points` are those of the tests that belong to it, or of the written answer. `source` is its text as it
    was handed out.
    """

    kind: str
    grade_id: str
    cell_id: str
    points: float
    source: str


@dataclass(frozen=True)
class Handout:
    """An assignment as it was handed out.

    Attributes:
        name: of its file, such as "conv3d".
        title: of its first cell.
        cells: those in which students write, in order.
        setup: the names that its set-up cells define.
        known: the fingerprint of each of its texts.
    """

    name: str
    title: str
    cells: tuple[Cell, ...]
    setup: tuple[str, ...]
    known: tuple[str, ...]

    @cached_property
    def wanted(self) -> dict[str, Cell]:
        """The cells by their grade_id."""
        return {cell.grade_id: cell for cell in self.cells}

    @cached_property
    def functions(self) -> dict[str, str]:
        """The grade_id of the cell that defines a function, by the function's name."""
        return {name: cell.grade_id for cell in self.cells for name in defined(cell.source)}


def fingerprint(text: str) -> str:
    """The same for two texts that differ in white space and addresses only; `make publish` changes links."""
    words = re.sub(r"https?://[^\s)\]\"'<>]*", "", text).split()
    return hashlib.sha256(" ".join(words).encode("utf-8", "replace")).hexdigest()[:16]


def setup_names(sources: Iterable[str]) -> tuple[str, ...]:
    """The names that set-up cells define, in alphabetical order."""
    return tuple(sorted({name for source in sources for name in bound(source)}))


def handouts() -> list[Handout]:
    """The assignments of the published course.

    Raises:
        HandinError: this is not the published course.
    """
    try:
        content = json.loads(FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise HandinError(
            "this copy of coursekit does not know the assignments, because it was not published. In the "
            "instructor's checkout, run .venv/bin/coursekit submit-check FILE"
        ) from None
    return [_handout(entry) for entry in content]


def save(path: Path, given: Iterable[Handout]) -> None:
    """Write handouts to a file, whole or not at all."""
    write_text(path, json.dumps([asdict(handout) for handout in given], indent=1, ensure_ascii=False) + "\n")


def _handout(entry: Mapping[str, Any]) -> Handout:
    cells = tuple(Cell(**cell) for cell in entry["cells"])
    return Handout(entry["name"], entry["title"], cells, tuple(entry["setup"]), tuple(entry["known"]))
