"""Checks assignments: full marks for the reference, 0 for the untouched release, losses for known mistakes.

    python -m coursekit.grading.validate [--masters DIR] [NAME ...]

A known mistake is a solution in a file `wrong/*.py` beside the master. It begins with a docstring that says
what is wrong and has lines of a fixed form:

    loses: task-1-values, task-2-sums/memory
    says: where is the stride
    warned: "The strides are for time, height and width."

`loses:` has the test cells that must lose points; all others must have full points. With a slash comes the
part that must lose its points; the other parts of the cell must have theirs. `says:` is a part of the message
that the first of them must give. Then come cells, `# %% task-1`. Each takes the place of the solution cell of
that name.

No hidden check may be a surprise. So the visible part of each test cell that loses points must fail, too. If
it passes, the text of the task or the docstring of its function must warn of the mistake, and the file quotes
that sentence: `warned:`, word for word, on one line.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coursekit.check import decode
from coursekit.grading.assignment import BEGIN, Assignment, AssignmentError, Cell, every, find, read
from coursekit.grading.autograde import Judge, Mark
from coursekit.grading.release import stubs

Cells = list[dict[str, str]]
Run = Callable[[Cells, Cells], list[dict[str, str]]]
VISIBLE = "visible checks"  # the job that runs them
_KERNEL = """
def _run(cells):
    from torch import Tensor

    from coursekit._shared._source import compiled

    mine = {name: value.clone() if isinstance(value, Tensor) else value for name, value in globals().items()}
    said = {}
    for name, source in cells:
        try:
            exec(compiled(source, f"<{name}>"), mine)
        except Exception as error:
            said[name] = f"{type(error).__name__}: {error}"
    return {"said": said}
"""


@dataclass(frozen=True)
class KnownMistake:
    """A solution with a known mistake.

    Attributes:
        path: its file.
        about: the first line of its docstring.
        loses: the test cells, or parts of them ("task-1-values/stride"), that must lose their points.
        says: a part of the message of the first of them.
        warned: sentences of the tasks' texts that warn of the mistake.
        cells: its solution cells.
    """

    path: Path
    about: str
    loses: tuple[str, ...]
    says: str
    warned: tuple[str, ...]
    cells: Mapping[str, str]

    @property
    def tests(self) -> dict[str, set[str]]:
        """The test cells that must lose points, each with the parts that must; none named: any."""
        tests: dict[str, set[str]] = {}
        for name, _, part in (entry.partition("/") for entry in self.loses):
            tests.setdefault(name, set()).update({part} - {""})
        return tests


@dataclass(frozen=True)
class Outcome:
    """What a solution gets: the mark of each test cell, and what its visible part said if it failed."""

    marks: Mapping[str, Mark]
    visible: Mapping[str, str]


def known_mistakes(assignment: Assignment) -> list[KnownMistake]:
    """Read the solutions with known mistakes that lie beside a master.

    Raises:
        ValueError: one is not in the format.
    """
    return [_read(path, assignment) for path in sorted((assignment.path.parent / "wrong").glob("*.py"))]


def run_without_sandbox(cells: Cells, tests: Cells) -> list[dict[str, str]]:
    """Run cells in a fresh process without a sandbox. It is for the author's own code only.

    Returns:
        The reports on the tests.

    Raises:
        RuntimeError: the process ended before its time.
    """
    command = [sys.executable, "-m", "coursekit.grading.sandbox._runner"]
    job = json.dumps({"cells": cells, "tests": tests}).encode()
    done = subprocess.run(command, input=job, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    reports: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
    return reports["tests"]


def faults(
    assignment: Assignment, run: Run = run_without_sandbox, mistakes: Sequence[KnownMistake] | None = None
) -> list[str]:
    """List the faults of an assignment; the list is empty if there are none.

    Args:
        assignment: the assignment.
        run: runs cells and then tests, and gives the reports on the tests.
        mistakes: the known mistakes to try; None is all.
    """
    proof = _Proof(assignment, run)
    messages = [*_faults_of_the_words(assignment)]
    messages += _faults_of_the_reference(proof.outcome(None, apart=True))
    messages += _faults_of_the_release(proof.outcome(stubs(assignment)))
    known = known_mistakes(assignment)
    if len(known) < 6:
        messages.append(f"there are {len(known)} solutions with known mistakes; at least 6 are needed")
    texts = {test.grade_id: task_text(assignment, test.grade_id) for test in assignment.tests}
    for mistake in known if mistakes is None else mistakes:
        found = _faults_of(mistake, proof.outcome(mistake.cells, tuple(mistake.tests)), texts)
        messages += [f"wrong/{mistake.path.name}: {fault}" for fault in found]
    return messages


def task_text(assignment: Assignment, grade_id: str) -> str:
    """What a student reads of a task: its markdown from its heading on, its docstrings, and the first cell.

    The first cell of an assignment says how it is graded, for all tasks.

    Args:
        assignment: the assignment.
        grade_id: one of its test cells.

    Returns:
        The text; each run of spaces and line ends is one space.
    """
    place = next(i for i, cell in enumerate(assignment.cells) if cell.grade_id == grade_id)
    texts: list[str] = []
    for cell in assignment.cells[:place]:
        if cell.kind == "text" and re.match(r"## ", cell.source):
            texts = []
        if cell.kind == "text":
            texts.append(cell.source)
        elif cell.kind == "solution":
            texts += _docstrings(cell.source)
    return _folded(" ".join([assignment.cells[0].source, *texts]))


class _Proof:
    """Runs solutions of an assignment, and judges what comes out.

    Args:
        assignment: the assignment.
        run: runs cells and then jobs, and gives the reports on the jobs.
    """

    def __init__(self, assignment: Assignment, run: Run) -> None:
        self._assignment, self._run, self._judge = assignment, run, Judge(assignment)

    def outcome(
        self, solutions: Mapping[str, str] | None, seen: tuple[str, ...] | None = None, apart: bool = False
    ) -> Outcome:
        """What solutions get.

        Args:
            solutions: texts of solution cells by grade_id. A cell that is not in it keeps the master's.
            seen: the test cells whose visible part is of interest; None is all.
            apart: whether tests with rules run apart, without the cells that their rules do not read. So
                does the grader; here it is done for the reference only, because each run takes time.
        """
        assignment = self._assignment
        cells, kernel = assignment.solutions(solutions), _kernel(assignment, seen)
        plan = self._judge.plan(solutions)
        if apart:
            reports = self._run(cells, [kernel])
            for part in plan.runs:
                reports += self._run(part.cells, part.tests)
        else:
            reports = self._run(cells, [kernel, *assignment.questions()])
        marks = {mark.grade_id: mark for mark in self._judge.marks(reports, broken=plan.broken)}
        return Outcome(marks, _said(reports))


def _kernel(assignment: Assignment, seen: tuple[str, ...] | None) -> dict[str, str]:
    """A job that runs the visible checks after the setup and the solutions, as a student's kernel does.

    It runs the visible parts of the test cells `seen` (None: of all), and of the other cells those that
    define a name which these use. What it defines and changes is its own, so it helps no hidden check.
    """
    setup = {cell.cell_id for cell in assignment.setup}  # it has run already, and so have the solutions
    cells: list[tuple[str, str]] = []
    wanted: set[str] = set()
    for cell in reversed(assignment.cells):
        if cell.kind not in ("code", "test") or cell.cell_id in setup:
            continue
        source = _visible(cell) if cell.kind == "test" else cell.source
        chosen = cell.kind == "test" and (seen is None or cell.grade_id in seen)
        if chosen or wanted & _names(source, ast.Store):
            cells.insert(0, (cell.grade_id or f"cell {cell.cell_id}", source))
            wanted |= _names(source, ast.Load) - _names(source, ast.Store)
    return {"id": VISIBLE, "kind": "test", "source": f"{_KERNEL}\nanswers = _run({cells!r})"}


def _visible(cell: Cell) -> str:
    """The part of a test cell that students see."""
    return cell.source.split(f"\n{BEGIN}")[0]


def _names(source: str, context: type[ast.expr_context]) -> set[str]:
    """The names that a cell uses (ast.Load), or defines (ast.Store)."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:  # a line for IPython
        return set()
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, context)}
    if context is ast.Store:
        names |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return names


