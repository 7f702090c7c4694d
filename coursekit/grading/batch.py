"""Grades all submissions to one assignment side by side, and resumes after a stop.

Each submission has a record, a small file. It is written after the marks and the student's page, so a
submission without a record is graded when the same command is started again.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from coursekit._shared._dask import ClusterError, each
from coursekit._shared._files import atomic, write_text
from coursekit._shared._lock import LockedError, locked, sweep
from coursekit.grading import collect, feedback, sandbox
from coursekit.grading._worker import Grader, Record, grade_on_worker
from coursekit.grading.assignment import Assignment, AssignmentError, read
from coursekit.grading.autograde import Mark, Part
from coursekit.grading.collect import CollectError, Submission
from coursekit.grading.gradebook import Book, GradebookError, Total
from coursekit.grading.rebuild import Note
from coursekit.grading.sandbox import Limits, SandboxError

ERRORS = (AssignmentError, ClusterError, CollectError, GradebookError, LockedError, SandboxError)
VERSION = 2  # of a record
WRITTEN = ("submitted", "autograded", "feedback", "source", "records")  # folders that the grading writes


@dataclass(frozen=True)
class Summary:
    """How a run of the grading went.

    Attributes:
        records: of all submissions, also those of earlier runs, by student.
        totals: the marks in the gradebook, by student.
        graded: number of submissions graded in this run.
        unchanged: number of submissions that an earlier run graded and that have not changed.
        outdated: students among those who were graded with another version of the master.
        entered_again: students whose marks were missing in the gradebook and were entered from their records.
        failed: the reason why there is no grade, by student.
        table: path of the table of marks.
    """

    records: tuple[Record, ...]
    totals: Mapping[str, Total]
    graded: int
    unchanged: int
    outdated: tuple[str, ...]
    entered_again: tuple[str, ...]
    failed: Mapping[str, str]
    table: Path


def grade(
    master: str | Path,
    paths: Iterable[str | Path],
    out: str | Path,
    *,
    student: str | None = None,
    regrade: bool = False,
    db: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    limits: Limits | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Grade submissions to an assignment. A grade of an earlier run stays, unless the submission has changed.

    Args:
        master: the master notebook.
        paths: the submissions, as in `collect.gather`. Without any, only the table is written again.
        out: the course's folder for the gradebook, in nbgrader's layout.
        student: name of the student, where `paths` is a single notebook.
        regrade: grade again also those that have a grade (after a test was repaired).
        db: the gradebook's URL for SQLAlchemy; None is SQLite in `out`.
        workers: number of processes on this machine; None is one for each core.
        scheduler: or the address of a running dask scheduler.
        limits: the limits of one submission.
        progress: called with the number of submissions that are done, and of all.

    Raises:
        AssignmentError, CollectError, SandboxError, GradebookError, ClusterError, LockedError: nothing can be
            graded; the message says why. Grades that were written before stay.
    """
    assignment, folder, given = read(master), Path(out), list(paths)
    _keep_apart(map(Path, given), folder)
    submissions = collect.gather(given, assignment, student) if given else []
    if submissions and scheduler is None:
        sandbox.check()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        record_folder = folder / "records" / assignment.name
        record_folder.mkdir(parents=True, exist_ok=True)
        sweep(record_folder)
        book, records = Book(folder, assignment, db), _read_records(record_folder)
        failed = {s.student: s.reason for s in submissions if s.unread}
        submissions = [s for s in submissions if not s.unread]
        to_grade = [s for s in submissions if regrade or not _is_graded(s, records.get(s.student))]
        unchanged = {s.student for s in submissions} - {s.student for s in to_grade}
        release = _released_texts(book.texts, assignment)
        grader = Grader(assignment, release, limits or Limits())
        if progress and to_grade:
            progress(0, len(to_grade))
        results = each(
            grade_on_worker,
            to_grade,
            (grader.name,),
            workers=workers,
            scheduler=scheduler,
            plugins={grader.name: grader},
        )
        for count, (number, result) in enumerate(results if to_grade else (), start=1):
            if isinstance(result, SandboxError):
                raise result
            if isinstance(result, Exception):
                failed[to_grade[number].student] = f"{type(result).__name__}: {result}"
            else:
                _write(result, book, folder, assignment, record_folder)
                records[result.student] = result
            if progress:
                progress(count, len(to_grade))
        entered_again = _enter_again(book, records)
        totals, table = book.totals(), folder / f"{assignment.name}.csv"
        _write_table(table, records, totals, assignment)
    return Summary(
        records=tuple(records[name] for name in sorted(records)),
        totals=totals,
        graded=len(to_grade) - len(failed.keys() & {s.student for s in to_grade}),
        unchanged=len(unchanged),
        outdated=tuple(sorted(name for name in unchanged if records[name].master != assignment.digest)),
        entered_again=entered_again,
        failed=failed,
        table=table,
    )


