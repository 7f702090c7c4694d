"""The command `coursekit grade`: a progress bar, the marks, and what a person should look at."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from coursekit.grading import batch
from coursekit.grading.sandbox import Limits

if TYPE_CHECKING:
    from tqdm import tqdm

    from coursekit.show import Table

REASON = 60  # characters of a reason in the table


def run(
    master: Path,
    submissions: Sequence[str | Path],
    out: str | Path,
    *,
    student: str | None = None,
    regrade: bool = False,
    db: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    seconds: int = 60,
    memory: int = 2048,
    quiet: bool = False,
) -> int:
    """Grade submissions and print how it went.

    Args:
        master: the master notebook.
        submissions: the submissions, as in `collect.gather`. Without any, only the table is written again.
        out: the course's folder for the gradebook.
        student: name of the student, for a single notebook.
        regrade: grade again also those that have a grade.
        db: the gradebook's URL for SQLAlchemy; None is SQLite in `out`.
        workers: number of processes on this machine; None is one for each core.
        scheduler: or the address of a running dask scheduler.
        seconds: time limit of one cell; a submission may take three times as long.
        memory: memory limit of one submission, in MB.
        quiet: print only what went wrong.

    Returns:
        The exit code: 1 if a submission has no grade.

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
        summary = batch.grade(
            master, submissions, out, student=student, regrade=regrade, db=db, workers=workers,
            scheduler=scheduler, limits=limits, progress=show,
        )  # fmt: skip
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
    return 1 if summary.failed else 0


def _print_summary(summary: batch.Summary, out: Path) -> None:
    if summary.records:
        print(f"{table(summary)}\n")
    print(
        f"{summary.graded} graded, {summary.unchanged} had a grade, {len(summary.failed)} without; "
        f"marks: {summary.table}, pages for students: {out / 'feedback'}"
    )
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
