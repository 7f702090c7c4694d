"""From what students hand in to what is graded: the text of solution cells is theirs, the rest the master's.

Folders, zips of a learning platform and single notebooks are read; nothing is unpacked to disk, no link is
followed. What cannot be read becomes a reason that the student understands, never an error.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import re
import stat
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from coursekit.grading._child import compiled
from coursekit.grading.master import Master

NOTEBOOK = 20 << 20  # bytes of a notebook
ARCHIVE = 200 << 20  # bytes of a student's zip, and of all that is unpacked from a student's zips
GATHERED = 2 << 30  # bytes unpacked from a zip of many students
FILES = 20_000  # in one zip or folder
DEPTH = 20  # folders within folders
CELLS = 5_000  # of a notebook
SOURCE = 200_000  # characters of a solution cell, in all its copies
READ = (".ipynb", ".json", ".txt", "")  # ends of names that a notebook may have
_MOODLE = re.compile(r"_assignsubmission_.*$")
_CANVAS = re.compile(r"^(?P<student>.+?)(?:_LATE)?_(?P<number>\d+)_\d+_.+$", re.IGNORECASE)


class IntakeError(Exception):
    """There is nothing to grade; the message says where it was looked for."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    `data` is the notebook's content, None where there is none; `reason` then says why, to the student.
    """

    student: str
    source: str  # the file it came from, for people
    data: bytes | None
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Changes when the student hands in something else."""
        content = self.data if self.data is not None else self.reason.encode("utf-8", "replace")
        return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Rebuilt:
    """The texts of the solution cells by grade_id: the release's where the student wrote nothing."""

    solutions: Mapping[str, str]
    written: Mapping[str, str]
    reason: str = ""  # why all of it counts as 0
    notes: tuple[str, ...] = ()


@dataclass
class _File:
    """A file as it was found: its content, or a reason why there is none."""

    parts: tuple[str, ...]
    data: bytes | None
    reason: str = ""
    when: float = 0.0
    place: str = ""


@dataclass
class _Matched:
    texts: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def gather(paths: Iterable[str | Path], master: Master, student: str | None = None) -> list[Submission]:
    """The submissions in files and folders, one for each student, in the order of their names.

    In a folder, or a zip, the first folder is a student's, and a notebook without a folder is named for one;
    names of Moodle's and Canvas's downloads are understood, and so is nbgrader's `submitted` folder.

    Args:
        paths: notebooks, zips, or folders of both.
        master: the assignment.
        student: whose it is, where it is a single notebook.

    Raises:
        IntakeError: a path does not exist, or there is no submission in any.
    """
    files: list[_File] = []
    for path in map(Path, paths):
        if not path.exists():
            raise IntakeError(f"there is no file or folder {path}")
        for file in _found(path):
            file.parts = _placed(file.parts, path, master.name)
            files.append(file)
    groups: dict[str, list[_File]] = {}
    for file in files:
        name = student or unicodedata.normalize("NFC", _student(file.parts, master.name))
        groups.setdefault(name, []).append(file)
    if not groups:
        raise IntakeError(f"there is nothing to grade in {', '.join(map(str, paths))}")
    names = _safe_names(groups)
    chosen = [_choose(names[raw], group, master) for raw, group in groups.items()]
    return sorted(chosen, key=lambda submission: submission.student)


def rebuild(data: bytes, master: Master, release: Mapping[str, str]) -> Rebuilt:
    """What of a notebook is graded.

    Cells are found by nbgrader's grade_id, then by the cell's id, then by Colab's `metadata.id`, at last by
    the function that they define. Copies of a cell, and parts of one that was split, are taken one after the
    other.

    Args:
        data: the notebook's bytes, as they came.
        master: the assignment.
        release: the text of each solution cell and written answer as students got it.
    """
    cells, reason = _cells(data)
    if reason:
        return Rebuilt({}, {}, reason)
    wanted = {cell.grade_id: cell for cell in master.cells if cell.kind in ("solution", "written")}
    matched = _match(cells, master, release)
    if not matched.texts:
        return Rebuilt({}, {}, "none of the assignment's cells is in this notebook: is it the right file?")
    texts, notes = {}, list(matched.notes)
    for grade_id, cell in wanted.items():
        found = matched.texts.get(grade_id)
        if found is None:
            notes.append(f"the cell {grade_id} is missing")
        texts[grade_id] = _joined(found or [], release[grade_id], cell.kind == "solution", grade_id, notes)
    split = {
        kind: {i: t for i, t in texts.items() if wanted[i].kind == kind} for kind in ("solution", "written")
    }
    return Rebuilt(split["solution"], split["written"], "", tuple(notes))


