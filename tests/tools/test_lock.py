"""Making the lock anew: it is written whole, or it stays as it was."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools import lock

ROOT = Path(__file__).resolve().parents[2]


def test_the_lock_stays_when_uv_is_not_there(tmp_path, monkeypatch):
    (tmp_path / "requirements.lock").write_text("torch==2.14.1\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="uv is not in PATH"):
        lock.compile_lock(tmp_path, [])
    assert [path.name for path in tmp_path.iterdir()] == ["requirements.lock"]


def test_the_lock_stays_when_uv_fails_half_way(tmp_path, monkeypatch):
    (tmp_path / "requirements.lock").write_text("torch==2.14.1\n")
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text('#!/bin/sh\nfor new; do :; done\necho half > "$new"\nexit 2\n')
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{uv.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(subprocess.CalledProcessError):
        lock.compile_lock(tmp_path, [])
    assert (tmp_path / "requirements.lock").read_text() == "torch==2.14.1\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "requirements.lock"]


def test_the_lock_has_the_versions_of_pytorch_that_are_chosen_here():
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = {str(Requirement(line)) for line in lines if re.match(r"torch(vision)?==", line)}
    assert pins == {str(Requirement(line)) for line in lock.TORCH_PINS}
