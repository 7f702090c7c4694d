"""Marks in nbgrader's gradebook, whose formgrader shows the submissions and takes the marks given by hand.

Only one process writes, because SQLite lets one write at a time. The folder is a course in nbgrader's layout.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_output
from nbgrader import api
from nbgrader.api import Gradebook, InvalidEntry, MissingEntry
from nbgrader.preprocessors import SaveAutoGrades, SaveCells
from sqlalchemy.exc import SAWarning, SQLAlchemyError

from coursekit._shared._files import atomic, write_text
from coursekit.grading import _markdown
from coursekit.grading.assignment import Assignment
from coursekit.grading.autograde import Mark
from coursekit.grading.release import released

CONFIG = '''"""For `nbgrader formgrader`, started in this folder."""

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "course"
c.CourseDirectory.db_url = {db!r}
'''


class GradebookError(Exception):
    """The gradebook cannot be opened, or does not fit the assignment; the message says what to do."""


@dataclass(frozen=True)
class HandMark:
    """What a person gave for one cell.

    `points` is None while the cell waits for a person: nobody has marked it, or it has changed since.
    `extra` is nbgrader's extra credit, which comes on top.
    """

    grade_id: str
    points: float | None
    maximum: float
    comment: str = ""
    extra: float = 0.0


@dataclass(frozen=True)
class Total:
    """The marks of one student in the gradebook, with those given by hand.

    Attributes:
        student: the key of the student.
        score: automatic + manual - penalty, but never below 0.
        maximum: the points of all cells together.
        automatic: the points by the tests, without those tests whose points a person has changed.
        manual: the points that a person gave, with extra credit.
        waiting: something is still to be marked by hand.
        penalty: the points taken off because it was late.
        by_hand: the mark of each written answer, in the order of the assignment.
        changed: the tests whose points a person has changed, or to which there is extra credit.
        comments: what a person wrote about the student's code, by the grade_id of the solution cell.
    """

    student: str
    score: float
    maximum: float
    automatic: float
    manual: float
    waiting: bool
    penalty: float = 0.0
    by_hand: tuple[HandMark, ...] = ()
    changed: tuple[HandMark, ...] = ()
    comments: Mapping[str, str] = field(default_factory=dict)


class Book:
    """The gradebook of a folder, for one assignment.

    Args:
        folder: where the course in nbgrader's layout is, or will be.
        assignment: the assignment.
        db: the database's URL; None is SQLite's `gradebook.db` in the folder.

    Raises:
        GradebookError: the database cannot be opened, or has other cells for this assignment.
    """

    def __init__(self, folder: Path, assignment: Assignment, db: str | None = None) -> None:
        self.folder, self.assignment = folder, assignment
        self.db = db or f"sqlite:///{(folder / 'gradebook.db').resolve()}"
        self.release = released(assignment)
        self.texts = _texts(self.release)  # of each marked cell, as students got it
        self._resources = {
            "nbgrader": {
                "notebook": assignment.name,
                "assignment": assignment.name,
                "db_url": self.db,
                "student": "",
            }
        }
        if db is None:
            _make(folder / "gradebook.db")
        with _clear(self.db), Gradebook(self.db) as book:
            book.update_or_create_assignment(assignment.name)
        try:
            with _clear(self.db):
                SaveCells().preprocess(self.release, self._resources)
        except RuntimeError as error:
            raise GradebookError(
                f"{error}. Grade into another folder (--out), or give the changed assignment a new name"
            ) from None
        source = folder / "source" / assignment.name / f"{assignment.name}.ipynb"
        write_text(source, assignment.path.read_text(encoding="utf-8"))
        write_config(folder / "nbgrader_config.py", self.db)

    def write(
        self,
        student: str,
        texts: Mapping[str, str],
        said: Mapping[str, str],
        marks: Sequence[Mark],
        reason: str,
        penalty: float = 0.0,
        when: datetime | None = None,
    ) -> None:
        """Enter a submission: the notebook that formgrader shows, and the marks of its tests.

        Marks that a person gave stay. Written again, it replaces what it wrote before.

        Args:
            student: the name of the student.
            texts: the student's solution cells and written answers, by grade_id.
            said: printed text and error of each solution cell, by grade_id.
            marks: the marks of the tests.
            reason: the reason why there are no points, shown at the top; or empty.
            penalty: the points that are taken off because it was late.
            when: the time of handing in; without a time zone it is in UTC.
        """
        notebook = self._graded(texts, said, {mark.grade_id: mark for mark in marks}, reason)
        path = self.folder / "autograded" / student / self.assignment.name / f"{self.assignment.name}.ipynb"
        before = _text_of(path)
        name = self.assignment.name
        with _clear(self.db), Gradebook(self.db) as book, _at_once(book):
            book.update_or_create_student(student)
            submission = book.update_or_create_submission(name, student, timestamp=when)
            for part in submission.notebooks:
                part.late_submission_penalty = penalty
            decided = self._decided(book, student)
            step = SaveAutoGrades()
            step.log.setLevel(logging.ERROR)
            # As its `preprocess` does, but with this gradebook: to open another one takes longest of all.
            step.gradebook, step.student_id, step.notebook_id, step.assignment_id = book, student, name, name
            for index, cell in enumerate(notebook.cells):
                step.preprocess_cell(cell, {}, index)
            self._settle(book, student, notebook, before, decided)
        handed_in = self.folder / "submitted" / path.relative_to(self.folder / "autograded")
        write_text(handed_in, nbformat.writes(self._graded(texts, {}, {}, "")) + "\n")
        write_text(path, nbformat.writes(notebook) + "\n")  # last: after a stop, `before` is what was marked

    def charge(self, penalties: Mapping[str, float]) -> None:
        """Enter what lateness costs.

        Args:
            penalties: the points that are taken off, by student. For others nothing changes.
        """
        with _clear(self.db), Gradebook(self.db) as book:
            for student, notebook in self._submissions(book, api.SubmittedNotebook):
                notebook.late_submission_penalty = penalties.get(student, notebook.late_submission_penalty)
            book.db.commit()

    def totals(self) -> dict[str, Total]:
        """The marks of each student, with those given by hand."""
        grades: dict[str, list[Any]] = defaultdict(list)
        comments: dict[str, dict[str, str]] = defaultdict(dict)
        with _clear(self.db), Gradebook(self.db) as book:
            penalties = {
                student: penalty or 0.0
                for student, penalty in self._submissions(book, api.SubmittedNotebook.late_submission_penalty)
            }
            cell, grade, comment = api.BaseCell, api.Grade, api.Comment
            for row in self._submissions(
                book, cell.name, grade.auto_score, grade.manual_score, grade.extra_credit,
                grade.needs_manual_grade, grade.max_score,
            ).join(grade, grade.notebook_id == api.SubmittedNotebook.id).join(
                cell, cell.id == grade.cell_id
            ):  # fmt: skip
                grades[row.student_id].append(row)
            for student, name, text in (
                self._submissions(book, cell.name, comment.manual_comment)
                .join(comment, comment.notebook_id == api.SubmittedNotebook.id)
                .join(cell, cell.id == comment.cell_id)
            ):
                comments[student][name] = (text or "").strip()
        return {
            student: self._total(student, rows, comments[student], penalties[student])
            for student, rows in grades.items()
        }

    def _submissions(self, book: Gradebook, *columns: Any) -> Any:
        """A query for each student's submission to the assignment: (student, *columns)."""
        submission, notebook, assignment = api.SubmittedAssignment, api.SubmittedNotebook, api.Assignment
        return (
            book.db.query(submission.student_id, *columns)
            .select_from(submission)
            .join(assignment, assignment.id == submission.assignment_id)
            .join(notebook, notebook.assignment_id == submission.id)
            .filter(assignment.name == self.assignment.name)
            .order_by(submission.student_id)
        )

    def _total(self, student: str, rows: Sequence[Any], comments: Mapping[str, str], penalty: float) -> Total:
        """The marks of a student from the rows of the gradebook, one for each cell with points."""
        places = {cell.grade_id: place for place, cell in enumerate(self.assignment.cells)}
        written = {cell.grade_id for cell in self.assignment.written}
        automatic, manual = 0.0, 0.0
        by_hand, changed = [], []
        for row in sorted(rows, key=lambda row: places.get(row.name, 0)):
            mark = _hand_mark(row, comments.get(row.name, ""))
            if row.name in written:
                by_hand.append(mark)
            elif row.manual_score is not None or mark.extra:
                changed.append(mark)
            if row.manual_score is not None and mark.points is not None:
                manual += mark.points
            else:
                automatic += row.auto_score or 0.0
            manual += mark.extra
        return Total(
            student, max(0.0, automatic + manual - penalty), sum(row.max_score for row in rows), automatic,
            manual, any(row.needs_manual_grade for row in rows), penalty, tuple(by_hand), tuple(changed),
            {name: text for name, text in comments.items() if text and name not in written},
        )  # fmt: skip

    def _decided(self, book: Gradebook, student: str) -> dict[str, float | None]:
        """The tests whose points a person has changed, and that wait for nobody: the points by the test."""
        name = self.assignment.name
        grades = {}
        for test in self.assignment.tests:
            with contextlib.suppress(MissingEntry):
                grade = book.find_grade(test.grade_id, name, name, student)
                if grade.manual_score is not None and not grade.needs_manual_grade:
                    grades[test.grade_id] = grade.auto_score
        return grades

    def _settle(
        self,
        book: Gradebook,
        student: str,
        notebook: Any,
        before: Mapping[str, str],
        decided: Mapping[str, float | None],
    ) -> None:
        """What was marked by hand, and has not changed since, does not wait for a mark again.

        That is a written answer with the same text as before, and a test whose points a person has changed,
        with the same code and the same points by the test as before.
        """
        now, name = _texts(notebook), self.assignment.name
        code = [cell.grade_id for cell in self.assignment.cells if cell.kind == "solution"]
        same_code = all(before.get(grade_id) == now[grade_id] for grade_id in code)
        for grade_id in [*(cell.grade_id for cell in self.assignment.written), *decided]:
            with contextlib.suppress(MissingEntry):
                grade = book.find_grade(grade_id, name, name, student)
                if grade_id in decided:
                    same = same_code and decided[grade_id] == grade.auto_score
                else:
                    same = before.get(grade_id) == now[grade_id]
                if grade.manual_score is not None and same:
                    grade.needs_manual_grade = False

    def _graded(
        self, texts: Mapping[str, str], said: Mapping[str, str], marks: Mapping[str, Mark], reason: str
    ) -> Any:
        """The released notebook with the student's texts, and their output as plain text."""
        notebook = nbformat.from_dict(copy.deepcopy(self.release))
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            text = texts.get(grade_id)
            if text is not None and cell.metadata.nbgrader.solution:
                if cell.cell_type == "code":
                    cell.source = text
                elif text.strip() != cell.source.strip():
                    cell.source = _markdown.cell(text)
            if cell.cell_type != "code":
                continue
            if said.get(grade_id):
                cell.outputs.append(new_output("stream", name="stdout", text=said[grade_id]))
            if grade_id in marks:
                cell.outputs += _outputs(marks[grade_id])
        if reason:
            text = f"<p><strong>Not graded further:</strong> {_markdown.inert(reason)}</p>"
            notebook.cells.insert(0, nbformat.v4.new_markdown_cell(text))
        return notebook


