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


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield the path of a folder to make beside `folder`; it takes that one's place when the block ends.

    If the block raises, an older folder is left as it was. The parent of what is yielded is for scratch: what
    lies there goes at the end.

    Args:
        folder: the folder to make.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as beside:
        made = Path(beside, "new")
        yield made
        if folder.exists():
            folder.rename(Path(beside, "old"))
        made.rename(folder)


def is_foreign(folder: Path, mark: str) -> bool:
    """Whether a folder holds something, but not the file that whoever makes such a folder leaves in it."""
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


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, as hex digits; read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while piece := content.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
