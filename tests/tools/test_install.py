"""The way into the course: install, lock, make targets, conda, CI, and a README that is true."""

from __future__ import annotations

import ast
import importlib.metadata
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

from tools import install, lock
from tools.data import overview

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
GB = install.GB
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()

# The computers that the lock is for, as markers see them.
LINUX = {
    "sys_platform": "linux",
    "platform_machine": "x86_64",
    "platform_system": "Linux",
    "os_name": "posix",
}
LINUX_ARM = {**LINUX, "platform_machine": "aarch64"}
MAC = {"sys_platform": "darwin", "platform_machine": "arm64", "platform_system": "Darwin", "os_name": "posix"}
WINDOWS = {
    "sys_platform": "win32",
    "platform_machine": "AMD64",
    "platform_system": "Windows",
    "os_name": "nt",
}
COMPUTERS = {"linux": LINUX, "linux-arm": LINUX_ARM, "mac": MAC, "windows": WINDOWS}


def locked(computer: dict[str, str], python: str) -> dict[str, str]:
    """Name and version of what the lock installs on one kind of computer."""
    environment = {
        **computer,
        "python_version": python,
        "python_full_version": python + ".9",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    found = {}
    for line in LOCK:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            name = canonicalize_name(requirement.name)
            assert name not in found, f"{name} is locked twice for {computer} and Python {python}"
            found[name] = str(requirement.specifier).removeprefix("==")
    return found


# --- what install.py refuses, and how it says so ---


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 9)])
def test_old_python_is_refused_by_name(version: tuple[int, int]) -> None:
    with pytest.raises(
        install.SetupError, match=rf"this is Python {version[0]}\.{version[1]}, .* 3\.10 or newer"
    ):
        install.check_version(version)


@pytest.mark.parametrize("version", [(3, 10), (3, 13), (3, 14)])
def test_python_from_3_10_on_is_taken(version: tuple[int, int]) -> None:
    install.check_version(version)


