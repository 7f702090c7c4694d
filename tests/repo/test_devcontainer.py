"""Codespaces and VS Code get the environment that `make` gets."""

import json
import re
from pathlib import Path

import pytest

from tools import install

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def container() -> dict:
    """The file without its comments."""
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text()
    return json.loads(re.sub(r"(?m)^\s*//.*$", "", text))


def test_its_python_can_run_the_course(container):
    name, version = re.fullmatch(r"mcr\.microsoft\.com/(\S+):(3\.\d+)-\w+", container["image"]).groups()
    assert name == "devcontainers/python"
    assert install.OLDEST <= tuple(map(int, version.split("."))) <= install.NEWEST


@pytest.mark.parametrize("makefile", ["Makefile", "tools/publish/templates/student/Makefile"])
def test_it_installs_with_a_command_that_both_makefiles_have(container, makefile):
    target = container["updateContentCommand"].removeprefix("make ")
    assert f"\n{target}:  ##" in (ROOT / makefile).read_text()


def test_it_opens_a_notebook_with_the_kernel_of_the_course(container):
    special = container["customizations"]
    assert [name for name in special["codespaces"]["openFiles"] if not (ROOT / name).is_file()] == []
    kernel = special["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert kernel == "${containerWorkspaceFolder}/" + install.PYTHON.relative_to(ROOT).as_posix()
    assert "ms-toolsai.jupyter" in special["vscode"]["extensions"]


def test_its_disk_holds_the_install(container):
    assert int(container["hostRequirements"]["storage"].removesuffix("gb")) > sum(install.NEEDED_GB["cuda"])
