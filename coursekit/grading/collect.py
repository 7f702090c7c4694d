"""Finds the one notebook of each student in what was handed in, or all attempts of each.

It reads folders, zips of a learning platform and single notebooks. It unpacks nothing to disk and follows no
link. A file that cannot be read becomes a reason that the student understands, never an error.

Memory: the content of one file is held at a time while it looks (see `_files`). Of each student, only the
chosen notebook stays. One that is larger than `KEPT` stays without its outputs, compressed; its original is
read from its place again when somebody asks for it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from coursekit._shared._text import legible
from coursekit.grading import _files, _names, _times
from coursekit.grading._files import CollectError, File, Place, Reader, checksum
from coursekit.grading._times import read_times
from coursekit.grading.assignment import Assignment
from coursekit.grading.rebuild import rebuild
from coursekit.grading.release import stubs
from coursekit.handin import Note, cell_grade_id, notebook_cells

__all__ = ["CollectError", "Submission", "gather", "read_times"]

KEPT = 256 << 10  # bytes of a notebook that stays in memory as it came
PARTS = 400_000  # lists and dicts in a notebook
COMMAS = 1_500_000
FINE = "the notebook consists of millions of small values: clear its outputs and hand it in again"
EARLIEST = 631_152_000  # POSIX time of the year 1990: before that, a clock was not set
LATEST = 4_102_444_800  # of 2100
ATTEMPTS = ("latest", "best")


@dataclass(frozen=True)
class Submission:
    """The notebook that one student handed in, in one attempt.

    Attributes:
        student: the student's name as files and folders can have it.
        source: the file it came from, for people.
        content: the notebook (see `data`). None if there is no notebook that can be read.
        reason: the reason for that, for the student.
        notes: remarks on something unusual.
        unread: an archive or a folder could not be read. There may be a notebook in it, so a person has to
            look, and there is no mark.
        name: the student's name as it was handed in.
        ids: the student's numbers: "canvas", "moodle", "brightspace", "gradescope", "email", "sid".
        when: POSIX time of handing in; None if nothing tells it.
        clock: what tells it: "platform"; "file", the file's last change; or "archive", the same by the clock
            of the computer that packed the zip, which says no time zone, so it may be hours off.
        late: the learning platform says that it is late.
        attempt: the number of the attempt, from 1.
        packed: `content` is compressed, and without outputs.
        checksum: SHA-256 of the file; empty where there is none, or `content` is the file.
        place: where the file can be read again.
    """

    student: str
    source: str
    content: bytes | None = field(default=None, repr=False)
    reason: str = ""
    notes: tuple[Note, ...] = ()
    unread: bool = False
    name: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    when: float | None = None
    clock: str = ""
    late: bool = False
    attempt: int = 1
    packed: bool = False
    checksum: str = ""
    place: Place | None = None

    @property
    def data(self) -> bytes | None:
        """The notebook to be graded. A large one is without its outputs and attachments."""
        return zlib.decompress(self.content) if self.packed and self.content is not None else self.content

    @property
    def original(self) -> bytes | None:
        """The file as it was handed in; None if no file was read.

        Raises:
            CollectError: it has changed since, or cannot be read any more.
        """
        if self.content is not None and not self.packed:
            return self.content
        if self.place is None or not self.checksum:
            return None
        with Reader() as reader:
            data = reader.read(self.place)
        if checksum(data) != self.checksum:
            raise CollectError(f"{self.source} has changed since it was collected: grade it again")
        return data

    @property
    def digest(self) -> str:
        """Changes when the student hands in something else."""
        content = self.content if self.content is not None else self.reason.encode("utf-8", "replace")
        return self.checksum or checksum(content)


@dataclass
class _Candidate:
    """A file that was handed in, with what is known of it.

    Attributes:
        file: the file.
        owner: whose it is.
        way: where it was found: number of the path that was given, and a folder around all students.
        notebook: it is one, or its name says so.
        likeness: number of the assignment's cells that it has.
        filled: number of these in which the student has written something.
        reason: the reason why it cannot be read.
        checksum: of a notebook that cannot be read.
    """

    file: File
    parts: tuple[str, ...]
    owner: _names.Owner
    way: tuple[int, bool, str]
    notebook: bool
    likeness: int
    reason: str
    checksum: str = ""
    filled: int = 0

    @property
    def when(self) -> float | None:
        """POSIX time of handing in."""
        return _set(self._handed_in()[0])

    @property
    def clock(self) -> str:
        """What tells that time."""
        return self._handed_in()[1] if self.when is not None else ""

    def _handed_in(self) -> tuple[float | None, str]:
        if self.owner.when is not None:
            return self.owner.when, "platform"
        return self.file.zipped or (self.file.when, self.file.clock)

    @property
    def changed(self) -> float:
        """When the file was last changed, as far as it says so: among copies, the latest one is taken."""
        return _set(self.file.when) or 0.0

    def described(self) -> str:
        """Its name, what is filled in, and its time, for people."""
        time = self.when if self.owner.when is not None else _set(self.file.when)
        return f"{self.parts[-1]} ({self.filled} filled, {_times.shown(time)})"


def _set(when: float | None) -> float | None:
    """A time, unless a clock gave it that was not set."""
    return when if when is not None and EARLIEST < when < LATEST else None


def gather(
    paths: Iterable[str | Path],
    assignment: Assignment,
    student: str | None = None,
    attempts: str = "latest",
) -> list[Submission]:
    """Find the submissions in files and folders, in the order of the students' names.

    In a folder or a zip, the first folder has the name of a student. A notebook that lies in no folder has it
    in its own name. Names of the downloads of Moodle, Canvas, Blackboard, Brightspace and Gradescope are
    understood, nbgrader's folders `submitted` and `inbound`, and one folder around all others, such as
    `submissions`.

    An attempt is what a student handed in under one of the paths, or one that a platform has numbered or
    dated. Copies within it are no attempts: the one with the most work is taken.

    Args:
        paths: notebooks, zips, or folders of both.
        assignment: the assignment.
        student: name of the student, for a single notebook.
        attempts: "latest" gives one attempt of each student, the last in which something is filled in;
            "best" gives all of them, numbered by their time, from which the marks choose.

    Raises:
        CollectError: a path does not exist, there is no submission in any, or it is not clear whether a
            folder is one student's or holds the folders of several.
        ValueError: `attempts` is neither of the two.
    """
    if attempts not in ATTEMPTS:
        raise ValueError(f"attempts is {attempts!r}; expected one of {', '.join(ATTEMPTS)}")
    given = [Path(path) for path in paths]
    students: dict[str, list[_Candidate]] = {}
    for number, path in enumerate(given):
        if not path.exists():
            raise CollectError(f"there is no file or folder {path}")
        for candidate in _candidates(path, number, assignment, student):
            students.setdefault(candidate.owner.key, []).append(candidate)
    if all(one.file.empty for group in students.values() for one in group):
        raise CollectError(f"there is nothing to grade in {', '.join(map(str, given))}")
    safe = _names.safe_names(students)
    found: list[Submission] = []
    with Reader() as reader:
        for key, group in students.items():
            chooser = _Chooser(safe[key], assignment, reader)
            found += chooser.all(group) if attempts == "best" else [chooser.latest(group)]
    return sorted(found, key=lambda submission: (submission.student, submission.attempt))


# ---------------------------------------------------------------- whose it is


def _candidates(path: Path, number: int, assignment: Assignment, student: str | None) -> list[_Candidate]:
    """The files under a path, each with its owner."""
    found: list[_Candidate] = []
    stamps: dict[tuple[str, ...], float | None] = {}
    uploads: dict[tuple[str, ...], _times.Uploaded] = {}
    for file, data in _files.files_in(path):
        last = file.parts[-1].lower()
        if data is not None and last == _files.STAMP:
            if _is_nbgraders(file, path, assignment):
                stamps[file.parts[:-1]] = _times.iso(data[:200].decode(errors="replace"))
        elif last == _files.GRADESCOPE:
            about = _times.gradescope((data or b"").decode(errors="replace"))
            uploads.update({(*file.parts[:-1], name): upload for name, upload in about.items()})
        else:
            found.append(_looked_at(file, data, (number, False, ""), assignment))
    _without_wrapper(found, path, assignment, student)
    alone = _is_of_one(found, assignment)
    for one in found:
        one.parts = _names.placed(one.parts, path, assignment.name)
        if alone and one.parts[0] != _names.top_of(path):
            one.parts = (_names.top_of(path), *one.parts)
        folder = one.file.parts[: len(one.file.parts) - len(one.parts) + 1]  # the one that says whose it is
        owner = _names.owner(one.parts, assignment.name, uploads.get(folder))
        if student:
            owner = replace(owner, key=student, name=student)
        if stamps.get(one.file.parts[:-1]) is not None and not owner.ids:
            owner = replace(owner, when=stamps[one.file.parts[:-1]])
        if len(one.parts) > len(one.file.parts) and _files.is_zip(path.name):  # the path is a student's zip
            one.file.zipped = (path.stat().st_mtime, "file")
        one.owner = owner
    return found


def _is_nbgraders(file: File, path: Path, assignment: Assignment) -> bool:
    """Whether a file with a time is nbgrader's, in student/assignment/, and not one that a student made."""
    top = path if path.is_dir() else path.parent
    return file.zipped is None and (top.resolve().name, *file.parts)[-2].lower() == assignment.name.lower()