def test_install_can_be_read_by_python_3_6() -> None:
    source = (ROOT / "tools" / "install.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    for node in ast.walk(tree):  # what is evaluated when a function is defined: too new unless in quotes
        if isinstance(node, (ast.FunctionDef, ast.AnnAssign)):
            arguments = node.args.args if isinstance(node, ast.FunctionDef) else []
            annotations = [argument.annotation for argument in arguments]
            annotations.append(node.returns if isinstance(node, ast.FunctionDef) else node.annotation)
            assert not [part for part in annotations if isinstance(part, (ast.Subscript, ast.BinOp))]


def test_install_uses_the_standard_library_only() -> None:
    tree = ast.parse((ROOT / "tools" / "install.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8", "3.9"])
def test_an_old_python_on_this_machine_says_what_to_do(version: str) -> None:
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    python = str(found[0]) if found else shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode != 0:
        pytest.skip(f"no Python {version} on this machine")
    command = [python, "tools/install.py"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert f"this is Python {version}, the course needs 3.10 or newer" in answer.stderr


def test_intel_mac_is_refused_and_apple_silicon_is_not() -> None:
    with pytest.raises(install.SetupError, match=r"Intel processor.*Colab"):
        install.check_platform("Darwin", "x86_64")
    install.check_platform("Darwin", "arm64")
    install.check_platform("Linux", "x86_64")


def test_python_without_venv_names_the_debian_package() -> None:
    with pytest.raises(install.SetupError, match=r"no module ensurepip\.\n.*python3\.11-venv"):
        install.check_modules((3, 11), find=lambda name: None if name == "ensurepip" else object())
    install.check_modules((3, 11))


def test_disk_too_small_says_how_much_is_missing() -> None:
    with pytest.raises(
        install.SetupError, match=r"3\.0 GB are free .*\n.* takes 10\.4 GB .* Free 7\.4 GB more"
    ):
        install.check_disk(3 * GB, int(10.4 * GB))
    install.check_disk(11 * GB, int(10.4 * GB))


def test_linux_on_x86_needs_several_times_the_disk_of_the_others() -> None:
    assert install.needed("Linux", "x86_64")[0] > 6 * GB
    for other in (("Linux", "aarch64"), ("Darwin", "arm64"), ("Windows", "AMD64")):
        assert install.needed(*other)[0] < 2 * GB


@pytest.mark.parametrize(
    ("free", "same_disk", "kept"), [(4, False, True), (3, False, False), (13, True, False), (15, True, True)]
)
def test_cache_is_kept_where_there_is_room(free: int, same_disk: bool, kept: bool) -> None:
    assert install.keep_cache(free * GB, same_disk, wanted=10 * GB, download=3 * GB) is kept


def test_disk_is_planned_for_what_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "needed", lambda *_: (6 * GB, 3 * GB))
    monkeypatch.setattr(install.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(99, 90, 8 * GB))
    with pytest.raises(install.SetupError, match=r"takes 9\.5 GB"):
        install.plan_disk(tmp_path, tmp_path / "no" / "cache")
    monkeypatch.setattr(install, "folder_size", lambda _: 2 * GB)
    assert install.plan_disk(tmp_path, tmp_path / "no" / "cache") == ["--no-cache-dir"]


# --- the stamp ---


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the stamp depends on, and an environment that looks finished."""
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    python = install.venv_python(tmp_path)
    python.parent.mkdir(parents=True)
    python.touch()
    (tmp_path / ".venv" / ".coursekit-lock").write_text(install.fingerprint(tmp_path) + "\n")
    return tmp_path


def test_stamp_that_agrees_means_nothing_to_do(checkout: Path) -> None:
    assert install.is_current(checkout)


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_changed_file_means_to_install_again(checkout: Path, name: str) -> None:
    with (checkout / name).open("a") as file:
        file.write("\n")
    assert not install.is_current(checkout)


def test_missing_stamp_or_python_means_to_install_again(checkout: Path) -> None:
    install.venv_python(checkout).unlink()
    assert not install.is_current(checkout)
    install.venv_python(checkout).touch()
    assert install.is_current(checkout)
    (checkout / ".venv" / ".coursekit-lock").unlink()
    assert not install.is_current(checkout)


def test_moved_checkout_means_to_install_again(checkout: Path) -> None:
    moved = checkout.rename(checkout.with_name("moved"))
    assert not install.is_current(moved)


def test_other_python_than_that_of_the_environment_is_refused(checkout: Path) -> None:
    install.check_same_python(checkout, (3, 12))  # no pyvenv.cfg yet: nothing to disagree with
    (checkout / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    install.check_same_python(checkout, (3, 11))
    with pytest.raises(install.SetupError, match=r"with Python 3\.11, you ask for 3\.12: run `make clean`"):
        install.check_same_python(checkout, (3, 12))


# --- a real environment, a real pip, no network ---


@pytest.fixture(scope="module")
def small_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose path has a space, and whose lock names one package that cannot be had."""
    root = tmp_path_factory.mktemp("a checkout")
    (root / "requirements.lock").write_text("coursekit-no-such-package==1.0\n")
    (root / "pyproject.toml").write_text("[project]\nname = 'nothing'\n")
    install.make_venv(root, lambda line: None)
    return root


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pip knows only an index on a port of this machine where nobody listens."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    yield


@pytest.mark.usefixtures("offline")
def test_lost_network_is_named_and_leaves_no_stamp(
    small_checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "plan_disk", lambda *_: [])
    with pytest.raises(install.SetupError) as caught:
        install.install_lock(small_checkout, lambda line: None)
    message = str(caught.value)
    assert "network was not there" in message
    assert "coursekit-no-such-package" in message
    assert "it goes on from here" in message
    assert not install.is_current(small_checkout)
    assert not (small_checkout / ".venv" / "tmp").exists()
    assert "coursekit-no-such-package" in (small_checkout / ".venv" / "install.log").read_text()


@pytest.mark.usefixtures("offline")
def test_unavailable_package_is_not_called_a_network_fault(
    small_checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(install.SetupError, match="not to be had for this computer or this Python"):
        install.pip(
            small_checkout,
            ["install", "-r", "requirements.lock"],
            install.Progress(io.StringIO(), small_checkout),
        )


def test_environment_that_runs_is_kept_and_a_broken_one_is_made_again(small_checkout: Path) -> None:
    said: list[str] = []
    install.make_venv(small_checkout, said.append)
    assert said == []
    python = install.venv_python(small_checkout)
    python.unlink()
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    install.make_venv(small_checkout, said.append)
    assert len(said) == 1
    assert (
        subprocess.run([str(python), "-m", "pip", "--version"], check=False, capture_output=True).returncode
        == 0
    )


def test_package_whose_unpacking_was_interrupted_is_unpacked_again(tmp_path: Path) -> None:
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    for name in ("finished-1.0.dist-info", "half-1.0.dist-info"):
        (packages / name).mkdir(parents=True)
        (packages / name / "METADATA").touch()
    (packages / "finished-1.0.dist-info" / "INSTALLER").touch()
    assert install.drop_unfinished(tmp_path) == ["half-1.0.dist-info"]
    assert [folder.name for folder in packages.iterdir()] == ["finished-1.0.dist-info"]


def test_every_package_here_counts_as_finished() -> None:
    """What `drop_unfinished` goes by is what pip really does."""
    folders = [Path(str(found._path)) for found in importlib.metadata.distributions()]  # type: ignore[attr-defined]
    assert len(folders) > 100
    assert [folder.name for folder in folders if not (folder / "INSTALLER").is_file()] == []


def test_full_disk_is_named() -> None:
    lines = [
        "Collecting torch==2.14.1",
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left",
    ]
    assert "the disk is full" in install.explain(lines, Path("install.log"))
    assert "pip could not install" in install.explain(["ERROR: something else"], Path("install.log"))


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("Collecting torch==2.14.1 (from -r requirements.lock (line 158))", "getting torch 2.14.1"),
        (
            "  Downloading torch-2.14.1-cp310-cp310-manylinux_2_28_x86_64.whl (900.1 MB)",
            "getting torch, 900.1 MB",
        ),
        ("  Using cached scikit_video-1.1.11-py2.py3-none-any.whl (2.3 MB)", "getting scikit_video, 2.3 MB"),
        ("Installing collected packages: a, b, c", "unpacking 3 packages"),
        ("Looking in links: /somewhere", ""),
    ],
)
def test_progress_says_what_pip_does(line: str, step: str) -> None:
    assert install.step_of(line) == step


