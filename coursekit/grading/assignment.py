"""An assignment as its author wrote it: one notebook, the master, with solutions, checks and hidden tests.

The format is nbgrader's (cell metadata, `### BEGIN SOLUTION`, `### BEGIN HIDDEN TESTS`). Comment lines divide
the hidden tests into what runs with the student's code and what only the judge runs:

    ### BEGIN HIDDEN TESTS
    ### INPUTS                  runs on both sides; optional
    clip = torch.rand(5, 3, 7, 9, generator=torch.Generator().manual_seed(1))
    ### ANSWERS                 runs after the student's code and makes a dict of plain values
    answers = {"mean": mean_frame(clip)}
    ### JUDGE                   runs outside the sandbox on these answers and raises what is wrong
    check.close(answers["mean"], clip.mean(0), "mean_frame(clip)")
    ### END HIDDEN TESTS

In the part JUDGE, `check.own_work("mean_frame", modules=("torch",))` is a rule for the student's code. The
same call stands in the visible part. A block `with check.part("values", 2):` has points of its own. Both are
explained in `coursekit.check`. The answers of a test with a rule are made with the setup and with the cells
that the rule reads.

As one cell they also run in a plain kernel, so nbgrader itself can grade the notebook. `coursekit grade` runs
the setup (code cells before the first task) and all solution cells first, then the answers of all tests. It
does not run the other code cells, which only show something.
"""

from __future__ import annotations

import ast
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit.check import Rule
from coursekit.grading._rules import FormatError, parts_of, rules_of

FOLDER = Path("notebooks", "assignments")  # where a checkout of the course has its master notebooks
_CHECKOUT = Path(__file__).resolve().parents[2]  # of an installed package: site-packages
BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
PARTS = ("### INPUTS", "### ANSWERS", "### JUDGE")


class AssignmentError(ValueError):
    """An assignment is missing or not in the format. The message names the place and what to change."""


@dataclass(frozen=True)
class Test:
    """The hidden tests of one cell, worth `points` together.

    `rules` are read from the student's code before anything runs. `parts` have a name and points each.
    """

    grade_id: str
    points: float
    inputs: str  # run on both sides
    answers: str  # run in the sandbox; makes `answers`
    judge: str  # run by the judge only
    rules: tuple[Rule, ...] = ()
    parts: tuple[tuple[str, float], ...] = ()


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
class Assignment:
    """An assignment: its name, its cells in order, and the SHA-256 digest of its master notebook."""

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
        """The points of all hidden tests together."""
        return sum(test.points for test in self.tests)

    @property
    def setup(self) -> tuple[Cell, ...]:
        """The code cells before the first task that define something; the judge runs them too."""
        first = next(i for i, cell in enumerate(self.cells) if cell.kind in ("solution", "test"))
        return tuple(cell for cell in self.cells[:first] if cell.kind == "code" and not _shows(cell.source))

    def solutions(self, given: Mapping[str, str] | None = None) -> list[dict[str, str]]:
        """The cells that run first in the sandbox: the setup, then the solutions.

        Args:
            given: texts of solution cells by grade_id. A cell that is not in it keeps the master's solution.
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
        """The cells that run after them: each test's inputs and answers, without the expected values."""
        return [
            {"id": test.grade_id, "kind": "test", "source": f"{test.inputs}\n{test.answers}"}
            for test in self.tests
        ]


def read(path: str | Path) -> Assignment:
    """Read an assignment from its master notebook.

    Raises:
        AssignmentError: the notebook is not in the format.
        OSError: the file cannot be read.
    """
    path = Path(path)
    return parse(path.read_bytes(), path)


def parse(content: bytes, path: Path) -> Assignment:
    """Read an assignment from the bytes of its master notebook; `path` gives its name.

    Raises:
        AssignmentError: the notebook is not in the format.
    """
    import nbformat  # here, because it takes a second to load, and workers do not need it

    try:
        notebook = nbformat.reads(content.decode("utf-8"), as_version=4)
    except Exception as error:  # nbformat raises many kinds
        raise AssignmentError(f"{path} is not a notebook: {error}") from None
    cells = tuple(_cell(cell, path) for cell in notebook.cells)
    assignment = Assignment(path.stem, path, cells, hashlib.sha256(content).hexdigest())
    _check(assignment)
    return assignment


def every(masters: str | Path | None = None) -> list[Assignment]:
    """Read all assignments of a folder, in the order of their titles.

    Args:
        masters: the folder, as in `folder_of_masters`.

    Raises:
        AssignmentError: the folder is not found, or an assignment is not in the format.
    """
    assignments = [read(path) for path in folder_of_masters(masters).glob("*/*.ipynb")]
    return sorted(assignments, key=lambda assignment: assignment.cells[0].source)