def write_config(path: Path, db: str) -> None:
    """Write nbgrader's settings, if there are none; only their owner may read the database's password."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(CONFIG.format(db=db), encoding="utf-8")


def _make(path: Path) -> None:
    """Make nbgrader's database in SQLite, if there is none, whole or not at all."""
    if not path.exists():
        with _clear(f"sqlite:///{path}"), atomic(path) as part, Gradebook(f"sqlite:///{part.resolve()}"):
            pass


@contextlib.contextmanager
def _at_once(book: Gradebook) -> Iterator[None]:
    """Enter all that the block writes, or nothing. nbgrader would wait for the disk after each cell."""
    commit = book.db.commit
    book.db.commit = book.db.flush
    yield
    commit()


def _outputs(mark: Mark) -> list[Any]:
    """The outputs of a test cell from which nbgrader reads its points.

    An error means 0 points and no output all of them, unless a number stands before it.
    """
    outputs = []
    if mark.points != (0.0 if mark.message else mark.maximum):
        outputs.append(new_output("execute_result", {"text/plain": repr(float(mark.points))}))
    if mark.message:
        text = f"{mark.points:g} of {mark.maximum:g} points\n{mark.message}"
        outputs.append(new_output("error", ename="Wrong", evalue=mark.message, traceback=[text]))
    return outputs


