"""Left-overs of killed processes are removed, those of running ones are not."""

from __future__ import annotations

import os
import subprocess
import sys

from coursekit._shared import _lock


def ended() -> int:
    """The number of a process that ran and has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_process_runs_until_it_has_ended():
    assert _lock.alive(os.getpid())
    assert _lock.alive(os.getppid())
    assert not _lock.alive(ended())
    assert not _lock.alive(10**30)  # no system counts so far; it may stand in a file's name


def test_sweep_removes_what_ended_processes_have_left_and_nothing_else(tmp_path):
    left = [tmp_path / f".a.{number}.partial.h5" for number in (ended(), 10**30)]
    others = [tmp_path / f".a.{os.getpid()}.partial.h5", tmp_path / "a.h5", tmp_path / "a.1.partial"]
    for path in (*left, *others):
        path.touch()
    assert sorted(_lock.sweep(tmp_path)) == sorted(left)
    assert sorted(tmp_path.iterdir()) == sorted(others)
