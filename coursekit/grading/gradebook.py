"""Marks in nbgrader's gradebook, whose formgrader shows the submissions and takes the marks given by hand.

Only one process writes, because SQLite lets one write at a time. The folder is a course in nbgrader's layout.
"""

from __future__ import annotations

import contextlib
import copy
import html
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_output
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import SaveAutoGrades, SaveCells
from sqlalchemy.exc import SAWarning, SQLAlchemyError

from coursekit._shared._files import write_text
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
class Total:
    """The marks of one student in the gradebook, with those given by hand."""

    student: str
    score: float
    maximum: float
    automatic: float
    manual: float
    waiting: bool  # something is still to be marked by hand


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
    ) -> None:
        """Enter a submission: the notebook that formgrader shows, and the marks of its tests.

        Marks that a person gave stay. Written again, it replaces what it wrote before.

        Args:
            student: the name of the student.
            texts: the student's solution cells and written answers, by grade_id.
            said: printed text and error of each solution cell, by grade_id.
            marks: the marks of the tests.
            reason: the reason why there are no points, shown at the top; or empty.
        """
        notebook = self._graded(texts, said, {mark.grade_id: mark for mark in marks}, reason)
        path = self.folder / "autograded" / student / self.assignment.name / f"{self.assignment.name}.ipynb"
        before = _text_of(path)
        name = self.assignment.name
        with _clear(self.db), Gradebook(self.db) as book:
            book.update_or_create_student(student)
            book.update_or_create_submission(name, student)
            step = SaveAutoGrades()
            step.log.setLevel(logging.ERROR)
            # As its `preprocess` does, but with this gradebook: to open another one takes longest of all.
            step.gradebook, step.student_id, step.notebook_id, step.assignment_id = book, student, name, name
            for index, cell in enumerate(notebook.cells):
                step.preprocess_cell(cell, {}, index)
            self._settle(book, student, notebook, before)
        handed_in = self.folder / "submitted" / path.relative_to(self.folder / "autograded")
        write_text(handed_in, nbformat.writes(self._graded(texts, {}, {}, "")) + "\n")
        write_text(path, nbformat.writes(notebook) + "\n")  # last: after a stop, `before` is what was marked

    def totals(self) -> dict[str, Total]:
        """The marks of each student, with those given by hand."""
        totals = {}
        with _clear(self.db), Gradebook(self.db) as book:
            for row in book.submission_dicts(self.assignment.name):
                grades = [
                    grade
                    for notebook in book.find_submission(self.assignment.name, row["student"]).notebooks
                    for grade in notebook.grades
                ]
                by_hand = sum(g.manual_score or 0.0 for g in grades)
                totals[row["student"]] = Total(
                    row["student"], row["score"], row["max_score"], row["score"] - by_hand, by_hand,
                    bool(row["needs_manual_grade"]),
                )  # fmt: skip
        return totals

    def _settle(self, book: Gradebook, student: str, notebook: Any, before: Mapping[str, str]) -> None:
        """An answer that was marked by hand, and has not changed since, does not wait for a mark again."""
        now, name = _texts(notebook), self.assignment.name
        for cell in self.assignment.written:
            with contextlib.suppress(MissingEntry):
                grade = book.find_grade(cell.grade_id, name, name, student)
                if grade.manual_score is not None and before.get(cell.grade_id) == now[cell.grade_id]:
                    grade.needs_manual_grade = False
        book.db.commit()

    def _graded(
        self, texts: Mapping[str, str], said: Mapping[str, str], marks: Mapping[str, Mark], reason: str
    ) -> Any:
        """The released notebook with the student's texts, and their output as plain text."""
        notebook = nbformat.from_dict(copy.deepcopy(self.release))
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            text = texts.get(grade_id)
            if text is not None and cell.metadata.nbgrader.solution:
                cell.source = text if cell.cell_type == "code" else _harmless(text)
            if cell.cell_type != "code":
                continue
            if said.get(grade_id):
                cell.outputs.append(new_output("stream", name="stdout", text=said[grade_id]))
            if grade_id in marks and marks[grade_id].message:
                mark = marks[grade_id]
                cell.outputs.append(_failed(mark.message))
        if reason:
            notebook.cells.insert(
                0, nbformat.v4.new_markdown_cell(f"**Not graded further:** {_harmless(reason)}")
            )
        return notebook


def write_config(path: Path, db: str) -> None:
    """Write nbgrader's settings, if there are none; only their owner may read the database's password."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(CONFIG.format(db=db), encoding="utf-8")


def _failed(message: str) -> Any:
    return new_output("error", ename="Wrong", evalue=message, traceback=[message])


def _harmless(text: str) -> str:
    """A text that formgrader shows as Markdown, without HTML and without links (of "javascript:")."""
    return html.escape(text, quote=False).replace("[", "&#91;")


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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)
            yield
    except (SQLAlchemyError, ImportError) as error:
        reason = str(error).split("\n")[0]
        raise GradebookError(f"the gradebook {_without_password(db)} cannot be used: {reason}") from None
    finally:
        os.environ["PATH"] = path


def _without_password(db: str) -> str:
    from sqlalchemy.engine import make_url

    try:
        return make_url(db).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "of --db"
