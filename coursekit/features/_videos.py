"""Which videos are meant: files, folders, and lists of them in a text file or a table."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from coursekit.features._formats import FeaturesError

Path_ = str | os.PathLike[str]
# What is taken from a folder; a file given by name may have any suffix.
SUFFIXES = frozenset(
    (
        ".264", ".265", ".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif", ".h264",
        ".h265", ".hevc", ".ivf", ".m2t", ".m2ts", ".m2v", ".m4v", ".mj2", ".mjpeg", ".mkv", ".mov",
        ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".ts",
        ".vob", ".webm", ".wmv", ".wtv", ".y4m",
    )
)  # fmt: skip
TEXT_SUFFIXES = (".mts", ".ts")  # of TypeScript too
DELIMITERS = ",;\t"  # Excel writes semicolons where the decimal sign is a comma


@dataclass(frozen=True)
class Listed:
    """A video to be done.

    Attributes:
        path: the file, or a folder of videos.
        place: where its features go in their folder, without suffix, such as "waving/anna_01".
        label: the name of its class, for the manifest; None if nothing is said about it.
        group: what it has in common with others (a person, a day), likewise.
    """

    path: Path
    place: str
    label: str | None = None
    group: str | None = None


def find(videos: Iterable[Path_ | Listed]) -> list[Listed]:
    """The videos that are meant, in order; what does not exist stays, and fails when its turn comes.

    A folder stands for the videos in it and in its subfolders, whose structure their places keep.

    Raises:
        ValueError: a folder has no video, or there is none at all; or a path is empty.
    """
    listed: list[Listed] = []
    for video in videos:
        if video == "":
            raise ValueError("the path of a video is empty: name a file or a folder; . is this folder")
        one = video if isinstance(video, Listed) else Listed(Path(video), "")
        listed += _inside(one) if is_there(one.path) and one.path.is_dir() else [_placed(one)]
    if not listed:
        raise ValueError("no video was given: name files, folders, or a list of them")
    return listed


def _placed(video: Listed) -> Listed:
    return video if video.place else replace(video, place=video.path.stem)


def _inside(folder: Listed) -> list[Listed]:
    files = videos_in(folder.path)
    if not files:
        raise ValueError(f"the folder {folder.path} has no video file ({', '.join(sorted(SUFFIXES))})")
    places = [file.relative_to(folder.path).with_name(file.stem) for file in files]
    return [
        replace(folder, path=file, place=PurePath(folder.place, place).as_posix())
        for file, place in zip(files, places, strict=True)
    ]


def videos_in(folder: Path) -> list[Path]:
    """The videos in a folder and its subfolders, sorted; without hidden ones and links to folders."""
    return [file for file in _walk(folder) if is_video(file)]


def _walk(folder: Path) -> Iterator[Path]:
    """All files of a folder and its subfolders, sorted; without hidden folders and links to folders.

    Raises:
        ValueError: a folder cannot be read: nobody knows which videos are in it.
    """
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise ValueError(
            f"cannot read the folder {folder} ({error.strerror}): allow it to be read, or name the others"
        ) from error
    for path in inside:
        if not path.is_dir():
            yield path
        elif not path.is_symlink() and not path.name.startswith("."):
            yield from _walk(path)


def is_there(path: Path) -> bool:
    """Whether there is something at a path; False too for a name that no file can have."""
    try:
        return path.exists()
    except OSError:
        return False


def is_video(file: Path) -> bool:
    """Whether a file is taken for a video: by its suffix, and its first bytes where text has the same one."""
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES or file.name.startswith(".") or not file.is_file():
        return False
    return suffix not in TEXT_SUFFIXES or not _is_text(file)


def _is_text(file: Path) -> bool:
    """Whether the file begins as text: without a zero byte, and without the packets of a transport stream.

    Such a packet has 188 bytes and begins with 0x47, the letter G. In .m2ts and .mts, 4 bytes precede it.
    """
    try:
        with file.open("rb") as content:
            head = content.read(1024)
    except OSError:
        return False  # the attempt will say what is wrong with it
    starts = (head[0::188], head[4::192])
    packets = any(len(first) > 1 and set(first) == {0x47} for first in starts)
    return bool(head) and b"\0" not in head and not packets


# ------------------------------------------------------------------------------------------------- lists


def read_list(path: Path_) -> list[Listed]:
    """The videos that a file lists, for `extract_all`: a text with one path a line, or a table.

    A table is CSV with a column `path`; columns `label` and `group` go to the manifest, others are left out.
    Commas, semicolons and tabs separate; Excel's own ways of saving are read. Paths are seen from the folder
    of the list. The features of a video below that folder go to the same place in the folder of features:
    those of `waving/anna_01.mp4` to `waving/anna_01.h5`.

    Args:
        path: the text file or table.

    Raises:
        FeaturesError: the list cannot be read.
        ValueError: it has no path, a row without one, or no column `path`; a path with two labels, a column
            twice, or a row with more cells than there are columns.
    """
    file = Path(path)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise FeaturesError(f"cannot read the list {file}: {error.strerror}") from error
    text = _text(file, raw)
    delimiter = _delimiter(text)
    if delimiter is None and file.suffix.lower() in (".csv", ".tsv"):
        raise ValueError(f"{file} has no column 'path': its first line is {text.splitlines()[:1]}")
    try:
        rows = _table(file, text, delimiter) if delimiter else _lines(text)
    except csv.Error as error:
        raise ValueError(
            f"{file} is no table in CSV ({error}): look for a quotation mark too many"
        ) from error
    listed = [_seen_from(file.parent, name, label, group) for name, label, group in rows]
    if not listed:
        raise ValueError(f"{file} lists no video")
    _check_equal(file, listed)
    return listed


Entry = tuple[str, str | None, str | None]  # path, label, group


def _lines(text: str) -> list[Entry]:
    return [(line.strip(), None, None) for line in text.splitlines() if line.strip()]


def _table(file: Path, text: str, delimiter: str) -> list[Entry]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip().lower() for name in next(reader)]
    for name in ("path", "label", "group"):
        if names.count(name) > 1:
            raise ValueError(f"{file}, line 1, has {names.count(name)} columns {name!r}: rename all but one")
    entries = []
    for cells in reader:
        if any(cell.strip() for cell in cells[len(names) :]):
            raise ValueError(
                f"{file}, line {reader.line_num}, has {len(cells)} cells for {len(names)} columns: put a "
                f"text with {delimiter!r} in quotation marks"
            )
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
        if not any(row.values()):
            continue  # Excel leaves such rows below the last one
        if not row.get("path"):
            raise ValueError(f"{file}, line {reader.line_num}, has no path: fill it in, or delete the row")
        entries.append((row["path"], row.get("label"), row.get("group")))
    return entries


def _text(file: Path, raw: bytes) -> str:
    """The text of a list: UTF-8, or what else Excel writes: UTF-16 with its mark, or Windows-1252."""
    try:
        text = raw.decode("utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
        if _delimiter(text) is None:
            text = raw.decode("utf-8", "surrogateescape")  # names of files may be any bytes
    if "\0" in text:
        raise ValueError(f"{file} is not a text. In Excel, save the table as CSV UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first, _, rest = text.partition("\n")
    return rest if first.lower().startswith("sep=") else text  # a note of Excel


def _delimiter(text: str) -> str | None:
    """What separates the columns of a table; None for a text that has no header with `path`."""
    first = text.partition("\n")[0]
    for delimiter in DELIMITERS:
        if "path" in [name.strip().strip('"').lower() for name in first.split(delimiter)]:
            return delimiter
    return None


def _seen_from(folder: Path, name: str, label: str | None, group: str | None) -> Listed:
    path = Path(os.path.normpath(folder / name))
    inside = Path(os.path.relpath(path, folder)) if path.drive == folder.drive else path
    is_below = not inside.is_absolute() and ".." not in inside.parts
    if not is_below or not inside.name:
        return Listed(path, "", label, group)
    is_folder = is_there(path) and path.is_dir()
    return Listed(path, (inside if is_folder else inside.with_name(path.stem)).as_posix(), label, group)


def _check_equal(file: Path, listed: list[Listed]) -> None:
    first: dict[Path, Listed] = {}
    for video in listed:
        other = first.setdefault(video.path, video)
        if other != video:
            raise ValueError(
                f"{file} lists {video.path} twice, with label {other.label!r} and {video.label!r}, "
                f"group {other.group!r} and {video.group!r}: delete one of the rows"
            )
