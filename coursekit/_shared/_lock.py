"""A folder that one run at a time writes to: its lock, and the left-overs of runs that were killed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    swept = []
    for path in folder.iterdir():
        found = _PARTIAL.fullmatch(path.name)
        if found and not alive(int(found[1])):
            path.unlink(missing_ok=True)
            swept.append(path)
    return swept


def alive(pid: int) -> bool:
    """Whether a process of this number runs on this machine."""
    if sys.platform == "win32":  # os.kill would end it there
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x00100000, False, pid)  # SYNCHRONIZE
        if not handle:
            return False
        running = ctypes.windll.kernel32.WaitForSingleObject(handle, 0) != 0
        ctypes.windll.kernel32.CloseHandle(handle)
        return bool(running)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True
