"""Grades all submissions to one assignment side by side, and resumes after a stop.

Each student has a record, a small file. It is written after the marks, so a student without a record is
graded when the same command is started again. Pages, tables and reports are written at the end, for all
(see `results`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from coursekit._shared._dask import ClusterError, each
from coursekit._shared._lock import LockedError, locked
from coursekit.grading import collect, results, sandbox
from coursekit.grading._records import Records, Rules
from coursekit.grading._worker import Grader, Record, grade_on_worker
from coursekit.grading.assignment import Assignment, AssignmentError, read
from coursekit.grading.collect import CollectError, Submission
from coursekit.grading.gradebook import Book, GradebookError, Total
from coursekit.grading.late import LateError
from coursekit.grading.reports.lms import LmsError
from coursekit.grading.sandbox import Limits, SandboxError

Timed = TypeVar("Timed", Submission, Record)
ERRORS = (
    AssignmentError, ClusterError, CollectError, GradebookError, LateError, LockedError, SandboxError,
    LmsError,
)  # fmt: skip
WRITTEN = (  # folders that the grading writes
    "submitted", "autograded", "feedback", "released", "source", "records", "originals", "reports",
)  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """How a run of the grading went.

    Attributes:
        records: of all students, also those of earlier runs.
        totals: the marks in the gradebook, by student.
        graded: number of students graded in this run.
        unchanged: number of students that an earlier run graded and whose submission has not changed.
        outdated: students among those who were graded with another version of the master.
        entered_again: students whose marks were missing in the gradebook and were entered from their records.
        failed: the reason why there is no grade, by student.
        written: the files that were written for people.
    """

    records: tuple[Record, ...]
    totals: Mapping[str, Total]
    graded: int
    unchanged: int
    outdated: tuple[str, ...]
    entered_again: tuple[str, ...]
    failed: Mapping[str, str]
    written: results.Written


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
    rules: Callable[[Rules], Rules] = lambda kept: kept,
    times: str | Path | None = None,
    exports: Sequence[results.Export] = (),
    release: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Grade submissions to an assignment. A grade of an earlier run stays, unless the submission has changed.

    Args:
        master: the master notebook.
        paths: the submissions, as in `collect.gather`. Without any, only pages and tables are written again.
        out: the course's folder for the gradebook, in nbgrader's layout.
        student: name of the student, where `paths` is a single notebook.
        regrade: grade again also those that have a grade (after a test was repaired).
        db: the gradebook's URL for SQLAlchemy; None is SQLite in `out`.
        workers: number of processes on this machine; None is one for each core.
        scheduler: or the address of a running dask scheduler.
        limits: the limits of one submission.
        rules: makes the deadline and the choice of attempts from those of the last run.
        times: a table with the times of handing in, as in `collect.read_times`.
        exports: tables of learning platforms, of which copies with the marks are written.
        release: copy the students' pages to the folder `released`.
        progress: called with the number of submissions that are done, and of all.

    Raises:
        AssignmentError, CollectError, SandboxError, GradebookError, ClusterError, LockedError, LateError,
            LmsError: nothing can be graded; the message says why. Grades that were written before stay.
    """
    assignment, folder, given = read(master), Path(out), list(paths)
    _keep_apart(map(Path, given), folder)
    known = collect.read_times(times) if times else {}
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        store = Records(folder, assignment)
        kept = store.rules()
        held = rules(kept)
        handed_in = collect.gather(given, assignment, student, held.attempts) if given else []
        if handed_in and scheduler is None:
            sandbox.check()
        store.keep(held)
        book, before = Book(folder, assignment, db), store.all()
        failed = {s.student: s.reason for s in handed_in if s.unread}
        attempts = _by_student((s for s in handed_in if s.student not in failed), known)
        to_grade = {
            name: group
            for name, group in attempts.items()
            if regrade or held.attempts != kept.attempts or not _is_graded(group, before.get(name))
        }
        records = dict(before)
        run = _Run(assignment, book, store, held, before, folder)
        settings = {"workers": workers, "scheduler": scheduler, "limits": limits or Limits()}
        for result in run.grade(to_grade, settings, progress):
            if isinstance(result, Record):
                records[result.student] = result
            else:
                failed.update([result])
        for name, record in records.items():
            records[name] = _timed(record, known)
            if records[name] != record:  # the instructor gave a time for what was graded before
                store.write(records[name])
        entered_again = _enter_again(run, records)
        run.charge(records)
        totals = book.totals()
        graded = to_grade.keys() - failed.keys()
        shown = results.with_lateness(records, held.deadline, run.maximum)
        marked = results.Marked(before, shown, graded, totals, failed, run.release, limits or Limits())
        written = results.write(folder, assignment, marked, exports, release=release)
    unchanged = attempts.keys() - to_grade.keys()
    return Summary(
        records=tuple(records[name] for name in sorted(records)),
        totals=totals,
        graded=len(graded),
        unchanged=len(unchanged),
        outdated=tuple(sorted(name for name in unchanged if records[name].master != assignment.digest)),
        entered_again=entered_again,
        failed=failed,
        written=written,
    )


