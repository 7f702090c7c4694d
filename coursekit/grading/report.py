"""The command `coursekit grade`: a bar while it grades, the marks, and what a person should look at."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

from coursekit.grading import batch
from coursekit.grading.assignment import ASSIGNMENTS, find
from coursekit.grading.sandbox import Limits
from coursekit.show._table import Table

REASON = 60  # characters of a reason in the table


def run(options: argparse.Namespace, out: TextIO, errors: TextIO) -> int:
    """Grade as the command line says.

    Returns:
        The exit code: 1 where a submission has no grade.
    """
    from tqdm import tqdm

    path = find(options.assignment, Path(options.masters) if options.masters else ASSIGNMENTS)
    limits = Limits(
        cell=options.seconds,
        wall=3 * options.seconds,
        seconds=3 * options.seconds,
        memory=options.memory << 20,
    )
    bars: list[tqdm] = []

    def show(done: int, total: int) -> None:
        if not bars:
            bars.append(tqdm(total=total, unit=" submissions", disable=options.quiet, file=errors))
        bars[0].update(done - bars[0].n)

    try:
        report = batch.grade(
            path, options.submissions, options.out, student=options.student, regrade=options.regrade,
            db=options.db, workers=options.workers, scheduler=options.scheduler, limits=limits, progress=show,
        )  # fmt: skip
    finally:
        for bar in bars:
            bar.close()
    if not options.quiet:
        out.write(f"{table(report)}\n\n" if report.records else "")
        out.write(f"{report.graded} graded, {report.kept} had a grade, {len(report.failed)} without; ")
        out.write(f"marks: {report.table}, pages for students: {Path(options.out) / 'feedback'}\n")
        waiting = sum(total.waiting for total in report.totals.values())
        if waiting:
            out.write(
                f"{waiting} wait for a mark by hand: cd {options.out} && jupyter lab, then Formgrader\n"
            )
    if report.outdated:
        errors.write(
            f"{len(report.outdated)} have a grade from other tests than now: --regrade grades them again\n"
        )
    for student, why in sorted(report.failed.items()):
        errors.write(f"no grade: {student}: {' '.join(why.split())}\n")
    return 1 if report.failed else 0


def table(report: batch.Report) -> Table:
    """The marks of all students, one row for each."""
    rows = []
    for record in report.records:
        total = report.totals.get(record.student)
        most = sum(mark.maximum for mark in record.marks)
        notes = record.reason or "; ".join(record.notes)
        score = f"{total.score:g}{' + by hand' if total.waiting else ''}" if total else "?"
        rows.append((record.student, f"{record.points:g} of {most:g}", score, _cut(notes)))
    return Table(("student", "by tests", "score", "look at"), tuple(rows), (False, False, False))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return printable if len(printable) <= REASON else f"{printable[:REASON]} ..."
