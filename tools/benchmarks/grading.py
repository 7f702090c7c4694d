"""Submissions graded by us and by `nbgrader autograde`: processor seconds apiece, submissions a minute.

    python tools/benchmarks/grading.py [--count 200] [--theirs 6] [--workers 2] [--json]

The submissions are the reference and the known-wrong solutions of assignment 3, in turn. nbgrader grades a
few of them, since it takes as long for each. Processor time is that of the whole machine while one of them
runs (so run nothing else), because processes of a sandbox leave no account of their own.
Exit code: 0, however slow; 1 if the two do not give the same marks.
"""

from __future__ import annotations

import argparse
import copy
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
from nbgrader.api import Gradebook

from coursekit.grading.assignment import Assignment, find, read
from coursekit.grading.release import released
from coursekit.grading.validate import known_mistakes

ASSIGNMENT = "conv3d"
CPU_GOAL = 10  # times less than nbgrader
MINUTES_GOAL = 3  # for 200, on 2 cores
SCRIPTS = Path(sys.executable).parent


@dataclass(frozen=True)
class Measured:
    """What grading `count` submissions took, from the first command to the last mark."""

    count: int
    seconds: float
    cpu: float

    @property
    def cpu_each(self) -> float:
        """Processor seconds for a submission, with all that starting takes."""
        return self.cpu / self.count

    @property
    def a_minute(self) -> float:
        """Submissions a minute."""
        return 60 * self.count / self.seconds


def hand_in(master: Assignment, folder: Path, count: int) -> None:
    """Submissions in nbgrader's layout: student/assignment/notebook."""
    release = released(master)
    reference = {cell.grade_id: cell.source for cell in master.cells if cell.kind == "solution"}
    kinds = [reference, *({**reference, **mistake.cells} for mistake in known_mistakes(master))]
    for number in range(count):
        notebook = copy.deepcopy(release)
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = kinds[number % len(kinds)].get(name, cell.source)
        path = folder / f"s{number:03}" / master.name / f"{master.name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)


def measured(command: Sequence[str], count: int, cwd: Path) -> Measured:
    """Run a command and count the machine's processor time meanwhile."""
    before, start = busy(), time.perf_counter()
    environment = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(command, cwd=cwd, env=environment, check=True, capture_output=True)
    return Measured(count, time.perf_counter() - start, busy() - before)


def busy() -> float:
    """Seconds that the machine's processors have worked since it started."""
    times = psutil.cpu_times()
    return float(times.user + times.system)


def ours(master: Assignment, folder: Path, count: int, workers: int) -> tuple[Measured, dict[str, float]]:
    """`coursekit grade`, into a new gradebook."""
    hand_in(master, folder / "submitted", count)
    command = [sys.executable, "-m", "coursekit", "grade", str(master.path), "submitted", "--out", "grades"]
    result = measured([*command, "--workers", str(workers), "--quiet"], count, folder)
    with (folder / "grades" / f"{master.name}.csv").open(encoding="utf-8") as file:
        return result, {row["student"]: float(row["automatic"]) for row in csv.DictReader(file)}


def theirs(master: Assignment, folder: Path, count: int) -> tuple[Measured, dict[str, float]]:
    """`nbgrader autograde`, into a new gradebook; making the assignment is not timed."""
    hand_in(master, folder / "submitted", count)
    source = folder / "source" / master.name / f"{master.name}.ipynb"
    source.parent.mkdir(parents=True)
    source.write_bytes(master.path.read_bytes())
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.ExecutePreprocessor.timeout = 120\n")
    nbgrader = str(SCRIPTS / "nbgrader")
    measured([nbgrader, "generate_assignment", master.name], 1, folder)
    result = measured([nbgrader, "autograde", master.name], count, folder)
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        rows = book.submission_dicts(master.name)
    return result, {row["student"]: float(row["score"]) for row in rows}


def main() -> int:
    """Measure both, print a table and a verdict."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--theirs", type=int, default=6)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    master = read(find(ASSIGNMENT))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        nbgrader, their_marks = theirs(master, Path(two), chosen.theirs)
        us, our_marks = ours(master, Path(one), chosen.count, chosen.workers)
    same = all(our_marks[student] == mark for student, mark in their_marks.items())
    ratio = nbgrader.cpu_each / us.cpu_each
    if chosen.json:
        print(json.dumps({"ours": vars(us), "nbgrader": vars(nbgrader), "ratio": ratio, "same marks": same}))
        return 0 if same else 1
    print(f"{'':12}{'submissions':>12}{'seconds':>10}{'CPU s each':>12}{'a minute':>10}")
    for name, row in (("ours", us), ("nbgrader", nbgrader)):
        print(f"{name:12}{row.count:12}{row.seconds:10.1f}{row.cpu_each:12.2f}{row.a_minute:10.1f}")
    print(f"nbgrader / ours, CPU of a submission: {ratio:.1f} (goal {CPU_GOAL})")
    print(f"200 of ours: {200 / us.a_minute:.1f} minutes (goal {MINUTES_GOAL})")
    print("the marks of both are the same" if same else f"THE MARKS DIFFER: {their_marks}, {our_marks}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
