"""The command `coursekit grade`: a progress bar, the marks, and what a person should look at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coursekit.grading import batch, late
from coursekit.grading._records import Rules
from coursekit.grading.sandbox import Limits

if TYPE_CHECKING:
    from tqdm import tqdm

    from coursekit.show import Table

REASON = 60  # characters of a reason in the table


def rules(
    deadline: str | None,
    percent: float | None,
    most: float | None,
    grace: int | None,
    attempts: str | None,
    trust: bool | None = None,
) -> Callable[[Rules], Rules]:
    """Make what changes the rules of the last run into those of this one; None leaves a rule as it was.

    Args:
        deadline: a time, or "none".
        percent: of the points, taken off for each day begun after the deadline.
        most: percent that are taken off at most.
        grace: minutes after the deadline in which nothing is taken off.
        attempts: "latest" or "best".
        trust: take the times of files and zips for true.

    Raises:
        LateError: the deadline is no time, or a penalty is given without a deadline.
    """
    time = None if deadline in (None, "none") else late.read_time(deadline)
    costs: dict[str, Any] = {"percent": percent, "most": most, "trust": trust}
    costs["grace"] = None if grace is None else 60.0 * grace
    given = {name: value for name, value in costs.items() if value is not None}

    def change(kept: Rules) -> Rules:
        due = None if deadline == "none" else kept.deadline
        if time is not None:
            due = replace(due, time=time) if due else late.Deadline(time)
        if given and due is None:
            raise late.LateError(
                'a penalty needs a deadline: add --deadline, such as --deadline "2026-11-20 23:59"'
            )
        return Rules(replace(due, **given) if due else None, attempts or kept.attempts)

    return change


def run(
    master: Path,
    submissions: Sequence[str | Path],
    out: str | Path,
    *,
    seconds: int = 60,
    memory: int = 2048,
    quiet: bool = False,
    **options: Any,
) -> int:
    """Grade submissions and print how it went.

    Args:
        master: the master notebook.
        submissions: the submissions, as in `collect.gather`. Without any, only pages and tables are written.
        out: the course's folder for the gradebook.
        seconds: time limit of one cell; a submission may take three times as long.
        memory: memory limit of one submission, in MB.
        quiet: print only what went wrong.
        **options: the other arguments of `batch.grade`.

    Returns:
        The exit code: 1 if a student has no grade, or a mark did not find its row in a platform's table.

    Raises:
        What `batch.grade` raises.
    """
    from tqdm import tqdm

    limits = Limits(cell=seconds, wall=3 * seconds, seconds=3 * seconds, memory=memory << 20)
    bars: list[tqdm] = []

    def show(done: int, total: int) -> None:
        if not bars:
            bars.append(tqdm(total=total, unit=" submissions", disable=quiet, file=sys.stderr))
        bars[0].update(done - bars[0].n)

    try:
        summary = batch.grade(master, submissions, out, limits=limits, progress=show, **options)
    finally:
        for bar in bars:
            bar.close()
    if not quiet:
        _print_summary(summary, Path(out))
    if summary.outdated:
        print(
            f"{len(summary.outdated)} have a grade from other tests than now: --regrade grades them again",
            file=sys.stderr,
        )
    if summary.entered_again:
        print(
            f"{len(summary.entered_again)} were missing in the gradebook: their marks by the tests were "
            "entered again from the records of earlier runs; marks given by hand were not in them",
            file=sys.stderr,
        )
    for name, reason in sorted(summary.failed.items()):
        print(f"no grade: {name}: {' '.join(reason.split())}", file=sys.stderr)
    for sentence in summary.written.remarks:
        print(sentence, file=sys.stderr)
    return 1 if summary.failed or summary.written.missing else 0


def _print_summary(summary: batch.Summary, out: Path) -> None:
    if summary.records:
        print(f"{table(summary)}\n")
    written = summary.written
    print(
        f"{summary.graded} graded, {summary.unchanged} had a grade, {len(summary.failed)} without; "
        f"marks: {written.table}, pages for students: {out / 'feedback'}"
    )
    for what, path in written.files:
        print(f"{what}: {path}")
    waiting = sum(total.waiting for total in summary.totals.values())
    if waiting:
        print(f"{waiting} wait for a mark by hand: cd {out} && jupyter lab, then Formgrader")


def table(summary: batch.Summary) -> Table:
    """Make a table of the marks of all students, one row for each."""
    from coursekit.show import Table  # here, because it loads the reader of videos and matplotlib

    rows = []
    for record in summary.records:
        total = summary.totals.get(record.student)
        maximum = sum(mark.maximum for mark in record.marks)
        notes = record.reason or "; ".join(note.text for note in record.notes)
        score = f"{total.score:g}{' + by hand' if total.waiting else ''}" if total else "?"
        rows.append((record.student, f"{record.points:g} of {maximum:g}", score, _cut(notes)))
    return Table(("student", "by tests", "score", "look at"), tuple(rows), (False, False, False))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return printable if len(printable) <= REASON else f"{printable[:REASON]} ..."
