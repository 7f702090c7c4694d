"""What the grading writes for people: pages for students, the table of marks, reports, originals."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from coursekit._shared._files import atomic, atomic_folder, write_text
from coursekit.grading import feedback
from coursekit.grading._worker import Record
from coursekit.grading.assignment import Assignment
from coursekit.grading.collect import Submission
from coursekit.grading.gradebook import Total
from coursekit.grading.late import Deadline
from coursekit.grading.reports import changes, classroom, lms, look, similar, tables
from coursekit.grading.sandbox import Limits

REPORTS = "reports"  # the folder of the instructor's reports
HEAD = (
    "student", "name", "score", "max_score", "automatic", "manual", "penalty", "waits_for_manual",
    "handed_in",
)  # fmt: skip


@dataclass(frozen=True)
class Written:
    """What was written for people.

    Attributes:
        table: path of the table of marks.
        files: what else was written, as (what it is, path).
        looks: number of students whom the instructor should look at.
        remarks: on the learning platforms' tables: whose mark is not in them, how marks were scaled.
        missing: number of marks that are not in a learning platform's table.
    """

    table: Path
    files: tuple[tuple[str, Path], ...] = ()
    looks: int = 0
    remarks: tuple[str, ...] = ()
    missing: int = 0


@dataclass(frozen=True)
class Export:
    """A table that a learning platform exported, to be filled with the marks.

    Attributes:
        platform: "canvas", "moodle" or "blackboard".
        path: of the table.
        column: name or number of the assignment's column; empty looks for the assignment's name and title.
        preliminary: fill in also the marks of those who wait for a mark by hand.
    """

    platform: str
    path: Path
    column: str = ""
    preliminary: bool = False


@dataclass(frozen=True)
class Marked:
    """The marks of a class, as they are after a run.

    Attributes:
        before: the records of earlier runs, by student.
        records: of all students, with a note on lateness.
        graded: the students whose records are of this run.
        totals: the marks in the gradebook, by student.
        failed: the reason why there is no grade, by student.
        stubs: the text of each marked cell as students got it, by grade_id.
        limits: of one submission.
    """

    before: Mapping[str, Record]
    records: Mapping[str, Record]
    graded: Set[str]
    totals: Mapping[str, Total]
    failed: Mapping[str, str]
    stubs: Mapping[str, str]
    limits: Limits


def with_lateness(
    records: Mapping[str, Record], deadline: Deadline | None, points: float
) -> Mapping[str, Record]:
    """The records, with a note on each that was late or whose time is not known.

    Args:
        records: by student.
        deadline: of the assignment; without one, nothing is late.
        points: of the assignment, with those given by hand.
    """
    if deadline is None:
        return records
    noted = dict(records)
    for student, record in records.items():
        note = deadline.note(record.when, record.clock, record.late, points)
        if note:
            noted[student] = replace(record, notes=(*record.notes, note))
    return noted


def write(
    folder: Path,
    assignment: Assignment,
    marked: Marked,
    exports: Iterable[Export] = (),
    *,
    release: bool = False,
) -> Written:
    """Write the students' pages, the table of marks and the instructor's reports.

    Args:
        folder: the course's folder for the gradebook.
        assignment: the assignment.
        marked: the marks.
        exports: tables of learning platforms, of which filled copies are written.
        release: copy the pages to `released`.

    Raises:
        LmsError: a platform's table cannot be filled; all else has been written.
    """
    records, totals = marked.records, marked.totals
    path = folder / f"{assignment.name}.csv"
    write_text(path, table(assignment, records, totals))
    _write_pages(folder, assignment, records, totals)
    looks = look.rows(
        records.values(), totals, marked.failed, assignment, limits=marked.limits, root="../../"
    )
    everyone = list(records.values())
    reports = {
        "look.html": look.page(looks, assignment),
        "look.csv": look.table(looks),
        "class.html": classroom.page(everyone, totals, assignment, marked.failed),
        "rubric.html": feedback.rubric(assignment),
    }
    place = folder / REPORTS / assignment.name
    reports |= _regraded(assignment, marked)
    if marked.graded or not (place / "similar.html").is_file():
        reports |= _alike(assignment, everyone, marked.stubs)
    for name, text in reports.items():
        write_text(place / name, text)
    unusual = {each.student for each in looks if each.kind != "by hand"}
    files = [(f"look at these ({len(unusual)} students)", place / "look.html")]
    files.append(("reports on the class", place))
    if release:
        files.append(("released pages", _release_pages(folder, assignment, records)))
    remarks: list[str] = []
    missing = 0
    for export in exports:
        filled = lms.fill(
            export.path.read_bytes(), export.platform, everyone, totals, assignment,
            column=export.column, preliminary=export.preliminary,
        )  # fmt: skip
        target = folder / f"{assignment.name}-{export.platform}.csv"
        lms.write(filled, export.path, target)
        files.append((f"for {export.platform} ({filled.entered} marks in {filled.column})", target))
        remarks += filled.remarks
        missing += len(everyone) - filled.entered
    return Written(path, tuple(files), len(unusual), tuple(remarks), missing)


def _regraded(assignment: Assignment, marked: Marked) -> dict[str, str]:
    """The report on what has changed for students who handed in nothing new; none if nobody was regraded."""
    before = {
        student: record
        for student, record in marked.before.items()
        if student in marked.graded and record.digest == marked.records[student].digest
    }
    if not before:
        return {}
    return {
        "changes.html": changes.page(before, marked.records, assignment),
        "changes.csv": changes.table(changes.rows(before, marked.records)),
    }


def _alike(assignment: Assignment, records: list[Record], stubs: Mapping[str, str]) -> dict[str, str]:
    """The report on unusually similar submissions."""
    code = similar.in_code(records, assignment, stubs)
    words = similar.in_words(records, assignment, stubs)
    return {
        "similar.html": similar.page(code, words, records, assignment),
        "similar.csv": similar.table(code, words),
    }


def keep_original(folder: Path, assignment: Assignment, submission: Submission) -> None:
    """Keep the file as it was handed in. Files of earlier attempts stay."""
    content = submission.original
    if content is None:
        return
    when = f"{datetime.fromtimestamp(submission.when):%Y-%m-%d_%H%M%S}" if submission.when else "no-time"
    name = PurePosixPath(submission.source.replace("\\", "/")).name
    path = original(folder, assignment, submission.student) / f"{when}_{submission.digest[:8]}"
    path.mkdir(parents=True, exist_ok=True)
    file = path / (name if name.isprintable() and len(name.encode()) < 200 else f"{assignment.name}.ipynb")
    with atomic(file) as part:
        part.write_bytes(content)


def original(folder: Path, assignment: Assignment, student: str) -> Path:
    """The folder of what a student handed in."""
    return folder / "originals" / student / assignment.name


def page_path(folder: Path, assignment: Assignment, student: str) -> Path:
    """The path of a student's page below a folder such as `feedback`."""
    return folder / student / assignment.name / f"{assignment.name}.html"