def _docstrings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield ast.get_docstring(node) or ""


def _folded(text: str) -> str:
    return " ".join(text.split())


def _said(reports: list[dict[str, str]]) -> dict[str, str]:
    """What the visible parts said that failed, by grade_id."""
    report = next((report for report in reports if report["id"] == VISIBLE), None)
    if report is None or report["error"]:
        raise RuntimeError(f"the visible checks did not run: {report and report['error']}")
    said: dict[str, str] = decode(report["answers"])["said"]
    return said


def _faults_of_the_reference(outcome: Outcome) -> Iterator[str]:
    for name, mark in outcome.marks.items():
        if mark.message or mark.points != mark.maximum:
            yield f"the reference loses {name}: {mark.message}"
    for name, message in outcome.visible.items():
        yield f"the reference fails the visible check of {name}: {message}"


def _faults_of_the_release(outcome: Outcome) -> Iterator[str]:
    for name, mark in outcome.marks.items():
        if mark.points:
            yield f"the untouched release gets the points of {name}"
        elif "NotImplementedError" not in mark.message:
            yield f"the untouched release fails {name} for another reason: {mark.message}"
        if name not in outcome.visible:
            yield f"the untouched release passes the visible check of {name}"


def _faults_of(mistake: KnownMistake, outcome: Outcome, texts: Mapping[str, str]) -> Iterator[str]:
    marks, tests = outcome.marks, mistake.tests
    lost = {name for name, mark in marks.items() if mark.message}
    if lost != set(tests):
        details = "; ".join(f"{name}: {marks[name].message}" for name in sorted(lost - set(tests)))
        yield f"it loses {sorted(lost)}, it must lose {sorted(tests)} {details}"
    for name in sorted(lost & set(tests)):
        parts = {part.name for part in marks[name].parts if part.points != part.maximum}
        if tests[name] and parts != tests[name]:
            yield f"of {name} it loses the parts {sorted(parts)}, it must lose {sorted(tests[name])}"
    message = marks[next(iter(tests))].message
    if mistake.says not in message:
        yield f"it gets the message {message!r}, which does not say {mistake.says!r}"
    shown = {
        name
        for name, said in outcome.visible.items()
        if not said.startswith("NameError") or "NameError" in marks[name].message  # a cell that was left out
    }
    yield from _surprises(mistake, lost - shown, texts)


