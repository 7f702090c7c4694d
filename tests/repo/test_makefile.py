"""The commands of the Makefile: they are listed, and they find a Python that runs."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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


LAB = """
import json, sys
from jupyter_core.paths import jupyter_config_path
from jupyter_server.extension.config import ExtensionConfigManager
from jupyterlab_server.config import get_page_config
from jupyterlab_server.settings_utils import _get_overrides
server = ExtensionConfigManager(read_config_path=jupyter_config_path())
json.dump({
    "disabled": get_page_config([])["disabledExtensions"],
    "settings": _get_overrides("")[0],
    "server": server.get_jpserver_extensions(),
}, sys.stdout)
"""


@functools.cache
def jupyterlab(target: str) -> dict[str, Any]:
    """How JupyterLab is set up when `make TARGET` starts it: panels, settings, parts of the server."""
    (settings,) = re.findall(r'^JUPYTER_CONFIG_PATH="(.*?)" .*-m jupyterlab', make("-n", target).stdout, re.M)
    command = f'JUPYTER_CONFIG_PATH="{settings}" exec "$0" -c "$1"'
    answer = subprocess.run(
        ["sh", "-c", command, sys.executable, LAB], capture_output=True, text=True, check=True
    )
    return dict(json.loads(answer.stdout))


@pytest.mark.slow
def test_a_learner_sees_no_panels_of_nbgrader_and_an_instructor_does():
    learner, instructor = jupyterlab("lab"), jupyterlab("lab-instructor")
    assert "@jupyter/nbgrader" in learner["disabled"]
    assert "@jupyter/nbgrader" not in instructor["disabled"]
    panels = {name for name in learner["server"] if name.startswith("nbgrader.")}
    assert panels, "nbgrader's part of the server has another name"
    assert not any(learner["server"][name] for name in panels)
    assert all(instructor["server"][name] for name in panels)


@pytest.mark.slow
def test_jupyterlab_asks_for_no_news_and_saves_widgets():
    settings = jupyterlab("lab")["settings"]
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    assert settings["@jupyter-widgets/jupyterlab-manager:plugin"]["saveState"] is True


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