def _write_pages(
    folder: Path, assignment: Assignment, records: Mapping[str, Record], totals: Mapping[str, Total]
) -> None:
    """Write each student's page, with the marks and comments that a person gave."""
    for student, record in records.items():
        page = feedback.page(assignment, record, totals.get(student))
        path = page_path(folder / "feedback", assignment, student)
        if not path.is_file() or path.read_text(encoding="utf-8") != page:
            write_text(path, page)


def _release_pages(folder: Path, assignment: Assignment, records: Mapping[str, Record]) -> Path:
    """Copy the students' pages to the folder `released`, the whole of an assignment at once."""
    target = folder / "released" / assignment.name
    with atomic_folder(target) as new:
        for student in records:
            (new / student).mkdir(parents=True)
            page = page_path(folder / "feedback", assignment, student)
            shutil.copyfile(page, new / student / page.name)
    return target


def table(assignment: Assignment, records: Mapping[str, Record], totals: Mapping[str, Total]) -> str:
    """Make the table of marks as CSV, one row for each student; `student` is the key of all folders."""
    names = [test.grade_id for test in assignment.tests]
    rows = []
    for student in sorted(records.keys() & totals.keys()):
        record, total = records[student], totals[student]
        points = {mark.grade_id: mark.points for mark in record.marks}
        rows.append((
            student, record.name, total.score, total.maximum, total.automatic, total.manual, total.penalty,
            "yes" if total.waiting else "no", _time(record.when),
            *(points.get(name, 0.0) for name in names), record.reason,
        ))  # fmt: skip
    return tables.text((*HEAD, *names, "reason"), rows)


def _time(when: float | None) -> str:
    return datetime.fromtimestamp(when).isoformat(" ", "seconds") if when else ""
