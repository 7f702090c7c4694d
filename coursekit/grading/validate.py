"""Proves assignments: full marks for the reference, 0 for the untouched release, losses for what is wrong.

    python -m coursekit.grading.validate [NAME ...]

A known-wrong solution is a file `wrong/*.py` beside the master: a docstring that says what is wrong, and in
lines of their own `loses:` (the test cells that must fail, all others must pass) and `says:` (a part of the
message that the first of them must give); then cells, `# %% task-1`, each in place of the solution cell of
that name.
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

from coursekit.grading.assignment import ASSIGNMENTS, Master, every, find, read
from coursekit.grading.autograde import Judge, Mark
from coursekit.grading.release import stubbed

Cells = list[dict[str, str]]
Run = Callable[[Cells, Cells], list[dict[str, str]]]


@dataclass(frozen=True)
class Wrong:
    """A known-wrong solution: the cells it replaces, the tests it must lose, and a part of the message."""

    path: Path
    about: str
    loses: tuple[str, ...]
    says: str
    cells: Mapping[str, str]


def wrong_solutions(master: Master) -> list[Wrong]:
    """The known-wrong solutions beside a master.

    Raises:
        ValueError: one is not in the format.
    """
    return [_wrong(path, master) for path in sorted((master.path.parent / "wrong").glob("*.py"))]


def by_hand(cells: Cells, tests: Cells) -> list[dict[str, str]]:
    """Run cells in a fresh process without a sandbox, for the author's own code only.

    Returns:
        The reports on the tests.
    """
    command = [sys.executable, "-m", "coursekit.grading.sandbox._runner"]
    job = json.dumps({"cells": cells, "tests": tests}).encode()
    done = subprocess.run(command, input=job, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    reports: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
    return reports["tests"]


def faults(master: Master, run: Run = by_hand) -> list[str]:
    """What is wrong with an assignment; empty if nothing is."""
    judge, found = Judge(master), []

    def marks(solutions: Mapping[str, str] | None) -> dict[str, Mark]:
        reports = run(master.solutions(solutions), master.questions())
        return {mark.grade_id: mark for mark in judge.marks(reports)}

    for mark in marks(None).values():
        if mark.message:
            found.append(f"the reference loses {mark.grade_id}: {mark.message}")
    for mark in marks(stubbed(master)).values():
        if mark.points:
            found.append(f"the untouched release gets the points of {mark.grade_id}")
        elif "NotImplementedError" not in mark.message:
            found.append(f"the untouched release fails {mark.grade_id} otherwise: {mark.message}")
    wrongs = wrong_solutions(master)
    if len(wrongs) < 6:
        found.append(f"there are {len(wrongs)} known-wrong solutions, of at least 6")
    for wrong in wrongs:
        found += [f"wrong/{wrong.path.name}: {fault}" for fault in _faults_of(wrong, marks(wrong.cells))]
    return found


def _faults_of(wrong: Wrong, marks: Mapping[str, Mark]) -> list[str]:
    found = []
    lost = {name for name, mark in marks.items() if mark.message}
    if lost != set(wrong.loses):
        said = "; ".join(f"{name}: {marks[name].message}" for name in sorted(lost - set(wrong.loses)))
        found.append(f"it loses {sorted(lost)}, it must lose {sorted(wrong.loses)} {said}")
    message = marks[wrong.loses[0]].message
    if wrong.says not in message:
        found.append(f"it gets the message {message!r}, which does not say {wrong.says!r}")
    return found


def _wrong(path: Path, master: Master) -> Wrong:
    text = path.read_text(encoding="utf-8")
    parts = re.split(r"^# %% *(\S+) *$", text, flags=re.MULTILINE)
    try:
        about = ast.get_docstring(ast.parse(parts[0])) or ""  # what is wrong may be a cell that is no Python
    except SyntaxError as error:
        raise ValueError(f"{path}: it must begin with a docstring: {error}") from None
    fields = dict(re.findall(r"^(loses|says): *(.+)$", about, re.MULTILINE))
    found = {name: source.strip() + "\n" for name, source in zip(parts[1::2], parts[2::2], strict=True)}
    solutions = {cell.grade_id for cell in master.cells if cell.kind == "solution"}
    tests = {test.grade_id for test in master.tests}
    loses = tuple(name for name in re.split(r"[ ,]+", fields.get("loses", "")) if name)
    if not found or not found.keys() <= solutions:
        raise ValueError(
            f"{path}: its cells are {sorted(found)}, those of the assignment {sorted(solutions)}"
        )
    if not loses or not set(loses) <= tests or not fields.get("says"):
        raise ValueError(f"{path}: the docstring needs lines 'loses:' (of {sorted(tests)}) and 'says:'")
    return Wrong(path, about.split("\n")[0], loses, fields["says"].strip(), found)


def main(arguments: list[str] | None = None) -> int:
    """Prove the assignments that are named, or all."""
    parser = argparse.ArgumentParser(prog="coursekit.grading.validate", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    names = parser.parse_args(arguments).names
    bad = 0
    for master in [read(find(name, ASSIGNMENTS)) for name in names] or every(ASSIGNMENTS):
        found = faults(master)
        print(f"{master.name}: {'as it must be' if not found else ''}")
        for fault in found:
            print(f"  {fault}")
        bad += bool(found)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
