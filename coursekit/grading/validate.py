"""Checks assignments: full marks for the reference, 0 for the untouched release, losses for known mistakes.

    python -m coursekit.grading.validate [--masters DIR] [NAME ...]

A known mistake is a solution in a file `wrong/*.py` beside the master. It begins with a docstring that says
what is wrong and has two lines of a fixed form: `loses:` (the test cells that must fail; all others must
pass) and `says:` (a part of the message that the first of them must give). Then come cells, `# %% task-1`.
Each takes the place of the solution cell of that name.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from coursekit.grading.assignment import Assignment, AssignmentError, every, find, read
from coursekit.grading.autograde import Judge, Mark
from coursekit.grading.release import stubs

Cells = list[dict[str, str]]
Run = Callable[[Cells, Cells], list[dict[str, str]]]


@dataclass(frozen=True)
class KnownMistake:
    """A solution with a known mistake: its cells, the tests it must lose, and a part of the message."""

    path: Path
    about: str
    loses: tuple[str, ...]
    says: str
    cells: Mapping[str, str]


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


def faults(assignment: Assignment, run: Run = run_without_sandbox) -> list[str]:
    """List the faults of an assignment; the list is empty if there are none."""
    judge, messages = Judge(assignment), []

    def marks(solutions: Mapping[str, str] | None) -> dict[str, Mark]:
        reports = run(assignment.solutions(solutions), assignment.questions())
        return {mark.grade_id: mark for mark in judge.marks(reports)}

    for mark in marks(None).values():
        if mark.message:
            messages.append(f"the reference loses {mark.grade_id}: {mark.message}")
    for mark in marks(stubs(assignment)).values():
        if mark.points:
            messages.append(f"the untouched release gets the points of {mark.grade_id}")
        elif "NotImplementedError" not in mark.message:
            messages.append(f"the untouched release fails {mark.grade_id} for another reason: {mark.message}")
    mistakes = known_mistakes(assignment)
    if len(mistakes) < 6:
        messages.append(f"there are {len(mistakes)} solutions with known mistakes; at least 6 are needed")
    for mistake in mistakes:
        messages += [
            f"wrong/{mistake.path.name}: {fault}" for fault in _faults_of(mistake, marks(mistake.cells))
        ]
    return messages


def _faults_of(mistake: KnownMistake, marks: Mapping[str, Mark]) -> list[str]:
    messages = []
    lost = {name for name, mark in marks.items() if mark.message}
    if lost != set(mistake.loses):
        details = "; ".join(f"{name}: {marks[name].message}" for name in sorted(lost - set(mistake.loses)))
        messages.append(f"it loses {sorted(lost)}, it must lose {sorted(mistake.loses)} {details}")
    message = marks[mistake.loses[0]].message
    if mistake.says not in message:
        messages.append(f"it gets the message {message!r}, which does not say {mistake.says!r}")
    return messages


def _read(path: Path, assignment: Assignment) -> KnownMistake:
    text = path.read_text(encoding="utf-8")
    parts = re.split(r"^# %% *(\S+) *$", text, flags=re.MULTILINE)
    try:
        about = ast.get_docstring(ast.parse(parts[0])) or ""  # a cell itself need not be valid Python
    except SyntaxError as error:
        raise ValueError(f"{path}: it must begin with a docstring: {error}") from None
    fields = dict(re.findall(r"^(loses|says): *(.+)$", about, re.MULTILINE))
    cells = {name: source.strip() + "\n" for name, source in zip(parts[1::2], parts[2::2], strict=True)}
    solutions = {cell.grade_id for cell in assignment.cells if cell.kind == "solution"}
    tests = {test.grade_id for test in assignment.tests}
    loses = tuple(name for name in re.split(r"[ ,]+", fields.get("loses", "")) if name)
    if not cells or not cells.keys() <= solutions:
        raise ValueError(
            f"{path}: its cells are {sorted(cells)}, those of the assignment {sorted(solutions)}"
        )
    if not loses or not set(loses) <= tests or not fields.get("says"):
        raise ValueError(f"{path}: the docstring needs lines 'loses:' (of {sorted(tests)}) and 'says:'")
    return KnownMistake(path, about.split("\n")[0], loses, fields["says"].strip(), cells)


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
