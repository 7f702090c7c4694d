"""A whole course's submissions to one assignment: graded side by side, written by one, resumed after a stop.

For each submission there is a record, a small file. It is written last, so a submission without one is graded
when the same command is started again.
"""

from __future__ import annotations

import atexit
import csv
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from coursekit._shared._dask import ClusterError, each
from coursekit._shared._files import atomic, write_text
from coursekit._shared._lock import LockedError, locked, sweep
from coursekit.grading import collect, feedback, rebuild, sandbox
from coursekit.grading.assignment import Master, MasterError, parse, read
from coursekit.grading.autograde import Judge, Mark
from coursekit.grading.collect import IntakeError, Submission
from coursekit.grading.gradebook import Book, GradebookError, Total
from coursekit.grading.sandbox import Limits, Sandbox, SandboxError

ERRORS = (ClusterError, GradebookError, IntakeError, LockedError, MasterError, SandboxError)
VERSION = 1  # of a record
_alone = threading.Lock()


@dataclass(frozen=True)
class Record:
    """What was found of one submission.

    `digest` is the submission's, `master` the assignment's when it was graded.
    """

    student: str
    source: str
    digest: str
    master: str
    marks: tuple[Mark, ...]
    reason: str = ""
    notes: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """By the tests."""
        return sum(mark.points for mark in self.marks)


@dataclass(frozen=True)
class Report:
    """How grading went.

    `graded` is how many now, `kept` from earlier runs; `failed` says why there is no grade, by student.
    """

    records: tuple[Record, ...]
    totals: Mapping[str, Total]
    graded: int
    kept: int
    outdated: tuple[str, ...]  # kept, but graded with other tests than now
    failed: Mapping[str, str]
    table: Path


def grade(
    assignment: str | Path,
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
) -> Report:
    """Grade submissions to an assignment; what an earlier run graded stays, unless the student changed it.

    Args:
        assignment: the master's notebook.
        paths: what was handed in; see `collect.gather`. None: only the tables are made anew.
        out: the course's folder for the gradebook, in nbgrader's layout.
        student: whose it is, where `paths` is a single notebook.
        regrade: grade those again that have a grade (after a test was mended).
        db: the gradebook's URL, as SQLAlchemy has it; None is SQLite in `out`.
        workers: how many processes on this machine; None is one for each core.
        scheduler: the address of a running dask scheduler instead.
        limits: what a submission may take.
        progress: called with how many are done, of how many.

    Raises:
        MasterError, IntakeError, SandboxError, GradebookError, ClusterError, LockedError: nothing can be
            graded; the message says why. What was graded before is kept.
    """
    master, folder, given = read(assignment), Path(out), list(paths)
    submissions = collect.gather(given, master, student) if given else []
    if submissions and scheduler is None:
        sandbox.check()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        records = folder / "records" / master.name
        records.mkdir(parents=True, exist_ok=True)
        sweep(records)
        book, before = Book(folder, master, db), _read_all(records)
        todo = [s for s in submissions if regrade or not _is_done(s, before.get(s.student))]
        settings = (master.path.read_bytes(), master.name, _marked(book.texts, master), limits or Limits())
        failed, made = {}, dict(before)
        if progress and todo:
            progress(0, len(todo))
        for count, (number, result) in enumerate(
            each(_work, todo, settings, workers=workers, scheduler=scheduler) if todo else (), start=1
        ):
            if isinstance(result, SandboxError):
                raise result
            if isinstance(result, Exception):
                failed[todo[number].student] = f"{type(result).__name__}: {result}"
            else:
                _keep(result, book, folder, master, records)
                made[result.student] = result
            if progress:
                progress(count, len(todo))
        kept = {s.student for s in submissions} - {s.student for s in todo}
        totals, table = book.totals(), folder / f"{master.name}.csv"
        _write_table(table, made, totals, master)
    return Report(
        tuple(made[name] for name in sorted(made)), totals, len(todo) - len(failed), len(kept),
        tuple(sorted(name for name in kept if made[name].master != master.digest)), failed, table,
    )  # fmt: skip


# ---------------------------------------------------------------- on a worker


def _work(
    submission: Submission, content: bytes, name: str, release: Mapping[str, str], limits: Limits
) -> Record:
    """Grade one submission. The student's code runs in the sandbox only."""
    with _alone:  # a worker with several threads has one sandbox
        judge, place = _tools(content, name, limits)
        return examine(submission, judge, place, release)


_kept: dict[tuple[bytes, str, Limits], tuple[Judge, Sandbox]] = {}  # one at most


