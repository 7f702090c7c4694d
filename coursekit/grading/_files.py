"""Reads what was handed in, one file at a time: folders, zips, and zips within a zip of many students.

It unpacks nothing to disk and follows no link. It holds one file's content at a time, whatever a zip holds.
A file that cannot be read becomes a reason that people understand, never an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any

from coursekit.handin import NOTEBOOK, first_line, too_large

ARCHIVE = 200 << 20  # bytes of a student's zip, and of all that is unpacked of one student
NESTED = 100 << 20  # bytes of a zip within a zip, which is unpacked into memory
GATHERED = 16 << 30  # bytes unpacked from a zip of many students, one file after the other
DIRECTORY = 8 << 20  # bytes of a zip's list of files
FILES = 20_000  # in one zip or folder
DEPTH = 20  # folders within folders
READ = (".ipynb", ".json", ".txt", "")  # ends of names that a notebook may have
GRADESCOPE = "submission_metadata.yml"  # beside the folders of a Gradescope export
STAMP = "timestamp.txt"  # nbgrader's, beside the notebook

# How an archive begins that is not opened here, and how its name may end.
_ARCHIVES = {
    b"Rar!\x1a\x07": ("a RAR archive", (".rar",)),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", (".7z",)),
    b"\x1f\x8b": ("a gzip archive", (".gz", ".tgz")),
    b"BZh": ("a bzip2 archive", (".bz2",)),
    b"\xfd7zXZ\x00": ("an xz archive", (".xz",)),
}
_NO_FOLDERS = ("__pycache__", "node_modules", "$recycle.bin", "system volume information", "lost+found")
_NO_FILES = ("thumbs.db", "desktop.ini", "icon\r")


class CollectError(Exception):
    """There is nothing to grade; the message says in which files and folders."""


@dataclass(frozen=True)
class Place:
    """Where a file can be read again: a path, and its number in the zip there, and in the zip within that."""

    path: str
    numbers: tuple[int, ...] = ()


@dataclass
class File:
    """What is known of a file without its content.

    Attributes:
        parts: its folders and its name.
        place: where it is, for people.
        at: where it can be read again; None if it was not read.
        reason: the reason why it was not read.
        when: POSIX time of its last change.
        clock: whose time that is: "archive" (a zip's) or "file".
        closed: other files may be inside, which were not read.
        empty: it stands for an empty folder.
        zipped: the student's zip that it is in: when that was last changed, and whose time it is. The times
            of the files in it are what the student's computer says.
    """

    parts: tuple[str, ...]
    place: str
    at: Place | None = None
    reason: str = ""
    when: float | None = None
    clock: str = ""
    closed: bool = False
    empty: bool = False
    zipped: tuple[float | None, str] | None = None


Read = tuple[File, bytes | None]  # a file and its content


def is_zip(name: str) -> bool:
    """Whether it is the name of a zip."""
    return name.lower().endswith(".zip")


def is_hidden(name: str, folder: bool) -> bool:
    """Whether a name is of a file or folder that a program has made for itself, such as `__MACOSX`."""
    other = _NO_FOLDERS if folder else _NO_FILES
    return name.startswith((".", "__MACOSX")) or name.lower() in other


def files_in(path: Path) -> Iterator[Read]:
    """Yield each file in a folder or a zip, or the file itself, with its content if it may be a notebook.

    An empty folder yields a file that is `empty`.

    Raises:
        CollectError: a folder has too many files to be the right one.
    """
    if path.is_dir():
        yield from _in_folder(path)
    elif is_zip(path.name) and path.is_file():
        yield from _in_zip(_Zip(path, Place(str(path)), (), path.name, ([GATHERED],)))
    else:
        yield _read(path, (path.name,))
        if path.with_name(STAMP).is_file() and path.name != STAMP:
            yield _read(path.with_name(STAMP), (STAMP,))


# ---------------------------------------------------------------- folders


def _in_folder(folder: Path) -> Iterator[Read]:
    count = 0
    room: dict[str, list[int]] = {}
    errors: list[OSError] = []
    empty = _Empty()
    for place, folders, names in os.walk(folder, followlinks=False, onerror=errors.append):
        here = Path(place)
        inside = here.relative_to(folder).parts
        folders[:] = sorted(name for name in folders if not is_hidden(name, folder=True))
        if "pyvenv.cfg" in names:  # Python's own files
            folders.clear()
            continue
        empty.folder(inside)
        for name in [name for name in folders if (here / name).is_symlink()]:
            empty.file((*inside, name))
            yield _read(here / name, (*inside, name, name))
        if len(inside) == DEPTH:
            folders.clear()
        for name in sorted(names):
            count += 1
            if count > FILES:
                raise CollectError(f"{folder} has more than {FILES:,} files: is it the right folder?")
            if is_hidden(name, folder=False):
                continue
            empty.file((*inside, name))
            left = room.setdefault((*inside, name)[0], [ARCHIVE])
            yield from _unzipped(here / name, (*inside, name), left)
    for error in errors:
        parts = Path(error.filename).relative_to(folder).parts or (folder.name,)
        empty.file((*parts, "folder"))
        reason = f"the folder cannot be read ({error.strerror})"
        yield File((*parts, "folder"), error.filename, None, reason, closed=True), None
    yield from empty.files(str(folder))


def _unzipped(path: Path, parts: tuple[str, ...], room: list[int]) -> Iterator[Read]:
    """A file of a folder; of a zip, the files in it."""
    about, data = _read(path, parts)
    if about.at and (is_zip(path.name) or _is_packed(data)):
        owner = parts[:1] if len(parts) > 1 or is_zip(path.name) else (f"{path.name}.zip",)
        yield from _in_zip(_Zip(path, about.at, owner, about.place, (room,), (about.when, "file")))
    else:
        yield about, data


def _is_packed(data: bytes | None) -> bool:
    """Whether it is the content of a zip, under another name."""
    return data is not None and data[:4] == b"PK\3\4"


def _read(path: Path, parts: tuple[str, ...]) -> Read:
    """Read a plain file that is not too large. Others are not opened, because a pipe would block."""
    data = None
    try:
        about = path.lstat()
        file = File(parts, str(path), None, "", about.st_mtime, "file")
        limit = ARCHIVE if is_zip(path.name) else NOTEBOOK
        if stat.S_ISLNK(about.st_mode):
            file.reason = f"{path.name} is a link, not a file: hand in the notebook itself"
        elif not stat.S_ISREG(about.st_mode):
            file.reason = f"{path.name} is no plain file"
        elif about.st_size > limit:
            file.reason, file.closed = _too_large(path.name, limit)
        elif is_zip(path.name):
            file.at = Place(str(path))
        elif _is_wanted(path.name):
            data, file.at = path.read_bytes(), Place(str(path))
        _look(file, data)
    except OSError as error:
        return File(parts, str(path), None, f"{path.name} cannot be read ({error.strerror})"), None
    return file, data


def _too_large(name: str, limit: int) -> tuple[str, bool]:
    """The reason why a file is not read, and whether other files may be inside."""
    if is_zip(name):
        return f"{name} is larger than {limit >> 20} MB: hand in the notebook alone", True
    return too_large(name, limit), False


def _is_wanted(name: str) -> bool:
    """Whether it is the name of a file to be read."""
    lower = name.lower()
    return PurePosixPath(lower).suffix in READ or ".ipynb" in lower or lower == GRADESCOPE


def _look(file: File, data: bytes | None) -> None:
    """Say so if a file is an archive that is not opened here, by its name or its first bytes."""
    name = file.parts[-1]
    for first, (kind, ends) in _ARCHIVES.items():
        if (data or b"").startswith(first) or (name.lower().endswith(ends) and not file.reason):
            file.reason = f"{name} is {kind}, which is not opened here: hand in the notebook itself"
            file.closed = True


class _Empty:
    """Finds the folders that hold no file."""

    def __init__(self) -> None:
        self._folders: dict[tuple[str, ...], None] = {}
        self._filled: set[tuple[str, ...]] = set()

    def folder(self, parts: tuple[str, ...]) -> None:
        """There is this folder."""
        self._folders[parts] = None

    def file(self, parts: tuple[str, ...]) -> None:
        """There is this file."""
        self._filled.update(parts[:end] for end in range(len(parts)))

    def files(self, place: str) -> Iterator[Read]:
        """A file that stands for each empty folder, not for those within an empty one."""
        empty = [parts for parts in self._folders if parts and parts not in self._filled]
        for parts in empty:
            if not any(parts[:end] in self._folders and parts[:end] not in self._filled
                       for end in range(1, len(parts))):  # fmt: skip
                where = f"{place}/{'/'.join(parts)}"
                reason = f"nothing was handed in: the folder {parts[-1]} holds no file"
                yield File((*parts, ""), where, None, reason, empty=True), None


# ---------------------------------------------------------------- zips


@dataclass
class _Zip:
    """A zip to be read.

    Attributes:
        source: its path, or its content.
        at: where it is.
        owner: the folder or the name that says whose it is; empty for a zip of many students.
        place: its name in messages.
        rooms: numbers of bytes that may still be unpacked, of all and of its owner, counted down.
        when: when it was last changed, and whose time that is.
    """

    source: Path | IO[bytes]
    at: Place
    owner: tuple[str, ...]
    place: str
    rooms: tuple[list[int], ...]
    when: tuple[float | None, str] = (None, "")

    @property
    def name(self) -> str:
        """The name of its file."""
        return PurePosixPath(self.place.rpartition(": ")[2].replace("\\", "/")).name

    def failure(self, reason: str, closed: bool = True) -> Read:
        """That it could not be read."""
        return File((*self.owner, self.name), self.place, self.at, reason, *self.when, closed), None


def _in_zip(packed: _Zip) -> Iterator[Read]:
    """Read the files of a zip in memory. Nothing is written to disk under their names."""
    rooms: dict[str, list[int]] = {}  # of each student in a zip of many
    empty, count = _Empty(), 0
    try:
        with opened(packed.source) as archive:
            entries = archive.infolist()
            if len(entries) > FILES:
                yield packed.failure(f"{packed.name} holds more than {FILES:,} files")
                return
            for number, entry in enumerate(entries):
                name = _name(entry)
                parts, folder = _parts(name), name.endswith(("/", "\\"))
                shown = _visible(parts, folder)
                empty.folder(shown if folder else shown[: len(parts) - 1])
                if folder or len(shown) < len(parts) or not parts:
                    continue
                count += 1
                empty.file(parts)
                left = packed.rooms
                if not packed.owner:
                    left = (*left, rooms.setdefault(parts[0], [ARCHIVE]))
                yield from _in_entry(archive, number, (*packed.owner, *parts), packed, left)
    except Exception as error:  # zipfile raises many kinds
        kind = _kind(packed.source)
        reason = f"{packed.name} is no zip that can be read ({kind or first_line(error)})"
        yield packed.failure(reason)
        return
    if not packed.owner:
        yield from empty.files(packed.place)
    elif not count:  # of a student, who must not vanish from the table
        yield packed.failure(f"{packed.name} holds no file", closed=False)


def _in_entry(
    archive: zipfile.ZipFile, number: int, parts: tuple[str, ...], packed: _Zip, rooms: tuple[list[int], ...]
) -> Iterator[Read]:
    """A file of a zip, up to the limit; of a zip in a zip of many students, the files in it."""
    entry = archive.infolist()[number]
    when, clock = _when(entry)
    place = f"{packed.place}: {_name(entry)}"
    file = File(parts, place, Place(packed.at.path, (*packed.at.numbers, number)), "", when, clock)
    file.zipped = packed.when if packed.owner else None
    zipped = is_zip(parts[-1])
    if zipped and packed.owner:
        file.reason, file.closed = f"{parts[-1]} is a zip within a zip", True
    else:
        file.reason, file.closed = _refused(entry, parts[-1], zipped, min(left[0] for left in rooms))
    data = None
    if not file.reason and (zipped or _is_wanted(parts[-1])):
        content, file.reason = _unpacked(archive, entry, parts[-1], NESTED if zipped else NOTEBOOK)
        for left in rooms:
            left[0] -= content.getbuffer().nbytes if content else NOTEBOOK
        if content and zipped:
            yield from _in_zip(_Zip(content, file.at or packed.at, parts[:1], place, rooms, (when, clock)))
            return
        data = content.getvalue() if content else None
        if _is_packed(data):
            file.reason, data = f"{parts[-1]} is a zip under another name: hand in the notebook itself", None
            file.closed = True
    _look(file, data)
    yield file, data


def _refused(entry: zipfile.ZipInfo, name: str, zipped: bool, room: int) -> tuple[str, bool]:
    """The reason why a file of a zip is not read, and whether a person has to look; empty if it is read."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        return f"{name} is a link, not a file: hand in the notebook itself", False
    if not zipped and not _is_wanted(name):
        return "", False
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without end
        return f"{name} is packed in an unusual way: hand in the notebook itself", False
    if entry.flag_bits & 1:
        return f"{name} is locked with a password: hand in the notebook itself", False
    limit = NESTED if zipped else NOTEBOOK
    if entry.file_size > limit:
        return _too_large(name, limit)
    if room <= 0:
        return f"{name} was not read: what is zipped with it is too large", True
    return "", False


def _unpacked(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, limit: int
) -> tuple[io.BytesIO | None, str]:
    """The content of a file of a zip, or the reason why there is none. The zip's own sizes may be wrong."""
    content = io.BytesIO()
    try:
        with archive.open(entry) as packed:
            while piece := packed.read(1 << 20):
                content.write(piece)
                if content.tell() > limit:
                    return None, _too_large(name, limit)[0]
    except Exception as error:  # zlib's and zipfile's
        return None, f"{name} cannot be unpacked ({first_line(error)})"
    content.seek(0)
    return content, ""


class _Careful:
    """A file from which no zip's list of files is read that is too long; it would fill the memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.limit = file, DIRECTORY
        self.seek, self.tell, self.seekable, self.close = file.seek, file.tell, file.seekable, file.close

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        if self.limit and size > self.limit:
            raise zipfile.BadZipFile(f"its list of files is larger than {self.limit >> 20} MB")
        return self._file.read(size)


@contextlib.contextmanager
def opened(source: Path | IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Open a zip.

    Raises:
        zipfile.BadZipFile, OSError: it cannot be read; a damaged one raises other errors, too.
    """
    with source.open("rb") if isinstance(source, Path) else contextlib.nullcontext(source) as file:
        careful: Any = _Careful(file)
        with zipfile.ZipFile(careful) as archive:
            careful.limit = 0
            yield archive


def _kind(source: Path | IO[bytes]) -> str:
    """What a file that is no zip is instead, by its first bytes; empty if nobody knows."""
    with contextlib.suppress(OSError, ValueError):
        if isinstance(source, Path):
            with source.open("rb") as file:
                first = file.read(8)
        else:
            source.seek(0)
            first = source.read(8)
        return next((f"it is {kind}" for mark, (kind, _) in _ARCHIVES.items() if first.startswith(mark)), "")
    return ""


def _name(entry: zipfile.ZipInfo) -> str:
    """The name of a file of a zip. Many programs write UTF-8 and do not say so, or in another field."""
    raw = entry.filename.encode("cp437", "replace")
    if entry.flag_bits & 0x800 or raw.isascii():
        return entry.filename
    field = _fields(entry).get(0x7075, b"")  # Info-ZIP's: a version, a checksum of the other name, the name
    if len(field) > 5 and struct.unpack_from("<I", field, 1)[0] == zlib.crc32(raw):
        raw = field[5:]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return entry.filename


def _fields(entry: zipfile.ZipInfo) -> dict[int, bytes]:
    """The further fields of a file of a zip, by their number."""
    fields, at = {}, 0
    while at + 4 <= len(entry.extra):
        number, length = struct.unpack_from("<HH", entry.extra, at)
        fields[number] = entry.extra[at + 4 : at + 4 + length]
        at += 4 + length
    return fields


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a name in a zip, without those that would lead out of a folder."""
    parts = re.sub(r"^[A-Za-z]:", "", name.replace("\\", "/")).split("/")
    return tuple(part for part in parts if part not in ("", ".", ".."))


def _visible(parts: tuple[str, ...], folder: bool) -> tuple[str, ...]:
    """The parts of a name up to the first one that is hidden."""
    for number, part in enumerate(parts):
        if is_hidden(part, folder or number < len(parts) - 1):
            return parts[:number]
    return parts


def _when(entry: zipfile.ZipInfo) -> tuple[float | None, str]:
    """When a file of a zip was last changed: as a zone-free time of the packer's clock, or exactly."""
    field = _fields(entry).get(0x5455, b"")
    if len(field) >= 5 and field[0] & 1:
        return float(struct.unpack_from("<i", field, 1)[0]), "file"
    try:
        return datetime(*entry.date_time).timestamp(), "archive"
    except (ValueError, OverflowError, OSError):  # the zip states a day that does not exist
        return None, ""


# ---------------------------------------------------------------- a second time


class Reader:
    """Reads files a second time, and holds the last zip open meanwhile; use it in a `with` block."""

    def __init__(self) -> None:
        self._open: list[tuple[Place, zipfile.ZipFile, contextlib.ExitStack]] = []

    def read(self, at: Place) -> bytes:
        """The content of a file that was read before.

        Raises:
            CollectError: it has gone, or cannot be read any more.
        """
        try:
            if not at.numbers:
                return Path(at.path).read_bytes()
            archive = self._archive(Place(at.path, at.numbers[:-1]))
            entry = archive.infolist()[at.numbers[-1]]
            content, reason = _unpacked(archive, entry, _name(entry), max(NOTEBOOK, NESTED))
        except (OSError, IndexError, zipfile.BadZipFile) as error:
            raise CollectError(f"{at.path} cannot be read a second time ({first_line(error)})") from None
        if content is None:
            raise CollectError(f"{at.path} cannot be read a second time: {reason}")
        return content.getvalue()

    def _archive(self, at: Place) -> zipfile.ZipFile:
        """The zip at a place, opened once for files that follow each other."""
        for number, (place, archive, _) in enumerate(self._open):
            if place == at:
                return archive
            if not (place.path == at.path and place.numbers == at.numbers[: len(place.numbers)]):
                self._close(number)
                break
        source: Path | IO[bytes] = Path(at.path)
        if at.numbers:
            source = io.BytesIO(self.read(at))
        stack = contextlib.ExitStack()
        archive = stack.enter_context(opened(source))
        self._open.append((at, archive, stack))
        return archive

    def _close(self, first: int) -> None:
        while len(self._open) > first:
            self._open.pop()[2].close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(0)


def checksum(data: bytes) -> str:
    """The SHA-256 of a file's content."""
    return hashlib.sha256(data).hexdigest()
