"""Finds the one notebook of each student in what was handed in.

It reads folders, zips of a learning platform and single notebooks. It unpacks nothing to disk and follows no
link. A file that cannot be read becomes a reason that the student understands, never an error.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from coursekit.grading.assignment import Assignment
from coursekit.grading.rebuild import (
    NOTEBOOK,
    Note,
    cell_grade_id,
    first_line,
    notebook_cells,
    readable,
    rebuild,
    too_large,
)
from coursekit.grading.release import stubs

ARCHIVE = 200 << 20  # bytes of a student's zip, and of all that is unpacked from a student's zips
GATHERED = 2 << 30  # bytes unpacked from a zip of many students
FILES = 20_000  # in one zip or folder
DEPTH = 20  # folders within folders
READ = (".ipynb", ".json", ".txt", "")  # ends of names that a notebook may have
_MOODLE = re.compile(r"_assignsubmission_.*$")
# A folder around the folders of students: submissions, conv3d-submissions (GitHub Classroom), late,
# assignment_1234_export (Gradescope).
_WRAPPER = re.compile(
    r"(?i)(^|[-_ .])(submissions?|submitted|handed[-_ ]?in|students?|class|late|on[-_ ]?time|downloads?|"
    r"exports?|all|repos(itories)?)([-_ .(]|$)"
)
_CANVAS = re.compile(r"^(?P<student>.+?)(?:_LATE)?_(?P<number>\d+)_\d+_.+$", re.IGNORECASE)


class CollectError(Exception):
    """There is nothing to grade; the message says in which files and folders."""


@dataclass(frozen=True)
class Submission:
    """The notebook that one student handed in.

    `data` is its content. It is None if there is no notebook; `reason` then tells the student the reason.
    `unread` says that an archive or a folder could not be read: there may be a notebook in it, so a person
    has to look, and there is no mark.
    """

    student: str
    source: str  # the file it came from, for people
    data: bytes | None
    reason: str = ""
    notes: tuple[Note, ...] = ()
    unread: bool = False

    @property
    def digest(self) -> str:
        """Changes when the student hands in something else."""
        content = self.data if self.data is not None else self.reason.encode("utf-8", "replace")
        return hashlib.sha256(content).hexdigest()


@dataclass
class _File:
    """A file: its content, or the reason why it was not read; `closed` if other files may be inside."""

    parts: tuple[str, ...]
    data: bytes | None
    reason: str = ""
    when: float = 0.0
    place: str = ""
    closed: bool = False


def gather(
    paths: Iterable[str | Path], assignment: Assignment, student: str | None = None
) -> list[Submission]:
    """Find the submissions in files and folders, one for each student, in the order of their names.

    In a folder or a zip, the first folder has the name of a student. A notebook that lies in no folder has it
    in its own name. Names of Moodle's and Canvas's downloads are understood, nbgrader's folder `submitted`,
    and one folder around all others, such as `submissions` or the export of Gradescope.

    Args:
        paths: notebooks, zips, or folders of both.
        assignment: the assignment.
        student: name of the student, for a single notebook.

    Raises:
        CollectError: a path does not exist, there is no submission in any, or it is not clear whether a
            folder is one student's or holds the folders of several.
    """
    files: list[_File] = []
    for path in map(Path, paths):
        if not path.exists():
            raise CollectError(f"there is no file or folder {path}")
        for file in _without_wrapper(list(_files_in(path)), path, assignment, student):
            file.parts = _placed(file.parts, path, assignment.name)
            files.append(file)
    groups: dict[str, list[_File]] = {}
    for file in files:
        name = student or unicodedata.normalize("NFC", _student(file.parts, assignment.name))
        groups.setdefault(name, []).append(file)
    if not groups:
        raise CollectError(f"there is nothing to grade in {', '.join(map(str, paths))}")
    names = _safe_names(groups)
    chosen = [_choose(names[raw], group, assignment) for raw, group in groups.items()]
    return sorted(chosen, key=lambda submission: submission.student)


# ---------------------------------------------------------------- files


def _files_in(path: Path) -> Iterator[_File]:
    if path.is_dir():
        yield from _in_folder(path)
    elif path.suffix.lower() == ".zip" and path.is_file():
        yield from _in_zip(path, (), path.name, [GATHERED])
    else:
        yield _read(path, (path.name,))


def _in_folder(folder: Path) -> Iterator[_File]:
    count = 0
    room: dict[str, list[int]] = {}
    errors: list[OSError] = []
    for place, folders, names in os.walk(folder, followlinks=False, onerror=errors.append):
        here = Path(place)
        inside = here.relative_to(folder).parts
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for name in folders:
            if (here / name).is_symlink():
                yield _read(here / name, (*inside, name, name))
        if len(inside) == DEPTH:
            folders.clear()
        for name in sorted(names):
            count += 1
            if count > FILES:
                raise CollectError(f"{folder} has more than {FILES:,} files: is it the right folder?")
            if name.startswith("."):
                continue
            file = _read(here / name, (*inside, name))
            if name.lower().endswith(".zip") and file.data is not None:
                owner = (*inside, name)[:1]
                left = room.setdefault(owner[0], [ARCHIVE])
                yield from _in_zip(io.BytesIO(file.data), owner, file.place, left)
            else:
                yield file
    for error in errors:
        parts = Path(error.filename).relative_to(folder).parts
        reason = f"the folder cannot be read ({error.strerror})"
        yield _File((*(parts or (folder.name,)), "folder"), None, reason, 0.0, error.filename, closed=True)


def _read(path: Path, parts: tuple[str, ...]) -> _File:
    """Read a plain file that is not too large. Others are not opened, because a pipe would block."""
    try:
        about = path.lstat()
        file = _File(parts, None, "", about.st_mtime, str(path))
        limit = ARCHIVE if path.suffix.lower() == ".zip" else NOTEBOOK
        if stat.S_ISLNK(about.st_mode):
            file.reason = f"{path.name} is a link, not a file: hand in the notebook itself"
        elif not stat.S_ISREG(about.st_mode):
            file.reason = f"{path.name} is no plain file"
        elif about.st_size > limit:
            file.reason = too_large(path.name, limit)
        elif path.suffix.lower() in (*READ, ".zip"):
            file.data = path.read_bytes()
    except OSError as error:
        return _File(parts, None, f"{path.name} cannot be read ({error.strerror})", 0.0, str(path))
    return file


def _in_zip(file: Any, owner: tuple[str, ...], place: str, room: list[int]) -> Iterator[_File]:
    """Read the files of a zip in memory. Nothing is written to disk under their names.

    Args:
        file: the zip.
        owner: the folder or the name that says whose it is; empty for a zip of many students.
        place: the name of the zip in messages.
        room: number of bytes that may still be unpacked, counted down.
    """
    rooms: dict[str, list[int]] = {}  # of the zips in it
    empty = True
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > FILES:
                reason = f"{Path(place).name} holds more than {FILES:,} files"
                yield _File((*owner, Path(place).name), None, reason, 0.0, place, closed=True)
                return
            for entry in entries:
                parts = _parts(entry.filename)
                if entry.is_dir() or not parts or any(part.startswith((".", "__MACOSX")) for part in parts):
                    continue
                empty = False
                where = f"{place}: {entry.filename}"
                result = _entry(archive, entry, (*owner, *parts), where, room)
                if result.data is not None and _is_zip(parts[-1]):
                    if owner:
                        result.data, result.reason = None, f"{parts[-1]} is a zip within a zip"
                    else:
                        left = rooms.setdefault(parts[0], [ARCHIVE])
                        yield from _in_zip(io.BytesIO(result.data), parts[:1], where, left)
                        continue
                yield result
    except Exception as error:  # zipfile raises many kinds
        reason = f"{Path(place).name} is no zip that can be read ({first_line(error)})"
        yield _File((*owner, Path(place).name), None, reason, 0.0, place, closed=True)
        return
    if empty and owner:  # of a student, who must not vanish from the table
        yield _File((*owner, Path(place).name), None, f"{Path(place).name} holds no file", 0.0, place)


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a name in a zip, without those that would lead out of a folder."""
    parts = re.sub(r"^[A-Za-z]:", "", name.replace("\\", "/")).split("/")
    return tuple(part for part in parts if part not in ("", ".", ".."))


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _entry(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, parts: tuple[str, ...], place: str, room: list[int]
) -> _File:
    """Read a file of a zip, up to the limit: the size that the zip states may be wrong."""
    name = parts[-1]
    result = _File(parts, None, "", _when(entry), place)
    packed = _is_zip(name)
    limit = ARCHIVE if packed else NOTEBOOK
    if stat.S_ISLNK(entry.external_attr >> 16):
        result.reason = f"{name} is a link, not a file: hand in the notebook itself"
    elif not packed and PurePosixPath(name).suffix.lower() not in READ:
        return result
    elif entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without end
        result.reason = f"{name} is packed in an unusual way: hand in the notebook itself"
    elif entry.flag_bits & 1:
        result.reason = f"{name} is locked with a password: hand in the notebook itself"
    elif room[0] <= 0:
        result.reason = f"{name} was not read: what is zipped with it is too large"
    else:
        try:
            with archive.open(entry) as content:
                data = content.read(limit + 1)
        except Exception as error:  # zlib's and zipfile's
            result.reason = f"{name} cannot be unpacked ({first_line(error)})"
        else:
            room[0] -= len(data)
            if len(data) > limit:
                result.reason = too_large(name, limit)
            else:
                result.data = data
    return result


