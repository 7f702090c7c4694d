"""Writing a file so that it is there whole or not at all; the checksum of one."""

from __future__ import annotations

import hashlib
import os
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
