"""An assignment as its author wrote it: solutions, visible checks, hidden tests, in one notebook.

The format is nbgrader's (cell metadata, `### BEGIN SOLUTION`, `### BEGIN HIDDEN TESTS`). Within the hidden
tests, comment lines part what runs with the student's code from what only the judge runs:

    ### BEGIN HIDDEN TESTS
    ### INPUTS                  run on both sides; may be left out
    clip = torch.rand(5, 3, 7, 9, generator=torch.Generator().manual_seed(1))
    ### ANSWERS                 run after the student's code: makes a dict of plain values
    answers = {"mean": mean_frame(clip)}
    ### JUDGE                   run outside the sandbox, on what came out: raises what is wrong
    check.close(answers["mean"], clip.mean(0), "mean_frame(clip)")
    ### END HIDDEN TESTS

As one cell they run in a plain kernel too, so that nbgrader itself can grade the notebook. When we grade, the
setup (code cells before the first task) and all solution cells run first, then the answers of all tests; the
other code cells, which are there to look at, do not.
"""

from __future__ import annotations

import ast
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

ASSIGNMENTS = Path(__file__).resolve().parents[2] / "notebooks" / "assignments"
BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
PARTS = ("### INPUTS", "### ANSWERS", "### JUDGE")


class MasterError(ValueError):
    """An assignment that is not in the format; the message names the file, the cell and the mend."""


@dataclass(frozen=True)
class Test:
    """The hidden tests of one cell, worth `points` together."""

    grade_id: str
    points: float
    inputs: str  # run on both sides
    answers: str  # run in the sandbox; makes `answers`
    judge: str  # run by the judge only


@dataclass(frozen=True)
class Cell:
    """One cell of the master. `kind`: code (locked), solution, test, written or text."""

    kind: str
    grade_id: str
    points: float
    source: str
    cell_id: str
    test: Test | None = None


@dataclass(frozen=True)
class Master:
    """An assignment: its name, its cells in order, and a digest of all that the marks depend on."""

    name: str
    path: Path
    cells: tuple[Cell, ...]
    digest: str

    @property
    def tests(self) -> tuple[Test, ...]:
        """The hidden tests, in order."""
        return tuple(cell.test for cell in self.cells if cell.test)

    @property
    def written(self) -> tuple[Cell, ...]:
        """The answers that a person marks."""
        return tuple(cell for cell in self.cells if cell.kind == "written")

    @property
    def points(self) -> float:
        """What the hidden tests are worth together."""
        return sum(test.points for test in self.tests)

    @property
    def setup(self) -> tuple[Cell, ...]:
        """The code cells before the first task, but for pictures: what they define, the judge has too."""
        first = next(i for i, cell in enumerate(self.cells) if cell.kind in ("solution", "test"))
        return tuple(cell for cell in self.cells[:first] if cell.kind == "code" and not _shows(cell.source))

    def solutions(self, given: Mapping[str, str] | None = None) -> list[dict[str, str]]:
        """What runs first in the sandbox: the setup, then the solutions.

        Args:
            given: texts of solution cells by grade_id; the master's own stands where none is given.
        """
        setup = [
            {"id": f"setup-{i}", "kind": "code", "source": c.source} for i, c in enumerate(self.setup, 1)
        ]
        return setup + [
            {"id": cell.grade_id, "kind": "solution", "source": (given or {}).get(cell.grade_id, cell.source)}
            for cell in self.cells
            if cell.kind == "solution"
        ]

    def questions(self) -> list[dict[str, str]]:
        """What runs then: each test's inputs and answers, without what is expected."""
        return [
            {"id": test.grade_id, "kind": "test", "source": f"{test.inputs}\n{test.answers}"}
            for test in self.tests
        ]


def read(path: str | Path) -> Master:
    """An assignment from its notebook.

    Raises:
        MasterError: the notebook is not in the format.
        OSError: the file cannot be read.
    """
    path = Path(path)
    return parse(path.read_bytes(), path)


def parse(content: bytes, path: Path) -> Master:
    """An assignment from the bytes of its notebook; `path` gives its name.

    Raises:
        MasterError: the notebook is not in the format.
    """
    try:
        notebook = nbformat.reads(content.decode("utf-8"), as_version=4)
    except Exception as error:  # nbformat raises many kinds
        raise MasterError(f"{path} is no notebook: {error}") from None
    cells = tuple(_cell(cell, path) for cell in notebook.cells)
    master = Master(path.stem, path, cells, hashlib.sha256(content).hexdigest())
    _demand(master)
    return master