def test_progress_line_has_time_size_and_step(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(200_000_000))
    log = io.StringIO()
    progress = install.Progress(log, tmp_path)
    progress.what = "getting torch 2.14.1"
    progress.began -= 75
    progress.show()
    assert log.getvalue() == "   1:15  0.2 GB  getting torch 2.14.1\n"


# --- the lock ---


def test_every_line_of_the_lock_is_one_exact_version() -> None:
    assert len(LOCK) > 100
    for line in LOCK:
        requirement = Requirement(line)
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        assert not pin.version.endswith("*")
        assert requirement.url is None


def test_the_lock_pins_torch_for_both_architectures_as_lock_py_says() -> None:
    written = {str(Requirement(line)) for line in LOCK if re.match(r"torch(vision)?==", line)}
    assert written == {str(Requirement(line)) for line in lock.TORCH_PINS}
    for computer in COMPUTERS.values():
        both = [Marker(str(Requirement(line).marker)).evaluate(computer) for line in lock.TORCH_PINS]
        assert sum(both) == 2


@pytest.mark.parametrize("computer", COMPUTERS)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_locked_and_new_enough(computer: str, python: str) -> None:
    versions = locked(COMPUTERS[computer], python)
    extras = PYPROJECT["project"]["optional-dependencies"]
    wanted = PYPROJECT["project"]["dependencies"] + extras["lab"] + extras["test"]
    wanted += PYPROJECT["build-system"]["requires"]
    checked = 0
    for requirement in map(Requirement, wanted):
        if requirement.name == "coursekit" or (
            requirement.marker is not None and not requirement.marker.evaluate(COMPUTERS[computer])
        ):
            continue
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)])
        checked += 1
    assert checked > 15


def test_nothing_of_nvidia_is_locked_where_torch_comes_without_it() -> None:
    assert any(name.startswith("nvidia-") for name in locked(LINUX, "3.11"))
    for computer in (LINUX_ARM, MAC, WINDOWS):
        assert not [name for name in locked(computer, "3.11") if name.startswith(("nvidia-", "cuda-"))]


def test_pyproject_has_lower_bounds_only() -> None:
    extras = PYPROJECT["project"]["optional-dependencies"].values()
    for line in PYPROJECT["project"]["dependencies"] + [line for extra in extras for line in extra]:
        requirement = Requirement(line)
        if requirement.name != "coursekit":
            assert [bound.operator for bound in requirement.specifier] == [">="], line


def test_lock_without_uv_leaves_the_lock_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.lock").write_text("torch==2.14.1\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="uv is not in PATH"):
        lock.compile_lock(tmp_path, [])
    assert [path.name for path in tmp_path.iterdir()] == ["requirements.lock"]


def test_lock_that_fails_leaves_the_lock_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


# --- conda, make, CI ---


def test_conda_way_uses_the_same_lock() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, by_pip = environment["dependencies"]
    assert environment["channels"] == ["conda-forge"]
    assert [re.split("[=<>]", name)[0] for name in conda] == ["python", "ffmpeg", "pip"]
    assert conda[0].removeprefix("python=") in PYTHONS
    assert by_pip == {"pip": ["-r requirements.lock", "-e ."]}


def make_targets() -> set[str]:
    """The commands that the Makefile offers."""
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def make_calls(text: str) -> set[str]:
    """The targets that a text calls as `make [VARIABLE=value] target`, also in code quotes."""
    calls = re.findall(r"(?:^\s*|`|run: |&& )make((?: +[\w=./-]+)*)", text, re.MULTILINE)
    return {word for call in calls for word in call.split() if "=" not in word}


def test_make_lists_its_targets() -> None:
    answer = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in make_targets():
        assert re.search(rf"^  make {target}  +\w", answer.stdout, re.MULTILINE)
    assert {"lab", "test", "doctor", "record", "bench", "lock", "format", "clean"} <= make_targets()