def _looked_at(
    file: File, data: bytes | None, way: tuple[int, bool, str], assignment: Assignment
) -> _Candidate:
    """What is known of a file once its content has gone."""
    one = _Candidate(file, file.parts, _names.Owner("", ""), way, False, 0, file.reason)
    if data is None or file.closed:
        return one
    cells, reason = ([], FINE) if _is_fine(data) else notebook_cells(data)
    ids = {cell_grade_id(cell) for cell in cells}
    one.likeness = sum(cell.grade_id in ids for cell in assignment.cells if cell.grade_id)
    called = file.parts[-1].lower().endswith(".ipynb")
    one.notebook, one.reason = called or not reason, reason if called else ""
    one.checksum = checksum(data) if one.reason else ""
    return one


def _is_fine(data: bytes) -> bool:
    """Whether a file would fill the memory with millions of small values if it were read as JSON."""
    return data.count(b"{") + data.count(b"[") > PARTS or data.count(b",") > COMMAS


def _without_wrapper(
    found: list[_Candidate], path: Path, assignment: Assignment, student: str | None
) -> None:
    """Take folders away that lie around the folders of all students, such as `submissions`.

    Raises:
        CollectError: it may also be the folder of one student with several notebooks.
    """
    if any(len(one.parts) > 1 for one in found):  # files beside folders: a table of marks, for example
        found[:] = [one for one in found if len(one.parts) > 1 or not _names.is_nobodys(one.parts[0])]
    tops = sorted({one.parts[0] for one in found})
    if student or not tops or any(len(one.parts) < 3 for one in found if one.likeness):
        return
    below = sorted({one.parts[1] for one in found if one.likeness})
    if not below or any(_names.may_be_student(top, assignment.name) for top in tops):
        return
    if not all(_names.is_wrapper(top, assignment.name) for top in tops):
        if len(tops) > 1 or len(below) < 2 or all(map(_names.is_version, below)):
            return
        raise CollectError(_unclear(path, tops[0], below))
    if len(tops) > 1 and not any(len(one.parts) > 2 for one in found):
        return
    for one in found:
        if len(tops) > 1:  # such as `late` beside `submissions`
            one.way = (one.way[0], "late" in one.parts[0].lower(), one.parts[0])
        one.parts = one.parts[1:] or one.parts
    _without_wrapper(found, path, assignment, student)


