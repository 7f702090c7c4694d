"""A folder that one run at a time writes to: its lock, and the left-overs of runs that were killed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".coursekit.lock"
GUARD_SECONDS = 10  # removing a lock takes less than a millisecond: a guard of that age is of a killed run
_PARTIAL = re.compile(r"\..+\.(\d+)\.partial(\.\w+)?")  # the names that `_files.atomic` gives
_held: set[str] = set()  # the tokens of the locks that this process has


class LockedError(Exception):
    """Another run is writing to the folder; the message says which."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock while the block runs.

    The lock is a file that says who holds it. That of a process that has ended on this machine is taken over.

    Raises:
        LockedError: another run holds it.
        OSError: the folder cannot be written to.
    """
    lock = folder / LOCK
    token = uuid.uuid4().hex
    mine = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "token": token})
    _held.add(token)
    while not _create(lock, mine):
        _remove_if_stale(lock)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        _held.discard(token)  # not before: the lock would look like a left-over to another thread


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


def _create(lock: Path, text: str) -> bool:
    try:
        handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return True


def _remove_if_stale(lock: Path) -> None:
    """Remove a lock whose holder has ended; raise a LockedError if it has not, or cannot be known."""
    seen = _look(lock)
    if seen is None:
        return
    holder = _parsed(seen[0])
    if seen[0] and not (holder and _has_ended(holder)):
        who = f"process {holder['pid']} on {holder['host']}" if holder else "an unknown process"
        raise LockedError(
            f"another run is writing to {lock.parent} ({who}): wait for it; if it is no more, delete {lock}"
        )
    # Several runs may be here at once. One at a time looks again and removes: never the lock of a new run.
    guard = lock.with_name(f"{LOCK}.removing")
    if not _create(guard, ""):
        time.sleep(0.01)
        with contextlib.suppress(FileNotFoundError):
            if time.time() - guard.stat().st_mtime > GUARD_SECONDS:
                guard.unlink()
        return
    try:
        if _look(lock, patience=0) == seen:
            lock.unlink()
    finally:
        guard.unlink(missing_ok=True)


def _look(lock: Path, patience: int = 20) -> tuple[str, int] | None:
    """What the lock says, and since when; None where there is none.

    A run that has just created it gets a moment to write that; without a word it is of one that was killed.
    """
    try:
        for _ in range(patience):
            if lock.stat().st_size > 0:
                break
            time.sleep(0.05)
        return lock.read_text(encoding="utf-8"), lock.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _parsed(text: str) -> dict[str, str] | None:
    try:
        holder = json.loads(text)
        return {"pid": str(int(holder["pid"])), "host": str(holder["host"]), "token": str(holder["token"])}
    except (ValueError, TypeError, KeyError):
        return None


def _has_ended(holder: dict[str, str]) -> bool:
    if holder["host"] != socket.gethostname():
        return False
    pid = int(holder["pid"])
    if pid == os.getpid():  # the number has come to us, or another thread of ours is at work
        return holder["token"] not in _held
    return not alive(pid)