def _keep_apart(paths: Iterable[Path], folder: Path) -> None:
    """Nothing that was handed in may lie where the grading writes.

    Raises:
        CollectError: it does, or the grading would take its own files for submissions.
    """
    out = folder.resolve()
    for path in paths:
        given = path.resolve()
        for name in WRITTEN:
            if given.is_relative_to(out / name):
                raise CollectError(
                    f"{path} lies in {folder / name}, where the grading writes its own copies: nothing was "
                    "graded. Give another folder for the gradebook, such as --out grades"
                )
        if out.is_relative_to(given):
            raise CollectError(
                f"the gradebook's folder {folder} lies in {path}, so its files would be taken for "
                "submissions: nothing was graded. Give --out a folder beside the submissions"
            )


def _enter_again(book: Book, records: Mapping[str, Record]) -> tuple[str, ...]:
    """Enter the marks of earlier runs that the gradebook does not have: it is new, or was deleted."""
    missing = sorted(records.keys() - book.totals().keys())
    for student in missing:
        record = records[student]
        book.write(student, record.texts, record.said, record.marks, record.reason)
    return tuple(missing)


def _write(record: Record, book: Book, folder: Path, assignment: Assignment, record_folder: Path) -> None:
    """Write the marks, the page and the record of a submission, the record last."""
    book.write(record.student, record.texts, record.said, record.marks, record.reason)
    page = feedback.page(
        assignment, record.student, record.texts, record.said, record.marks, record.reason, record.notes
    )
    write_text(folder / "feedback" / record.student / assignment.name / f"{assignment.name}.html", page)
    with atomic(record_folder / f"{record.student}.json") as part:
        part.write_text(json.dumps({"version": VERSION, **asdict(record)}), encoding="utf-8")


def _released_texts(texts: Mapping[str, str], assignment: Assignment) -> dict[str, str]:
    """The texts of the cells that students write, as they got them."""
    ids = {cell.grade_id for cell in assignment.cells if cell.kind in ("solution", "written")}
    return {grade_id: text for grade_id, text in texts.items() if grade_id in ids}


def _is_graded(submission: Submission, record: Record | None) -> bool:
    return record is not None and record.digest == submission.digest


def _read_records(folder: Path) -> dict[str, Record]:
    """The records of earlier runs. A record that cannot be read counts as none."""
    records = {}
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content.pop("version") != VERSION:
                continue
            content["marks"] = tuple(_mark(mark) for mark in content["marks"])
            content["notes"] = tuple(Note(**note) for note in content["notes"])
            records[content["student"]] = Record(**content)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return records


def _mark(content: dict[str, Any]) -> Mark:
    return Mark(**{**content, "parts": tuple(Part(**part) for part in content["parts"])})


def _write_table(
    path: Path, records: Mapping[str, Record], totals: Mapping[str, Total], assignment: Assignment
) -> None:
    """Write the marks as CSV, for a learning platform's import."""
    names = [test.grade_id for test in assignment.tests]
    with atomic(path) as part, part.open("w", encoding="utf-8", errors="replace", newline="") as file:
        rows = csv.writer(file)
        head = ["student", "score", "max_score", "automatic", "manual", "waits_for_manual"]
        rows.writerow([*head, *names, "reason"])
        for student in sorted(records):
            record, total = records[student], totals.get(student)
            if total is None:
                continue
            points = {mark.grade_id: mark.points for mark in record.marks}
            rows.writerow([
                _without_formula(student), f"{total.score:g}", f"{total.maximum:g}", f"{total.automatic:g}",
                f"{total.manual:g}", "yes" if total.waiting else "no",
                *(f"{points.get(name, 0):g}" for name in names), _without_formula(record.reason),
            ])  # fmt: skip


def _without_formula(text: str) -> str:
    """A text that a spreadsheet does not read as a formula."""
    text = " ".join(text.split())
    return f"'{text}" if text[:1] in "=+-@" and text else text