class _Run:
    """One run over the students to grade.

    Args:
        assignment: the assignment.
        book: the gradebook, where the marks go.
        store: the records, which are written last.
        rules: the deadline, and which attempt counts.
        before: the records of earlier runs.
        folder: the course's folder for the gradebook.
    """

    def __init__(
        self,
        assignment: Assignment,
        book: Book,
        store: Records,
        rules: Rules,
        before: Mapping[str, Record],
        folder: Path,
    ) -> None:
        self.assignment, self.book, self.store, self.rules = assignment, book, store, rules
        self.before, self.folder = before, folder
        self.release = _released_texts(book.texts, assignment)
        self.maximum = assignment.points + sum(cell.points for cell in assignment.written)

    def grade(
        self,
        students: Mapping[str, Sequence[Submission]],
        settings: Mapping[str, Any],
        progress: Callable[[int, int], None] | None,
    ) -> Iterator[Record | tuple[str, str]]:
        """Grade all attempts of some students; yield each one's record, or the name and why there is none."""
        jobs = [attempt for group in students.values() for attempt in group]
        if not jobs:
            return
        grader = Grader(self.assignment, self.release, settings["limits"])
        if progress:
            progress(0, len(jobs))
        came = each(
            grade_on_worker, jobs, (grader.name,), workers=settings["workers"],
            scheduler=settings["scheduler"], plugins={grader.name: grader},
        )  # fmt: skip
        done: dict[str, list[tuple[Submission, Any]]] = defaultdict(list)
        for count, (number, result) in enumerate(came, start=1):
            if isinstance(result, SandboxError):
                raise result
            name = jobs[number].student
            done[name].append((jobs[number], result))
            if len(done[name]) == len(students[name]):
                yield self._finish(name, done.pop(name))
            if progress:
                progress(count, len(jobs))

    def _finish(
        self, name: str, attempts: Sequence[tuple[Submission, Record | Exception]]
    ) -> Record | tuple[str, str]:
        """Choose the attempt that counts, and write its file, its marks and, last, its record."""
        digests = tuple(sorted(submission.digest for submission, _ in attempts))
        graded: list[tuple[Submission, Record]] = []
        for submission, result in attempts:
            if isinstance(result, Exception):
                return name, f"{type(result).__name__}: {result}"
            record = replace(
                result, name=submission.name, ids=submission.ids, when=submission.when,
                clock=submission.clock, late=submission.late, attempts=digests,
            )  # fmt: skip
            graded.append((submission, record))
        submission, record = max(graded, key=lambda pair: self._worth(pair[1]))
        results.keep_original(self.folder, self.assignment, submission)
        record = self._or_better(record)
        self.enter(record)
        self.store.write(record)
        return record

    def _or_better(self, record: Record) -> Record:
        """The record, or that of an earlier run where the best attempt counts and it was better."""
        old = self.before.get(record.student)
        if self.rules.attempts != "best" or old is None or old.master != record.master:
            return record
        better = old if self._worth(old) > self._worth(record) else record
        return replace(better, attempts=tuple(sorted({*old.attempts, *record.attempts})))

    def _worth(self, record: Record) -> tuple[float, float]:
        """By what the attempt that counts is chosen: the points after the penalty, then the time."""
        return record.points - self._penalty(record), record.when or 0.0

    def _penalty(self, record: Record) -> float:
        deadline = self.rules.deadline
        return deadline.penalty(record.when, record.clock, self.maximum) if deadline else 0.0

    def enter(self, record: Record) -> None:
        """Enter a record's marks in the gradebook."""
        self.book.write(record.student, record.texts, record.said, record.marks, record.reason)

    def charge(self, records: Mapping[str, Record]) -> None:
        """Enter what lateness costs each student, by the rules of today."""
        self.book.charge({name: self._penalty(record) for name, record in records.items()})


def _by_student(submissions: Iterable[Submission], known: Mapping[str, float]) -> dict[str, list[Submission]]:
    """The attempts of each student, with the times that the instructor gave where there are any."""
    groups: dict[str, list[Submission]] = defaultdict(list)
    for submission in submissions:
        groups[submission.student].append(_timed(submission, known))
    return dict(groups)


def _timed(one: Timed, known: Mapping[str, float]) -> Timed:
    """A submission or a record with the time that the instructor gave for its student, if there is one."""
    keys = (one.student, one.name, *one.ids.values())
    when = next((known[key] for key in keys if key in known), None)
    return one if when is None else replace(one, when=when, clock="instructor")


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


def _enter_again(run: _Run, records: Mapping[str, Record]) -> tuple[str, ...]:
    """Enter the marks of earlier runs that the gradebook does not have: it is new, or was deleted."""
    missing = sorted(records.keys() - run.book.totals().keys())
    for student in missing:
        run.enter(records[student])
    return tuple(missing)


def _released_texts(texts: Mapping[str, str], assignment: Assignment) -> dict[str, str]:
    """The texts of the cells that students write, as they got them."""
    ids = {cell.grade_id for cell in assignment.cells if cell.kind in ("solution", "written")}
    return {grade_id: text for grade_id, text in texts.items() if grade_id in ids}


def _is_graded(attempts: Iterable[Submission], record: Record | None) -> bool:
    """Whether a record is of these attempts."""
    return record is not None and {each.digest for each in attempts} <= set(record.attempts)
