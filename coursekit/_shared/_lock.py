"""A folder that one run at a time writes to: its lock, and the left-overs of runs that were killed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

LOCK = ".coursekit.lock"
_PARTIAL = re.compile(r"\..+\.(\d+)\.partial(\.\w+)?")  # the names that `_files.atomic` gives


class LockedError(Exception):
    """Another run is writing to the folder; the message says which."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock while the block runs.

    The operating system keeps the lock and lets go of it when its process ends, however that ends. The empty
    file stays: removing a locked file would let in two at once.

    Raises:
        LockedError: another run holds it.
        OSError: the folder cannot be written to.
    """
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise LockedError(
            f"another run is writing to {folder}: wait for it, or choose another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()


def sweep(folder: Path) -> list[Path]:
    """Remove the half-written files of processes that have ended; returns what was removed."""
    removed = []
    for path in folder.iterdir():
        partial = _PARTIAL.fullmatch(path.name)
        if partial and not alive(int(partial[1])):
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed


def alive(pid: int) -> bool:
    """Whether a process with this number runs on this machine. Process numbers fit in 31 bits."""
    return pid < 2**31 and bool(psutil.pid_exists(pid))
