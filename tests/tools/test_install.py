"""The installer: what it refuses, how it goes on after an interruption, how it repairs a moved checkout."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from IPython.core.application import ENV_CONFIG_DIRS, SYSTEM_CONFIG_DIRS
from support import wheel
from traitlets.config import PyFileConfigLoader

from tools import install

ROOT = Path(__file__).resolve().parents[2]
GB = install.GB
PROJECT = """
[build-system]
requires = []
build-backend = "wheel"
backend-path = ["."]
[project]
name = "course"
"""

# ---------------------------------------------------------------- what it refuses, and how it says so


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 9)])
def test_old_python_is_refused_by_its_version(version):
    message = rf"this is Python {version[0]}\.{version[1]}, .* 3\.10 or newer"
    with pytest.raises(install.SetupError, match=message):
        install.check_python(version, "Linux", "x86_64")


@pytest.mark.parametrize("version", [(3, 10), (3, 13), (3, 14)])
def test_python_from_3_10_on_is_accepted(version):
    install.check_python(version, "Darwin", "arm64")
    install.check_python(version, "Linux", "x86_64")


def test_intel_mac_is_refused_and_colab_is_named():
    with pytest.raises(install.SetupError, match=r"Intel processor.*Colab"):
        install.check_python((3, 12), "Darwin", "x86_64")


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8", "3.9"])
def test_an_old_python_on_this_machine_says_what_to_do(version):
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    python = str(installed[0]) if installed else shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode != 0:
        pytest.skip(f"no Python {version} on this machine")
    command = [python, "tools/install.py"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert f"this is Python {version}, the course needs 3.10 or newer" in answer.stderr


def test_python_3_6_can_read_it_and_it_imports_the_standard_library_only():
    tree = ast.parse((ROOT / "tools" / "install.py").read_text(encoding="utf-8"), feature_version=(3, 6))
    for node in ast.walk(tree):  # what is evaluated when a function is defined: too new unless in quotes
        if isinstance(node, (ast.FunctionDef, ast.AnnAssign)):
            arguments = node.args.args if isinstance(node, ast.FunctionDef) else []
            annotations = [argument.annotation for argument in arguments]
            annotations.append(node.returns if isinstance(node, ast.FunctionDef) else node.annotation)
            assert not [part for part in annotations if isinstance(part, (ast.Subscript, ast.BinOp))]
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert len(names) > 5
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_python_without_ensurepip_names_the_debian_package(tmp_path, monkeypatch):
    find = install.importlib.util.find_spec
    monkeypatch.setattr(
        install.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name)
    )
    package = rf"python{sys.version_info[0]}\.{sys.version_info[1]}-venv"
    with pytest.raises(install.SetupError, match=rf"no module ensurepip\.\n.*{package}"):
        install.make_venv(tmp_path)


def test_a_disk_that_is_too_small_is_refused_and_the_message_says_how_much_is_missing():
    message = r"3\.0 GB are free .*\n.* takes 10\.7 GB .* Free 7\.7 GB more"
    with pytest.raises(install.SetupError, match=message):
        install.cache_options(3 * GB, 0, "Linux", "x86_64")
    assert install.cache_options(11 * GB, 0, "Linux", "x86_64") == ["--no-cache-dir"]
    assert install.cache_options(15 * GB, 0, "Linux", "x86_64") == []
    assert install.cache_options(6 * GB, 5 * GB, "Linux", "x86_64") == ["--no-cache-dir"], "5 GB are there"
    for computer in (("Linux", "aarch64"), ("Darwin", "arm64"), ("Windows", "AMD64")):
        assert install.cache_options(4 * GB, 0, *computer) == []


@pytest.mark.parametrize("environment", [False, True])
def test_a_folder_that_cannot_be_written_is_refused_and_a_copy_is_advised(tmp_path, monkeypatch, environment):
    root = tmp_path / "of another user"
    (root / ".venv" if environment else root).mkdir(parents=True)
    install.check_writable(root)
    closed = {root, root / ".venv"} if environment else {root}
    monkeypatch.setattr(install.os, "access", lambda path, mode: path not in closed)
    message = rf"may not write to {root}\. .*\ncp -r '{root}' ~/course && .* cd ~/course && make lab"
    with pytest.raises(install.SetupError, match=message):
        install.check_writable(root)


def test_a_file_that_cannot_be_written_gives_a_sentence_and_no_traceback(monkeypatch, capsys):
    def fail(root):
        raise PermissionError(13, "Permission denied", ".venv/pyvenv.cfg")

    monkeypatch.setattr(install, "is_current", fail)
    assert install.main([]) == 1
    expected = "The course cannot be set up: [Errno 13] Permission denied: '.venv/pyvenv.cfg'"
    assert capsys.readouterr().err == f"\n{expected}\n"


def test_another_python_than_that_of_the_environment_is_refused(tmp_path):
    install.check_same_python(tmp_path, (3, 12))  # no environment yet: nothing to disagree with
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    install.check_same_python(tmp_path, (3, 11))
    with pytest.raises(install.SetupError, match=r"with Python 3\.11, you ask for 3\.12: run `make clean`"):
        install.check_same_python(tmp_path, (3, 12))


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_the_stamp_holds_a_path_that_the_systems_own_encoding_has_not(tmp_path, monkeypatch):
    root = tmp_path / "Łódź \udcff"
    monkeypatch.setattr("tools.install.state_of", lambda root: f"checksum\n{root}\n")
    stamp, python = root / ".venv" / ".coursekit-lock", install.venv_python(root)
    python.parent.mkdir(parents=True)
    python.touch()
    stamp.write_bytes(f"checksum\n{root}\n".encode("utf-8", "surrogateescape"))
    assert install.is_current(root)


# ---------------------------------------------------------------- a real environment, a real pip, no network


class Checkout:
    """A small course: its lock names one package with a script, and it is installed itself as editable."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "tools").mkdir(parents=True)
        (root / "wheels").mkdir()
        source = (ROOT / "tools" / "install.py").read_text(encoding="utf-8")
        smaller = re.sub(
            r"^NEEDED_GB = .*$", 'NEEDED_GB = {"cuda": (0, 0), "cpu": (0, 0)}', source, flags=re.M
        )
        assert smaller != source
        (root / "tools" / "install.py").write_text(smaller, encoding="utf-8")
        (root / "pyproject.toml").write_text(PROJECT)
        (root / "requirements.lock").write_text("first==1.0\n")
        (root / "course.py").write_text("")
        shutil.copy(wheel.__file__, root / "wheel.py")
        program = {"first.py": "def main():\n    print('it runs')\n"}
        wheel.make(root / "wheels", "first", program, scripts="first = first:main")
        wheel.make(root / "wheels", "second", {"second.py": ""})

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Run the installer as make does, in a process group of its own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        without_network = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "wheels"}
        return subprocess.Popen(
            [sys.executable, "tools/install.py", *arguments],
            cwd=self.root,
            env={**kept, **without_network, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def install(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **variables)
        output, errors = process.communicate()
        return process.returncode, output, errors

    def hang(self) -> subprocess.Popen[str]:
        """An installer in the middle of its work: pip has installed the lock, and builds the course."""
        process = self.start(TEST_HANGS="1")
        while not (self.root / "hangs").exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        (self.root / "hangs").unlink()
        return process

    def works(self) -> bool:
        """Whether the script runs, and the course is imported from here."""
        script = subprocess.run([self.root / ".venv/bin/first"], capture_output=True, text=True, check=False)
        command = [install.venv_python(self.root), "-c", "import course; print(course.__file__)"]
        module = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        return (script.stdout, module.stdout) == ("it runs\n", f"{self.root / 'course.py'}\n")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Checkout:
    """Installed once; its path has a space."""
    checkout = Checkout(tmp_path_factory.mktemp("a checkout") / "of a course")
    code, output, errors = checkout.install()
    assert code == 0, errors
    assert "Making .venv with Python 3." in output
    return checkout


@pytest.fixture
def checkout(built) -> Checkout:
    assert built.install()[0] == 0
    assert built.works()
    return built


@pytest.mark.slow
def test_what_is_installed_is_installed_once(checkout):
    assert install.is_current(checkout.root)
    assert checkout.install() == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize("change", ["requirements.lock", "pyproject.toml", "stamp", "python"])
def test_a_change_means_to_install_again(checkout, change):
    if change == "python":
        install.venv_python(checkout.root).unlink()
    elif change == "stamp":
        (checkout.root / ".venv" / ".coursekit-lock").unlink()
    else:
        with (checkout.root / change).open("a") as file:
            file.write("\n")
    code, output, _ = checkout.install()
    assert (code, "Installed in" in output, "Making .venv" in output) == (0, True, change == "python")
    assert checkout.works()


@pytest.mark.slow
def test_kernels_load_the_course_as_they_start(tmp_path):
    install.load_in_kernels(tmp_path)
    settings = PyFileConfigLoader("ipython_kernel_config.py", str(tmp_path / ".venv" / "etc" / "ipython"))
    assert settings.load_config().InteractiveShellApp.extensions == ["coursekit"]
    looked = ENV_CONFIG_DIRS + SYSTEM_CONFIG_DIRS
    assert str(Path(sys.prefix) / "etc" / "ipython") in looked, "where IPython looks for it"


def test_a_moved_checkout_is_repaired(checkout):
    """Its scripts and the editable install name the old place."""
    old = checkout.root
    checkout.root = old.rename(old.with_name("moved to here"))
    try:
        assert not checkout.works()
        code, output, _ = checkout.install()
        assert (code, "the place of this folder has changed" in output) == (0, True)
        assert checkout.works()
        scripts = [path for path in (checkout.root / ".venv" / "bin").iterdir() if not path.is_symlink()]
        assert [path.name for path in scripts if str(old).encode() in path.read_bytes()] == []
    finally:
        checkout.root = checkout.root.rename(old)


@pytest.mark.slow
def test_after_ctrl_c_it_says_how_to_go_on_and_goes_on(checkout):
    (checkout.root / ".venv" / ".coursekit-lock").unlink()
    process = checkout.hang()
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate()[1]
    assert process.returncode == 130
    assert errors == "\nInterrupted. Run the same command again: it goes on from here.\n"
    assert not (checkout.root / ".venv" / "tmp").exists()
    assert not install.is_current(checkout.root)
    assert checkout.install()[0] == 0
    assert checkout.works()


@pytest.mark.slow
def test_after_a_kill_it_goes_on_and_unpacks_again_what_was_half_unpacked(checkout):
    (checkout.root / ".venv" / ".coursekit-lock").unlink()
    process = checkout.hang()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (packages,) = (checkout.root / ".venv").glob("lib/python*/site-packages")
    (packages / "first.py").unlink()  # as if pip had been killed while it unpacked the package
    (packages / "first-1.0.dist-info" / "INSTALLER").unlink()
    assert not checkout.works()
    assert checkout.install()[0] == 0
    assert checkout.works()
    assert not (checkout.root / ".venv" / "tmp").exists()


def test_every_package_here_counts_as_unpacked():
    """`repair` goes by the file INSTALLER: pip writes it when a package is unpacked."""
    folders = [Path(str(package._path)) for package in importlib.metadata.distributions()]  # type: ignore[attr-defined]
    assert len(folders) > 100
    assert [folder.name for folder in folders if not (folder / "INSTALLER").is_file()] == []


@pytest.mark.slow
def test_what_cannot_be_installed_is_named_and_leaves_no_stamp(checkout):
    lock = checkout.root / "requirements.lock"
    lock.write_text("first==1.0\nno-such-package==1.0\n")
    try:
        code, _, errors = checkout.install()
        assert code == 1
        assert "No matching distribution found for no-such-package==1.0" in errors
        assert "it goes on from here" in errors
        assert str(checkout.root / ".venv" / "install.log") in errors
        assert "no-such-package" in (checkout.root / ".venv" / "install.log").read_text()
        assert not install.is_current(checkout.root)
        assert not (checkout.root / ".venv" / "tmp").exists()
    finally:
        lock.write_text("first==1.0\n")


@pytest.mark.slow
def test_an_extra_is_installed_on_top(checkout):
    command = [install.venv_python(checkout.root), "-c", "import second"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    assert checkout.install("--extra", "bench")[0] == 0
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    subprocess.run([command[0], "-m", "pip", "uninstall", "-qy", "second"], check=True)


@pytest.mark.slow
def test_pip_keeps_its_temporary_files_in_the_environment(checkout):
    temporary = Path((checkout.root / "temporary.txt").read_text())
    assert temporary.is_relative_to(checkout.root / ".venv")


@pytest.mark.slow
def test_progress_is_a_line_in_a_log_and_one_living_line_on_a_terminal(checkout):
    stamp = checkout.root / ".venv" / ".coursekit-lock"
    stamp.unlink()
    assert re.search(r"^   0:00  0\.\d GB  \w+", checkout.install()[1], re.MULTILINE)
    stamp.unlink()
    reader, writer = pty.openpty()
    command = [sys.executable, "tools/install.py"]
    with subprocess.Popen(command, cwd=checkout.root, stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        shown = b""
        while True:
            try:
                piece = os.read(reader, 1000)
            except OSError:  # the other end is closed
                break
            shown += piece
    os.close(reader)
    assert process.returncode == 0
    assert re.search(rb"\r\x1b\[K   0:00  0\.\d GB  [^\r\n]+\r\x1b\[K", shown)
