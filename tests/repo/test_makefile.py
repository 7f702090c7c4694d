"""The commands of the Makefile: they are listed, and they find a Python that runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON"}
    command = ["make", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**environment, **variables}, capture_output=True, text=True, check=False
    )


def test_make_alone_lists_every_command_with_what_it_does():
    listed = set(re.findall(r"^  make ([a-z-]+)  +\w", make().stdout, re.MULTILINE))
    targets = re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"lab", "test", "doctor", "publish", "site", "links"} <= listed
    assert listed == set(targets)


def test_make_lab_opens_the_first_notebook():
    first, *_ = sorted((ROOT / "notebooks").glob("*.ipynb"))
    opened = re.findall(r"-m jupyterlab .* (notebooks/\S+)$", make("-n", "lab").stdout, re.MULTILINE)
    assert opened == [f"notebooks/{first.name}"]


def test_make_finds_a_python_that_runs_behind_shims_that_do_not(tmp_path):
    """A shim of the preferred version is there and fails; the next one is too old."""
    for name, body in {
        "python3.11": "exit 127",
        "python3.12": "exit 1",
        "python3.13": f'exec "{sys.executable}" "$@"',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    answer = make("-n", "setup", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert '"python3.13" tools/install.py' in answer.stdout


def test_make_says_so_when_the_python_named_is_not_there():
    answer = make("PYTHON=no-such-python", "setup")
    assert answer.returncode != 0
    assert "There is no no-such-python here. The course needs Python 3.10 or newer" in answer.stderr