def _hand_mark(row: Any, comment: str) -> HandMark:
    """The mark of a row of the gradebook. An untouched answer has 0 points by nbgrader, and does not wait."""
    points = row.auto_score if row.manual_score is None else row.manual_score
    waits = row.needs_manual_grade or points is None
    return HandMark(row.name, None if waits else points, row.max_score, comment, row.extra_credit or 0.0)


def _texts(notebook: Any) -> dict[str, str]:
    return {
        cell.metadata.nbgrader.grade_id: cell.source for cell in notebook.cells if "nbgrader" in cell.metadata
    }


def _text_of(path: Path) -> dict[str, str]:
    """The texts of the cells of a notebook that was written before, if it was."""
    try:
        return _texts(nbformat.read(path, as_version=4))
    except (OSError, ValueError):
        return {}


@contextlib.contextmanager
def _clear(db: str) -> Iterator[None]:
    """An error of the database as one line; nbgrader's warnings hidden; `alembic`, which it calls, found."""
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.prefix) / "bin"), path))
    log = logging.getLogger("tornado.application")  # nbgrader writes whole tracebacks there
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)
            yield
    except (SQLAlchemyError, InvalidEntry, ImportError) as error:
        reason = str(error).split("\n")[0]
        hint = ". Make room there, and start the same command again" if "is full" in reason else ""
        message = f"the gradebook {_without_password(db)} cannot be used: {reason}{hint}"
        raise GradebookError(message) from None
    finally:
        log.setLevel(level)
        os.environ["PATH"] = path


def _without_password(db: str) -> str:
    from sqlalchemy.engine import make_url

    try:
        return make_url(db).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "of --db"