def _tools(content: bytes, name: str, limits: Limits) -> tuple[Judge, Sandbox]:
    """The judge and the sandbox of this worker; they serve one submission after the other."""
    key = content, name, limits
    if key not in _kept:
        _close_tools()
        master = parse(content, Path(f"{name}.ipynb"))
        sources = [job["source"] for job in (*master.solutions(), *master.questions())]
        _kept[key] = Judge(master), Sandbox(sandbox.imports(sources), limits)
    return _kept[key]


@atexit.register
def _close_tools() -> None:
    """End the sandbox of this worker, if it has one."""
    for _, place in _kept.values():
        place.close()
    _kept.clear()


def examine(submission: Submission, judge: Judge, place: Sandbox, release: Mapping[str, str]) -> Record:
    """What is found of one submission.

    Args:
        submission: what was handed in.
        judge: of the assignment.
        place: where the code runs.
        release: the text of each solution cell and written answer as students got it.
    """
    master = judge.master
    reason, notes = submission.reason, list(submission.notes)
    texts: dict[str, str] = {}
    said: dict[str, str] = {}
    reports: Sequence[Mapping[str, Any]] = ()
    if submission.data is not None:
        rebuilt = rebuild.rebuild(submission.data, master, release)
        reason, texts = rebuilt.reason, {**rebuilt.solutions, **rebuilt.written}
        notes += rebuilt.notes
        if not reason:
            jobs = master.solutions(rebuilt.solutions), master.questions()
            outcome = place.run(*jobs)
            if outcome.reason == sandbox.BROKEN:  # it may have been somebody else's fault: once more
                outcome = place.run(*jobs)
            said, reports, reason = _said(outcome.cells, rebuilt.solutions), outcome.tests, outcome.reason
    marks = tuple(judge.marks(reports, reason))
    return Record(
        submission.student, submission.source, submission.digest, master.digest, marks, reason, tuple(notes),
        texts, said,
    )  # fmt: skip


def _said(reports: Iterable[Mapping[str, Any]], solutions: Mapping[str, str]) -> dict[str, str]:
    """What each solution cell printed, and the error it ended with: strings of a length that people read."""
    found = {}
    for report in reports:
        name, parts = report.get("id"), [report.get("printed"), report.get("error")]
        if isinstance(name, str) and name in solutions and name not in found:
            found[name] = "\n".join(part[:8000] for part in parts if isinstance(part, str) and part)
    return found


# ---------------------------------------------------------------- what is kept


def _keep(record: Record, book: Book, folder: Path, master: Master, records: Path) -> None:
    book.write(record.student, record.texts, record.said, record.marks, record.reason)
    page = feedback.page(
        master, record.student, record.texts, record.said, record.marks, record.reason, record.notes
    )
    write_text(folder / "feedback" / record.student / master.name / f"{master.name}.html", page)
    with atomic(records / f"{record.student}.json") as part:  # last: it says that the rest is there
        part.write_text(json.dumps({"version": VERSION, **asdict(record)}), encoding="utf-8")


def _marked(texts: Mapping[str, str], master: Master) -> dict[str, str]:
    """The texts of the cells that students write."""
    theirs = {cell.grade_id for cell in master.cells if cell.kind in ("solution", "written")}
    return {grade_id: text for grade_id, text in texts.items() if grade_id in theirs}


def _is_done(submission: Submission, record: Record | None) -> bool:
    return record is not None and record.digest == submission.digest


def _read_all(folder: Path) -> dict[str, Record]:
    """The records of earlier runs; one that cannot be read counts as none."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content.pop("version") != VERSION:
                continue
            content["marks"] = tuple(Mark(**mark) for mark in content["marks"])
            content["notes"] = tuple(content["notes"])
            found[content["student"]] = Record(**content)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return found


def _write_table(
    path: Path, records: Mapping[str, Record], totals: Mapping[str, Total], master: Master
) -> None:
    """The marks as CSV, for a learning platform's import."""
    names = [test.grade_id for test in master.tests]
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
                _harmless(student), f"{total.score:g}", f"{total.maximum:g}", f"{total.automatic:g}",
                f"{total.manual:g}", "yes" if total.waiting else "no",
                *(f"{points.get(name, 0):g}" for name in names), _harmless(record.reason),
            ])  # fmt: skip


def _harmless(text: str) -> str:
    """A text that a spreadsheet does not take for a formula."""
    text = " ".join(text.split())
    return f"'{text}" if text[:1] in "=+-@" and text else text