# ---------------------------------------------------------------- files


def _found(path: Path) -> Iterator[_File]:
    if path.is_dir():
        yield from _in_folder(path)
    elif path.suffix.lower() == ".zip" and path.is_file():
        yield from _in_zip(path, (), path.name, [GATHERED])
    else:
        yield _read(path, (path.name,))


def _in_folder(folder: Path) -> Iterator[_File]:
    count = 0
    room: dict[str, list[int]] = {}
    lost: list[OSError] = []
    for place, folders, names in os.walk(folder, followlinks=False, onerror=lost.append):
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
                raise IntakeError(f"there are more than {FILES:,} files in {folder}: is it the right folder?")
            if name.startswith("."):
                continue
            file = _read(here / name, (*inside, name))
            if name.lower().endswith(".zip") and file.data is not None:
                owner = (*inside, name)[:1]
                left = room.setdefault(owner[0], [ARCHIVE])
                yield from _in_zip(io.BytesIO(file.data), owner, file.place, left)
            else:
                yield file
    for error in lost:
        parts = Path(error.filename).relative_to(folder).parts
        reason = f"the folder cannot be read ({error.strerror})"
        yield _File((*(parts or (folder.name,)), "folder"), None, reason, 0.0, error.filename)


def _read(path: Path, parts: tuple[str, ...]) -> _File:
    """A file's content if it is a plain file of a size that can be; others are not opened (pipes block)."""
    try:
        about = path.lstat()
        file = _File(parts, None, "", about.st_mtime, str(path))
        limit = ARCHIVE if path.suffix.lower() == ".zip" else NOTEBOOK
        if stat.S_ISLNK(about.st_mode):
            file.reason = f"{path.name} is a link, not a file: hand in the notebook itself"
        elif not stat.S_ISREG(about.st_mode):
            file.reason = f"{path.name} is no plain file"
        elif about.st_size > limit:
            file.reason = _too_large(path.name, limit)
        elif path.suffix.lower() in (*READ, ".zip"):
            file.data = path.read_bytes()
    except OSError as error:
        return _File(parts, None, f"{path.name} cannot be read ({error.strerror})", 0.0, str(path))
    return file