def _surprises(mistake: KnownMistake, hidden: set[str], texts: Mapping[str, str]) -> Iterator[str]:
    """What its author has to repair if a mistake loses points that no student could foresee.

    Args:
        mistake: the mistake.
        hidden: the test cells whose hidden part alone finds it.
        texts: the text of the task of each test cell.
    """
    for quote in mistake.warned:
        if not any(_folded(quote) in text for text in texts.values()):
            yield f"no task says {quote!r}"
    for name in sorted(hidden & set(texts)):
        if not any(_folded(quote) in texts[name] for quote in mistake.warned):
            yield (
                f"it loses {name}, but the visible check passes, and no line 'warned:' quotes a sentence "
                "of the task that warns of it"
            )


def _faults_of_the_words(assignment: Assignment) -> Iterator[str]:
    """What is missing in a written question or in the model answer: points of each part, three credits."""
    for cell in assignment.written:
        lines = _question(assignment, cell).split("\n")
        text = "\n".join(line for line in lines if not line.startswith("#"))  # a heading has the sum
        points = [float(number) for number in re.findall(r"\((\d+(?:\.\d+)?) points?\b", text)]
        if sum(points) != cell.points:
            yield (
                f"the question of {cell.grade_id} shows parts of {points} points; "
                f"they must sum up to {cell.points:g}"
            )
        rubric = cell.source.split("### BEGIN SOLUTION")[1].lower()
        for credit in ("full", "half", "no credit"):
            count = len(re.findall(rf"\b{credit.replace('no credit', '(no credit|none)')}\b", rubric))
            if count < len(points):
                yield (
                    f"the rubric of {cell.grade_id} names {credit!r} credit {count} times, "
                    f"for {len(points)} parts"
                )


def _question(assignment: Assignment, written: Cell) -> str:
    """The text of a written question: from the last heading on."""
    texts: list[str] = []
    for cell in assignment.cells[: assignment.cells.index(written)]:
        if cell.kind == "text" and cell.source.startswith("#"):
            texts = []
        if cell.kind == "text":
            texts.append(cell.source)
    return "\n".join([*texts, written.source.split("### BEGIN SOLUTION")[0]])


def _read(path: Path, assignment: Assignment) -> KnownMistake:
    text = path.read_text(encoding="utf-8")
    parts = re.split(r"^# %% *(\S+) *$", text, flags=re.MULTILINE)
    try:
        about = ast.get_docstring(ast.parse(parts[0])) or ""  # a cell itself need not be valid Python
    except SyntaxError as error:
        raise ValueError(f"{path}: it must begin with a docstring: {error}") from None
    fields = dict(re.findall(r"^(loses|says): *(.+)$", about, re.MULTILINE))
    warned = tuple(re.findall(r'^warned: *"(.+)" *$', about, re.MULTILINE))
    cells = {name: source.strip() + "\n" for name, source in zip(parts[1::2], parts[2::2], strict=True)}
    solutions = {cell.grade_id for cell in assignment.cells if cell.kind == "solution"}
    tests = {test.grade_id for test in assignment.tests}
    loses = tuple(name.strip() for name in fields.get("loses", "").split(",") if name.strip())
    if not cells or not cells.keys() <= solutions:
        raise ValueError(
            f"{path}: its cells are {sorted(cells)}, those of the assignment {sorted(solutions)}"
        )
    if not loses or not {name.split("/")[0] for name in loses} <= tests or not fields.get("says"):
        raise ValueError(f"{path}: the docstring needs lines 'loses:' (of {sorted(tests)}) and 'says:'")
    if len(warned) != len(re.findall(r"^warned:", about, re.MULTILINE)):
        raise ValueError(f"{path}: a line 'warned:' has one sentence in double quotes, on the same line")
    return KnownMistake(path, about.split("\n")[0], loses, fields["says"].strip(), warned, cells)


def main(arguments: list[str] | None = None) -> int:
    """Check the assignments that are named, or all; return the exit code."""
    parser = argparse.ArgumentParser(prog="coursekit.grading.validate", description="Check assignments.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--masters", metavar="DIR", help="the folder of the assignments")
    options = parser.parse_args(arguments)
    try:
        named = [read(find(name, options.masters)) for name in options.names]
        assignments = named or every(options.masters)
    except (AssignmentError, OSError) as error:
        print(f"coursekit.grading.validate: error: {error}", file=sys.stderr)
        return 2
    with_faults = 0
    for assignment in assignments:
        messages = faults(assignment)
        print(f"{assignment.name}: {'as it must be' if not messages else ''}")
        for message in messages:
            print(f"  {message}")
        with_faults += bool(messages)
    return 1 if with_faults else 0


if __name__ == "__main__":
    sys.exit(main())
