"""Writing a file or a folder so that it is there whole or not at all; the checksum of a file."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic(path: Path, *, suffix: str | None = None) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it there when the block ends without an error.

    If the block raises, the temporary file is removed and an older file at `path` is left as it was.

    Args:
        path: the file to write.
        suffix: of the temporary file; None takes that of `path`, by which many writers choose their format.
            "" hides what a killed process leaves from `Path.glob("*.h5")`, which sees hidden files too.
    """
    ending = path.suffix if suffix is None else suffix
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{ending}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


# What a folder is called for the moment in which another one takes its place.
PREVIOUS = ".coursekit-previous"


@contextmanager
def atomic_folder(folder: Path, *, keep: str | None = None) -> Iterator[Path]:
    """Yield the path of a folder to make beside `folder`; it takes that one's place when the block ends.

    If the block raises, or a step of the exchange fails, the older folder is as it was. The exchange has four
    steps, and each is one rename: the older folder becomes `NAME.coursekit-previous` beside it, the new one
    takes its name, `keep` moves from the older to the new one, and the older one goes to the scratch folder,
    where it is deleted. If the process is killed, the older folder is whole in `NAME` or in
    `NAME.coursekit-previous`, or the new one is complete in `NAME`. The next call for the same folder goes on
    from there.

    The parent of what is yielded is for scratch: what lies there is deleted at the end.

    Args:
        folder: the folder to make; behind a symbolic link, the one that it leads to.
        keep: name of an entry of the older folder that moves into the new one, such as ".git".

    Raises:
        FileExistsError: a killed run has left a second folder, and both have an entry `keep`.
        OSError: a step failed, for example because `folder` is a mount point.
    """
    folder = folder.resolve()
    previous = folder.with_name(folder.name + PREVIOUS)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix=f".{folder.name}-", ignore_cleanup_errors=True
    ) as scratch:
        _finish_interrupted(folder, previous, keep, Path(scratch))
        new = Path(scratch, "new")
        yield new
        if not folder.exists():
            new.rename(folder)
            return
        try:
            folder.rename(previous)
            new.rename(folder)
            if keep:
                _move(keep, previous, folder)
            previous.rename(Path(scratch, "old"))
        except BaseException as error:  # also Ctrl-C
            if previous.exists():
                _put_back(folder, previous, keep, new, error)
            raise


def _move(name: str, source: Path, target: Path) -> None:
    """Move an entry, if there is one, from one folder to another."""
    if os.path.lexists(source / name):
        (source / name).rename(target / name)


def _put_back(folder: Path, previous: Path, keep: str | None, new: Path, error: BaseException) -> None:
    """Undo the steps of an exchange that were done, the last one first."""
    try:
        if folder.exists():
            if keep and not os.path.lexists(previous / keep):
                _move(keep, folder, previous)
            folder.rename(new)
        previous.rename(folder)
    except OSError as second:
        raise OSError(
            f"{folder} could not be replaced ({error}), and the older folder could not be put back "
            f"({second}). It is in {previous}. Run the same command again: it goes on from there"
        ) from error


def _finish_interrupted(folder: Path, previous: Path, keep: str | None, scratch: Path) -> None:
    """Bring the folder that a killed process was exchanging to its old or its new state."""
    if not previous.exists():
        return
    if not folder.exists():
        previous.rename(folder)
        return
    if keep and os.path.lexists(previous / keep):
        if os.path.lexists(folder / keep):
            raise FileExistsError(
                f"both {folder} and {previous} have an entry {keep}. The second is the older folder, "
                "left by a run that was killed. Compare them, keep one, and delete or rename the other"
            )
        _move(keep, previous, folder)
    previous.rename(scratch / "earlier")


def is_foreign(folder: Path, mark: str) -> bool:
    """Whether a folder holds something, but not the file `mark`, which our tools leave in what they make."""
    return folder.exists() and any(folder.iterdir()) and not (folder / mark).exists()


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, whole or not at all; folders are made, and half characters replaced.

    Args:
        path: the file to write.
        text: what it holds; it may come from strangers.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8", errors="replace")


def byte_count(path: Path) -> int:
    """Bytes of a file; 0 for one that is not there, or that may not be looked at."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, as hex digits; read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while piece := content.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