def find(name: str, masters: str | Path | None = None) -> Path:
    """Find the master notebook of an assignment.

    Args:
        name: the name of the assignment, or the path of its master notebook.
        masters: the folder that holds NAME/NAME.ipynb, as in `folder_of_masters`.

    Raises:
        AssignmentError: there is no such assignment; the message lists those that the folder has.
    """
    path = Path(name)
    if path.suffix == ".ipynb":
        if path.is_file():
            return path
        raise AssignmentError(f"there is no notebook {path}")
    folder = folder_of_masters(masters)
    path = folder / name / f"{name}.ipynb"
    if path.is_file():
        return path
    names = sorted(path.stem for path in folder.glob("*/*.ipynb") if path.stem == path.parent.name)
    raise AssignmentError(
        f"there is no assignment {name!r} in {folder}; there are: {', '.join(names) or 'none'}"
    )


def folder_of_masters(given: str | Path | None = None) -> Path:
    """Find the folder of the master notebooks.

    It is the given folder. Without one, it is `notebooks/assignments` in the current folder or in a folder
    above it, or else in the checkout that this package runs from.

    Raises:
        AssignmentError: there is none; the message says where it was looked for and which option helps.
    """
    if given is not None:
        if not Path(given).is_dir():
            raise AssignmentError(f"the folder of the assignments, --masters {given}, does not exist")
        return Path(given)
    here = Path.cwd()
    for folder in (here, *here.parents, _CHECKOUT):
        if (folder / FOLDER).is_dir():
            return folder / FOLDER
    raise AssignmentError(
        f"the assignments were not found: there is no folder {FOLDER.as_posix()} in {here}, in a folder "
        f"above it, or in {_CHECKOUT}. Name the folder with --masters DIR, for example "
        f"--masters ~/course/{FOLDER.as_posix()}, or give the path of the assignment's notebook as its name"
    )


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
    metadata = cell.metadata.get("nbgrader", {})
    if not isinstance(metadata, dict):
        raise AssignmentError(f"{path}: nbgrader's metadata of a cell must be a dict, not {metadata!r}")
    grade_id = str(metadata.get("grade_id", ""))
    try:
        points = float(metadata.get("points", 0) or 0)
    except (TypeError, ValueError):
        raise AssignmentError(
            f"{path}, cell {grade_id!r}: its points must be a number, not {metadata['points']!r}"
        ) from None
    if metadata.get("solution"):
        kind = "solution" if cell.cell_type == "code" else "written"
    elif metadata.get("grade"):
        kind = "test"
    else:
        kind = "code" if cell.cell_type == "code" else "text"
    test = _test(cell.source, grade_id, points, path) if kind == "test" else None
    return Cell(kind, grade_id, points, cell.source, str(cell.get("id", "")), test)


def _test(source: str, grade_id: str, points: float, path: Path) -> Test:
    where = f"{path}, cell {grade_id!r}"
    lines = source.split("\n")
    if lines.count(BEGIN) != 1 or lines.count(END) != 1:
        raise AssignmentError(f"{where}: a test cell needs one line {BEGIN!r} and one {END!r}, not indented")
    parts: dict[str, list[str]] = {name: [] for name in PARTS}
    current = None
    for line in lines[lines.index(BEGIN) + 1 : lines.index(END)]:
        name = next((name for name in PARTS if line.startswith(name)), None)
        if name:
            current = name
        elif current:
            parts[current].append(line)
        elif line.strip():
            raise AssignmentError(f"{where}: {line!r} stands before {PARTS[0]!r} or {PARTS[1]!r}")
    inputs, answers, judge = ("\n".join(parts[name]) for name in PARTS)
    for name, text in ((PARTS[1], answers), (PARTS[2], judge)):
        if not text.strip():
            raise AssignmentError(f"{where}: the hidden tests have no part {name!r}")
    for text in (inputs, answers, judge):
        try:
            ast.parse(text)
        except SyntaxError as error:
            raise AssignmentError(f"{where}: {error}") from None
    try:
        rules = rules_of(judge)
        if unseen := set(rules) - set(rules_of("\n".join(lines[: lines.index(BEGIN)]))):
            raise FormatError(f"the visible part does not check the rule for {unseen.pop().function}")
        return Test(grade_id, points, inputs, answers, judge, rules, parts_of(judge, points))
    except FormatError as error:
        raise AssignmentError(f"{where}: {error}") from None


def _check(assignment: Assignment) -> None:
    """Raise what is wrong with the grade_ids, the points and the solutions of an assignment."""
    cells = [cell for cell in assignment.cells if cell.kind in ("solution", "test", "written")]
    ids = [cell.grade_id for cell in cells]
    for cell in cells:
        if not cell.grade_id or ids.count(cell.grade_id) > 1:
            raise AssignmentError(
                f"{assignment.path}: the grade_id {cell.grade_id!r} is empty or stands twice, as in the cell "
                f"that begins {cell.source[:40]!r}: each needs its own"
            )
    for cell in cells:
        where = f"{assignment.path}, cell {cell.grade_id!r}"
        if cell.kind in ("test", "written") and not 0 < cell.points < math.inf:
            raise AssignmentError(f"{where}: it is worth {cell.points:g} points, not more than 0")
        if cell.kind != "test" and "### BEGIN SOLUTION" not in cell.source:
            raise AssignmentError(f"{where}: no line '### BEGIN SOLUTION'")
    if not assignment.tests:
        raise AssignmentError(f"{assignment.path}: no cell has hidden tests")