def _in_zip(file: Any, owner: tuple[str, ...], place: str, room: list[int]) -> Iterator[_File]:
    """What is in a zip. Names are only names: nothing is written under them.

    Args:
        file: the zip.
        owner: the folder or the name that says whose it is; empty where it is many students'.
        place: where it is, for people.
        room: how many bytes may still be unpacked, counted down.
    """
    rooms: dict[str, list[int]] = {}  # of the zips in it
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > FILES:
                reason = f"{Path(place).name} holds more than {FILES:,} files"
                yield _File((*owner, Path(place).name), None, reason, 0.0, place)
                return
            for entry in entries:
                parts = _parts(entry.filename)
                if entry.is_dir() or not parts or any(part.startswith((".", "__MACOSX")) for part in parts):
                    continue
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
        reason = f"{Path(place).name} is no zip that can be read ({_first_line(error)})"
        yield _File((*owner, Path(place).name), None, reason, 0.0, place)


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a name in a zip, without what would lead out of a folder."""
    parts = re.sub(r"^[A-Za-z]:", "", name.replace("\\", "/")).split("/")
    return tuple(part for part in parts if part not in ("", ".", ".."))


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _entry(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, parts: tuple[str, ...], place: str, room: list[int]
) -> _File:
    """A file of a zip. What the zip says of its size may be wrong; no more is unpacked than there is room."""
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
            result.reason = f"{name} cannot be unpacked ({_first_line(error)})"
        else:
            room[0] -= len(data)
            if len(data) > limit:
                result.reason = _too_large(name, limit)
            else:
                result.data = data
    return result


def _when(entry: zipfile.ZipInfo) -> float:
    try:
        return datetime(*entry.date_time).timestamp()
    except (ValueError, OverflowError, OSError):  # the zip gives a day that is none
        return 0.0


def _too_large(name: str, limit: int) -> str:
    return f"{name} is larger than {limit >> 20} MB: clear its outputs and hand it in again"


# ---------------------------------------------------------------- students


def _placed(parts: tuple[str, ...], path: Path, assignment: str) -> tuple[str, ...]:
    """A file's place, from the part on that says whose it is: not the assignment's folder or name."""
    if len(parts) > 2 and parts[0] == "submitted":
        parts = parts[1:]
    if len(parts) > 1 and parts[0].lower() == assignment.lower():
        parts = parts[1:]
    if _student(parts, assignment).lower() == assignment.lower():  # it is in one student's folder, or zip
        whole = path.resolve()
        parts = (whole.name if path.is_dir() or _is_zip(path.name) else whole.parent.name, *parts)
    return parts


def _student(parts: tuple[str, ...], assignment: str) -> str:
    """Whose a file is, by its place and name."""
    name = parts[0]
    if len(parts) > 1 and not _is_zip(name):
        return _MOODLE.sub("", name) or name
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
    """Names that can be a folder's on any system, different for different students.

    A name that had to be changed gets a tag, and so does one that looks as if it had one.
    """
    names: dict[str, str] = {}
    for name in raw:
        kept = "".join(letter if _stays(letter) else " " for letter in unicodedata.normalize("NFC", name))
        safe = "_".join(kept.split()).encode()[:120].decode(errors="ignore").strip("._") or "student"
        changed = safe != name.replace(" ", "_") or re.search(r"(?i)-[0-9a-f]{12}$", safe)
        names[name] = f"{safe}-{_tag(name)}" if changed else safe
    lower = Counter(safe.lower() for safe in names.values())
    return {name: f"{safe}-{_tag(name)}" if lower[safe.lower()] > 1 else safe for name, safe in names.items()}


def _stays(letter: str) -> bool:
    """Letters, their accents and vowel signs, digits, and a few more."""
    return letter.isalnum() or letter in "_@.-" or unicodedata.category(letter).startswith("M")


def _tag(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _choose(student: str, files: list[_File], master: Master) -> Submission:
    """The notebook that is graded, of all that a student handed in."""
    notebooks = [  # a notebook under another name is one, too
        file
        for file in files
        if file.data is not None and (file.parts[-1].lower().endswith(".ipynb") or not _cells(file.data)[1])
    ]
    if not notebooks:
        reasons = [file.reason for file in files if file.reason]
        names = ", ".join(file.parts[-1] for file in files[:5])
        reason = reasons[0] if reasons else f"no notebook (.ipynb) was handed in, only {names}"
        return Submission(student, _readable(files[0].place), None, _readable(reason[:500]))

    def fit(file: _File) -> tuple[int, bool, float]:
        return _likeness(file, master), file.parts[-1] == f"{master.name}.ipynb", file.when

    best = max(notebooks, key=fit)
    notes = []
    if len(notebooks) > 1:
        others = ", ".join(file.parts[-1] for file in notebooks if file is not best)
        note = f"of {len(notebooks)} notebooks {best.parts[-1]} is graded, not {others}"
        notes.append(_readable(note[:500]))
    return Submission(student, _readable(best.place), best.data, "", tuple(notes))


def _likeness(file: _File, master: Master) -> int:
    """How many of the assignment's cells a notebook has."""
    cells, _ = _cells(file.data or b"")
    ids = {_grade_id(cell) for cell in cells}
    return sum(cell.grade_id in ids for cell in master.cells if cell.grade_id)


# ---------------------------------------------------------------- cells