def _unclear(path: Path, top: str, below: Sequence[str]) -> str:
    return (
        f"everything in {path} lies in one folder, {top}, with a notebook in each of "
        f"{', '.join(below[:3])}{' and others' if len(below) > 3 else ''}. If these are students, grade "
        f"{path / top if path.is_dir() else f'the folder {top} itself'}; if {top} is one student, "
        f"add --student {top!r}"
    )


def _is_of_one(found: list[_Candidate], assignment: Assignment) -> bool:
    """Whether a path is the folder or zip of one student: the notebook at its top has no student's name."""
    tops = [one for one in found if len(one.parts) == 1 and one.likeness]
    if any(_names.owner(one.parts, assignment.name).key.lower() != assignment.name.lower() for one in tops):
        return False
    if any(len(one.parts) > 1 and one.likeness for one in found):
        return False
    with Reader() as reader:  # an untouched one may be the master's, beside the folders of students
        return any(_filled(one, assignment, reader) for one in tops)


# ---------------------------------------------------------------- which file


class _Chooser:
    """Chooses among the files of a student.

    Args:
        student: the student's name as files can have it.
        assignment: the assignment.
        reader: reads files again.
    """

    def __init__(self, student: str, assignment: Assignment, reader: Reader) -> None:
        self.student, self.assignment, self.reader = student, assignment, reader

    def latest(self, files: list[_Candidate]) -> Submission:
        """The last attempt in which something is filled in, with a note on the others."""
        attempts = self._attempts(files)
        if len(attempts) == 1:
            return self._submission(attempts[0], 1)
        best = [self._best(attempt) for attempt in attempts]
        worked = [number for number, one in enumerate(best) if one and one.filled]
        read = [number for number, one in enumerate(best) if one]
        number = worked[-1] if worked else read[-1] if read else len(attempts) - 1
        submission = self._submission(attempts[number], number + 1)
        notes = list(self._on_attempts(attempts, best, number))
        return replace(submission, notes=(*notes, *(n for n in submission.notes if n.kind != "files")))

    def all(self, files: list[_Candidate]) -> list[Submission]:
        """Each attempt, numbered by its time."""
        return [self._submission(attempt, number) for number, attempt in enumerate(self._attempts(files), 1)]

    def _attempts(self, files: list[_Candidate]) -> list[list[_Candidate]]:
        """The files by attempt, the first one first; an empty folder is no attempt beside others."""
        files = [one for one in files if not one.file.empty] or files[:1]
        groups: dict[tuple[Any, int, float], list[_Candidate]] = {}
        for one in files:
            groups.setdefault((one.way, one.owner.version, one.owner.when or 0.0), []).append(one)
        if all(version for _, version, _ in groups):
            return [groups[key] for key in sorted(groups, key=lambda key: (key[1], key[0], key[2]))]
        times = {key: max(one.when or 0.0 for one in group) for key, group in groups.items()}
        return [groups[key] for key in sorted(groups, key=lambda key: (times[key], key[0], key[1]))]

    def _best(self, files: list[_Candidate]) -> _Candidate | None:
        """The notebook that is graded; None if there is none.

        It is the one with the most cells of the assignment that the student has filled in, then the one with
        the most cells of the assignment, then the latest, then the one with the assignment's name.
        """
        notebooks = [one for one in files if one.notebook]
        for one in notebooks:
            one.filled = one.filled or _filled(one, self.assignment, self.reader)

        def fit(one: _Candidate) -> tuple[int, int, float, bool]:
            named = one.parts[-1] == f"{self.assignment.name}.ipynb"
            return one.filled, one.likeness, one.changed, named

        return max(notebooks, key=fit, default=None)

    def _submission(self, files: list[_Candidate], attempt: int) -> Submission:
        """What is graded of the files of one attempt."""
        notebooks = [one for one in files if one.notebook]
        best = notebooks[0] if len(notebooks) == 1 else self._best(files)
        owner = (best or files[0]).owner
        when = best or max(files, key=lambda one: one.when or 0.0)
        about = Submission(
            self.student, legible((best or files[0]).file.place), name=owner.name, ids=owner.ids,
            when=when.when, clock=when.clock, late=any(one.owner.late for one in files), attempt=attempt,
            notes=self._on_name(owner),
        )  # fmt: skip
        if best is None:
            reason, unread = _missing(files)
            return replace(about, reason=reason, unread=unread)
        notes = about.notes
        if len(notebooks) > 1:
            others = ", ".join(one.described() for one in notebooks if one is not best)
            notes += (_note(f"of {len(notebooks)} notebooks {best.described()} is graded, not {others}"),)
        if best.reason or best.file.at is None:
            reason = legible(best.reason[:500])
            return replace(about, reason=reason, notes=notes, checksum=best.checksum, place=best.file.at)
        data = self.reader.read(best.file.at)
        small = len(data) <= KEPT
        return replace(
            about, content=data if small else zlib.compress(_slim(data), 1), packed=not small, notes=notes,
            checksum=checksum(data), place=best.file.at,
        )  # fmt: skip

    def _on_name(self, owner: _names.Owner) -> tuple[Note, ...]:
        """A note if the student's name could not stay as it was."""
        if self.student == owner.key.replace(" ", "_"):
            return ()
        text = f"in files and tables the name {owner.name[:100]!r} is written {self.student}"
        return (Note("name", legible(text)),)

    def _on_attempts(
        self, attempts: list[list[_Candidate]], best: list[_Candidate | None], chosen: int
    ) -> Iterator[Note]:
        """Notes on the attempts of which one is graded."""
        notebooks = [one for attempt in attempts for one in attempt if one.notebook]
        taken = best[chosen]
        if taken is not None and len(notebooks) > 1:
            others = ", ".join(one.described() for one in notebooks if one is not taken)
            yield _note(
                f"of {len(notebooks)} notebooks in {len(attempts)} attempts {taken.described()} of attempt "
                f"{chosen + 1} is graded, not {others}"
            )
        for number in range(chosen + 1, len(attempts)):
            one, (reason, unread) = best[number], _missing(attempts[number])
            if one is None:
                yield Note("unread" if unread else "files", f"attempt {number + 1} is not graded: {reason}")
            elif not one.filled:
                reason = one.reason or "nothing is filled in"
                yield _note(f"attempt {number + 1}, {one.parts[-1]}, is not graded: {reason}")


def _filled(one: _Candidate, assignment: Assignment, reader: Reader) -> int:
    """The number of the assignment's cells in which a student has written something."""
    if one.reason or not one.notebook or one.file.at is None:
        return 0
    release = stubs(assignment)
    rebuilt = rebuild(reader.read(one.file.at), assignment, release)
    texts = {**rebuilt.solutions, **rebuilt.written}
    return sum(text.strip() != release[grade_id].strip() for grade_id, text in texts.items())


def _note(text: str) -> Note:
    return Note("files", legible(text[:500]))


def _missing(files: Sequence[_Candidate]) -> tuple[str, bool]:
    """Why there is no notebook in some files, and whether there may be one in what could not be read."""
    reasons = [one.file.reason for one in files if one.file.reason]
    names = ", ".join(one.parts[-1] for one in files[:5])
    reason = reasons[0] if reasons else f"no notebook (.ipynb) was handed in, only {names}"
    return legible(reason[:500]), any(one.file.closed for one in files)


def _slim(data: bytes) -> bytes:
    """A notebook without outputs and attachments, which nobody grades."""
    cells, _ = notebook_cells(data)
    for cell in cells:
        for name in ("outputs", "attachments"):
            cell.pop(name, None)
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