def test_make_lab_opens_the_first_notebook_of_the_course_map() -> None:
    commands = subprocess.run(
        ["make", "-n", "lab"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    opened = re.findall(r"-m jupyterlab .* (notebooks/\S+)$", commands, re.MULTILINE)
    assert [f"]({path})" in course_map()[0][0] for path in opened] == [True]


def test_ci_runs_the_command_that_the_readme_gives() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert script.rstrip().endswith("\nmake test")
    assert "\nmake test\n" in README
    assert subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=False).returncode == 0


def test_workflow_runs_the_same_commands_on_every_supported_python() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == PYTHONS
    assert job["env"]["PYTHON"] == "python${{ matrix.python }}"
    commands = "\n".join(step.get("run", "") for step in job["steps"])
    assert {"setup", "doctor", "test"} <= make_calls(commands) <= make_targets()
    uploads = [step["with"]["path"] for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert uploads == ["artifacts/"]


def test_supported_pythons_are_the_same_everywhere() -> None:
    named = [text.rsplit(" ", 1)[1] for text in PYPROJECT["project"]["classifiers"] if "Python :: 3." in text]
    assert named == PYTHONS
    assert PYPROJECT["project"]["requires-python"] == ">=3.10"
    assert f"{install.OLDEST[0]}.{install.OLDEST[1]}" == PYTHONS[0]
    assert f"{install.NEWEST[0]}.{install.NEWEST[1]}" == PYTHONS[-1]


def test_make_finds_a_python_that_runs_behind_shims_that_do_not(tmp_path: Path) -> None:
    """A shim of the preferred version is there and fails; an old one runs but is too old."""
    for name, body in {
        "python3.11": "exit 127",
        "python3.12": "exit 1",
        "python3.13": f'exec "{sys.executable}" "$@"',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHON", None)
    answer = subprocess.run(
        ["make", "-n", "setup"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert '"python3.13" tools/install.py' in answer.stdout


def test_make_says_so_when_the_python_named_is_not_there() -> None:
    answer = subprocess.run(
        ["make", "PYTHON=no-such-python", "setup"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode != 0
    assert "There is no no-such-python here. The course needs Python 3.10 or newer" in answer.stderr


# --- the README ---


def course_map() -> list[list[str]]:
    """The cells of the README's course map, one list for each notebook."""
    rows = [line for line in README.splitlines() if re.match(r"\| \[?0\d", line)]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_course_map_has_a_row_for_each_notebook_and_no_link_to_one_that_is_not_there() -> None:
    linked = [
        match[1] for row in course_map() if (match := re.search(r"\]\((notebooks/\S+\.ipynb)\)", row[0]))
    ]
    assert linked == sorted(
        path.relative_to(ROOT).as_posix() for path in (ROOT / "notebooks").glob("*.ipynb")
    )
    assert len(course_map()) == 6


def test_each_row_has_times_minutes_gpu_and_a_colab_link_to_the_same_notebook() -> None:
    published = PYPROJECT["tool"]["coursekit"]
    base = f"https://colab.research.google.com/github/{published['repository']}/blob/{published['branch']}/"
    for name, times, minutes, gpu, colab in course_map():
        assert re.search(r"\d\d:\d\d|beyond the lecture", times)
        notebook = re.search(r"\((notebooks/\S+)\)", name)
        if notebook:
            assert int(minutes) > 0
            assert gpu in ("no", "helps", "yes")
            assert colab == f"[open]({base}{notebook[1]})"
        else:
            assert (minutes, colab) == ("planned", "")


def test_each_make_command_of_the_readme_exists() -> None:
    assert {"lab", "test", "doctor"} <= make_calls(README) <= make_targets()


def test_readme_cites_the_lecture() -> None:
    for words in (
        "NPTEL",
        "Deep Learning for Visual Computing",
        "Debdoot Sheet",
        "IIT Kharagpur",
        "Lecture 56",
    ):
        assert words in README


def test_picture_of_the_readme_is_the_one_that_the_course_draws(tmp_path: Path) -> None:
    assert overview.main(tmp_path) == 0
    drawn, stored = (
        np.asarray(Image.open(root / overview.PICTURE).convert("RGB")) for root in (tmp_path, ROOT)
    )
    assert [path.name for path in (tmp_path / ".github").iterdir()] == ["overview.png"]
    assert drawn.shape == stored.shape  # (H, W, 3)
    assert (
        np.abs(drawn.astype(float) - stored).mean() < 4
    )  # fonts and drawing differ a little between versions


def test_licences_are_named() -> None:
    assert "CC BY 4.0" in (ROOT / "LICENSE-TEXTS").read_text(encoding="utf-8")
    assert "[LICENSE](LICENSE)" in README
    assert "[LICENSE-TEXTS](LICENSE-TEXTS)" in README