def _cells(data: bytes) -> tuple[list[dict[str, Any]], str]:
    """A notebook's cells, of any version of the format; or why there are none."""
    if len(data) > NOTEBOOK:
        return [], _too_large("the notebook", NOTEBOOK)
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        notebook = json.loads(text, parse_int=float)  # an int of a million digits would take its time
    except (ValueError, RecursionError) as error:
        if not data.strip():
            return [], "the file is empty"
        if data.lstrip().startswith(b"<"):
            return [], "the file is a web page, no notebook: download the .ipynb file, and hand in that"
        return (
            [],
            f"the file is no notebook ({_first_line(error)}): save it, and hand in the .ipynb file itself",
        )
    if not isinstance(notebook, dict):
        return [], "the file is no notebook: save it, and hand in the .ipynb file itself"
    language = _language(notebook)
    if language and language != "python":
        return [], f"the notebook's kernel is of {_readable(language[:50])}, not of Python"
    cells = notebook.get("cells")
    if not isinstance(cells, list):  # nbformat 3 has them in worksheets
        sheets = notebook.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
    cells = [cell for cell in cells if isinstance(cell, dict)]
    if len(cells) > CELLS:
        return [], f"the notebook has more than {CELLS:,} cells"
    return cells, "" if cells else "the notebook has no cells"


def _language(notebook: Mapping[str, Any]) -> str:
    metadata = _dict(notebook.get("metadata"))
    for part, name in (("language_info", "name"), ("kernelspec", "language")):
        value = _dict(metadata.get(part)).get(name)
        if isinstance(value, str) and value:
            return "python" if "python" in value.lower() else value.lower()
    return ""


def _match(cells: list[dict[str, Any]], master: Master, release: Mapping[str, str]) -> _Matched:
    """The texts that stand for each cell of the assignment, in the notebook's order."""
    ids = {cell.cell_id: cell.grade_id for cell in master.cells if cell.cell_id and cell.grade_id in release}
    functions = {name: grade_id for grade_id, text in release.items() for name in _defined(text)}
    matched, left = _Matched(), []
    for cell in cells:
        grade_id = _grade_id(cell)
        if grade_id not in release:
            named = (cell.get("id"), _dict(cell.get("metadata")).get("id"))
            grade_id = next((ids[name] for name in named if isinstance(name, str) and name in ids), "")
        if grade_id:
            matched.texts.setdefault(grade_id, []).append(_source(cell))
        else:
            left.append(cell)
    by_function: dict[str, list[str]] = {}
    for cell in left:
        if cell.get("cell_type", "code") == "code":
            text = _source(cell)
            for grade_id in dict.fromkeys(functions[name] for name in _defined(text) if name in functions):
                by_function.setdefault(grade_id, []).append(text)
    for grade_id, texts in by_function.items():
        if grade_id not in matched.texts:
            matched.texts[grade_id] = texts
            matched.notes.append(f"the cell {grade_id} was found by its function: its marks were lost")
    return matched


def _joined(found: list[str], released: str, code: bool, grade_id: str, notes: list[str]) -> str:
    """One text of a cell's copies or parts; the release's own where the student has changed nothing."""
    changed = [text for text in found if text.strip() and text.strip() != released.strip()]
    if sum(map(len, changed)) > SOURCE:
        notes.append(f"the cell {grade_id} is longer than {SOURCE:,} characters and is not graded")
        return released
    if code and len(changed) > 1:
        changed = [text for text in changed if _compiles(text)] or changed
    if len(changed) > 1:
        notes.append(f"the cell {grade_id} is there {len(changed)} times: they are taken one after the other")
    return "\n\n".join(changed) or released


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return _readable(source) if isinstance(source, str) else ""


def _grade_id(cell: Mapping[str, Any]) -> str:
    value = _dict(_dict(cell.get("metadata")).get("nbgrader")).get("grade_id")
    return value if isinstance(value, str) else ""


def _defined(text: str) -> list[str]:
    """The functions and classes that a text defines at its top level."""
    return re.findall(r"^(?:def|class) +(\w+)", text, re.MULTILINE)


def _compiles(text: str) -> bool:
    try:
        compiled(text, "<cell>", ast.PyCF_ONLY_AST)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _readable(text: str) -> str:
    """A text that can be written anywhere: halves of surrogate pairs cannot."""
    return text.encode("utf-8", "replace").decode()


def _first_line(error: BaseException) -> str:
    return (str(error).split("\n")[0] or type(error).__name__)[:120]