def _when(entry: zipfile.ZipInfo) -> float:
    try:
        return datetime(*entry.date_time).timestamp()
    except (ValueError, OverflowError, OSError):  # the zip states a day that does not exist
        return 0.0


# ---------------------------------------------------------------- students


def _without_wrapper(
    files: list[_File], path: Path, assignment: Assignment, student: str | None
) -> list[_File]:
    """Take the one folder away that lies around the folders of all students, such as `submissions`.

    Raises:
        CollectError: it may also be the folder of one student with several notebooks.
    """
    tops = {file.parts[0] for file in files}
    if student or len(tops) != 1 or any(len(file.parts) < 3 for file in files if _likeness(file, assignment)):
        return files
    (top,) = tops
    below = sorted({file.parts[1] for file in files if _likeness(file, assignment)})
    if _is_zip(top) or top.lower() == assignment.name.lower() or _MOODLE.search(top) or not below:
        return files
    if not _WRAPPER.search(top):
        if len(below) < 2:
            return files
        raise CollectError(
            f"everything in {path} lies in one folder, {top}, with a notebook in each of "
            f"{', '.join(below[:3])}{' and others' if len(below) > 3 else ''}. If these are students, grade "
            f"{path / top if path.is_dir() else f'the folder {top} itself'}; if {top} is one student, "
            f"add --student {top!r}"
        )
    for file in files:
        file.parts = file.parts[1:] or file.parts
    return _without_wrapper(files, path, assignment, student)