def every(root: Path = ASSIGNMENTS) -> list[Master]:
    """The assignments of a folder, in the order of their titles.

    Raises:
        MasterError: one is not in the format.
    """
    found = [read(path) for path in root.glob("*/*.ipynb")]
    return sorted(found, key=lambda master: master.cells[0].source)


def find(name: str, root: Path = ASSIGNMENTS) -> Path:
    """The file of an assignment: its name, or a path to it.

    Raises:
        MasterError: there is no such assignment; the message lists those that are there.
    """
    for path in (root / name / f"{name}.ipynb", Path(name)):
        if path.is_file() and path.suffix == ".ipynb":
            return path
    there = sorted(path.parent.name for path in root.glob("*/*.ipynb") if path.stem == path.parent.name)
    raise MasterError(f"there is no assignment {name!r} in {root}; there are: {', '.join(there) or 'none'}")


def _shows(source: str) -> bool:
    """Whether a cell does nothing but show something."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a line for IPython
        return False
    calls = [
        line.value.func for line in body if isinstance(line, ast.Expr) and isinstance(line.value, ast.Call)
    ]
    names = [ast.unparse(function).split(".")[0] for function in calls]
    return bool(body) and len(calls) == len(body) and set(names) <= {"show", "widgets", "predict"}


def _cell(cell: Any, path: Path) -> Cell:
    about = cell.metadata.get("nbgrader", {})
    if not isinstance(about, dict):
        raise MasterError(f"{path}: nbgrader's metadata of a cell must be a dict, not {about!r}")
    grade_id = str(about.get("grade_id", ""))
    try:
        points = float(about.get("points", 0) or 0)
    except (TypeError, ValueError):
        raise MasterError(
            f"{path}, cell {grade_id!r}: its points must be a number, not {about['points']!r}"
        ) from None
    if about.get("solution"):
        kind = "solution" if cell.cell_type == "code" else "written"
    elif about.get("grade"):
        kind = "test"
    else:
        kind = "code" if cell.cell_type == "code" else "text"
    test = _test(cell.source, grade_id, points, path) if kind == "test" else None
    return Cell(kind, grade_id, points, cell.source, str(cell.get("id", "")), test)


def _test(source: str, grade_id: str, points: float, path: Path) -> Test:
    where = f"{path}, cell {grade_id!r}"
    lines = source.split("\n")
    if lines.count(BEGIN) != 1 or lines.count(END) != 1:
        raise MasterError(f"{where}: a test cell needs one line {BEGIN!r} and one {END!r}, without indent")
    parts: dict[str, list[str]] = {name: [] for name in PARTS}
    now = None
    for line in lines[lines.index(BEGIN) + 1 : lines.index(END)]:
        name = next((name for name in PARTS if line.startswith(name)), None)
        if name:
            now = name
        elif now:
            parts[now].append(line)
        elif line.strip():
            raise MasterError(f"{where}: {line!r} stands before {PARTS[0]!r} or {PARTS[1]!r}")
    inputs, answers, judge = ("\n".join(parts[name]) for name in PARTS)
    for name, text in ((PARTS[1], answers), (PARTS[2], judge)):
        if not text.strip():
            raise MasterError(f"{where}: the hidden tests have no part {name!r}")
    for text in (inputs, answers, judge):
        try:
            ast.parse(text)
        except SyntaxError as error:
            raise MasterError(f"{where}: {error}") from None
    return Test(grade_id, points, inputs, answers, judge)


def _demand(master: Master) -> None:
    named = [cell for cell in master.cells if cell.kind in ("solution", "test", "written")]
    ids = [cell.grade_id for cell in named]
    for cell in named:
        if not cell.grade_id or ids.count(cell.grade_id) > 1:
            raise MasterError(
                f"{master.path}: the grade_id {cell.grade_id!r} is empty or stands twice, as in the cell "
                f"that begins {cell.source[:40]!r}: each needs its own"
            )
    for cell in named:
        if cell.kind in ("test", "written") and not 0 < cell.points < math.inf:
            raise MasterError(
                f"{master.path}, cell {cell.grade_id!r}: it is worth {cell.points:g} points, not more than 0"
            )
        if cell.kind != "test" and "### BEGIN SOLUTION" not in cell.source:
            raise MasterError(f"{master.path}, cell {cell.grade_id!r}: no line '### BEGIN SOLUTION'")
    if not master.tests:
        raise MasterError(f"{master.path}: no cell has hidden tests")