def _placed(parts: tuple[str, ...], path: Path, assignment: str) -> tuple[str, ...]:
    """The parts of a file's path from the one that says whose it is; the assignment's own name does not."""
    if len(parts) > 2 and parts[0] == "submitted":
        parts = parts[1:]
    if len(parts) > 1 and parts[0].lower() == assignment.lower():
        parts = parts[1:]
    if _student(parts, assignment).lower() == assignment.lower():  # it is in one student's folder, or zip
        whole = path.resolve()
        parts = (whole.name if path.is_dir() or _is_zip(path.name) else whole.parent.name, *parts)
    return parts


def _student(parts: tuple[str, ...], assignment: str) -> str:
    """The student to whom a file belongs, by its folder and name."""
    name = parts[0]
    if len(parts) > 1 and not _is_zip(name):
        return re.sub(rf"(?i)^{re.escape(assignment)}[-_](?=.)", "", _MOODLE.sub("", name)) or name
    stem = name[: name.rfind(".")] if "." in name.strip(".") else name
    stem = re.sub(r"(?i)(.)\.ipynb$", r"\1", stem)  # as in .ipynb.txt
    if _MOODLE.search(stem):
        return _MOODLE.sub("", stem) or stem
    canvas = _CANVAS.match(stem)
    if canvas:
        return f"{canvas['student']}_{canvas['number']}"
    rest = re.sub(rf"(?i)(?:^|[-_ .]+){re.escape(assignment)}(?=$|[-_ .(])", "", stem)
    rest = re.sub(r"\s*\(\d+\)$", "", rest).strip(" -_.")
    return rest or (assignment if assignment.lower() in stem.lower() else stem)


def _safe_names(raw: Iterable[str]) -> dict[str, str]:
    """Names that a folder can have on any system, different for different students.

    A name that had to be changed gets a tag. So does a name that already looks like one with a tag.
    """
    names: dict[str, str] = {}
    for name in raw:
        letters = (letter if _is_safe(letter) else " " for letter in unicodedata.normalize("NFC", name))
        safe = (
            "_".join("".join(letters).split()).encode()[:120].decode(errors="ignore").strip("._") or "student"
        )
        changed = safe != name.replace(" ", "_") or re.search(r"(?i)-[0-9a-f]{12}$", safe)
        names[name] = f"{safe}-{_tag(name)}" if changed else safe
    lower = Counter(safe.lower() for safe in names.values())
    return {name: f"{safe}-{_tag(name)}" if lower[safe.lower()] > 1 else safe for name, safe in names.items()}


def _is_safe(letter: str) -> bool:
    """Whether it is a letter, an accent or vowel sign, a digit, or one of `_@.-`."""
    return letter.isalnum() or letter in "_@.-" or unicodedata.category(letter).startswith("M")


def _tag(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _choose(student: str, files: list[_File], assignment: Assignment) -> Submission:
    """Choose the notebook that is graded among a student's files, and note why.

    It is the one with the most cells of the assignment that the student has filled in, then the one with the
    most cells of the assignment, then the latest, then the one with the assignment's name.
    """
    notebooks = [  # also under a name that does not end in .ipynb
        file
        for file in files
        if file.data is not None
        and (file.parts[-1].lower().endswith(".ipynb") or not notebook_cells(file.data)[1])
    ]
    if not notebooks:
        reasons = [file.reason for file in files if file.reason]
        names = ", ".join(file.parts[-1] for file in files[:5])
        reason = reasons[0] if reasons else f"no notebook (.ipynb) was handed in, only {names}"
        closed = any(file.closed for file in files)
        return Submission(student, readable(files[0].place), None, readable(reason[:500]), unread=closed)
    if len(notebooks) == 1:
        return Submission(student, readable(notebooks[0].place), notebooks[0].data)
    release = stubs(assignment)
    filled = {id(file): _filled(file, assignment, release) for file in notebooks}

    def fit(file: _File) -> tuple[int, int, float, bool]:
        named = file.parts[-1] == f"{assignment.name}.ipynb"
        return filled[id(file)], _likeness(file, assignment), file.when, named

    best = max(notebooks, key=fit)
    about = {id(file): f"{file.parts[-1]} ({filled[id(file)]} filled, {_day(file)})" for file in notebooks}
    others = ", ".join(text for key, text in about.items() if key != id(best))
    note = f"of {len(notebooks)} notebooks {about[id(best)]} is graded, not {others}"
    notes = (Note("files", readable(note[:500])),)
    return Submission(student, readable(best.place), best.data, "", notes)


def _filled(file: _File, assignment: Assignment, release: Mapping[str, str]) -> int:
    """The number of the assignment's cells in which a student has written something."""
    rebuilt = rebuild(file.data or b"", assignment, release)
    texts = {**rebuilt.solutions, **rebuilt.written}
    return sum(text.strip() != release[grade_id].strip() for grade_id, text in texts.items())


def _day(file: _File) -> str:
    """When a file was last changed, as people write it."""
    return datetime.fromtimestamp(file.when).strftime("%Y-%m-%d %H:%M") if file.when else "no time"


def _likeness(file: _File, assignment: Assignment) -> int:
    """The number of the assignment's cells that a notebook has."""
    cells, _ = notebook_cells(file.data or b"")
    ids = {cell_grade_id(cell) for cell in cells}
    return sum(cell.grade_id in ids for cell in assignment.cells if cell.grade_id)
