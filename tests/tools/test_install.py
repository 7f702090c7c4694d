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
    message = rf"This is Python {version[0]}\.{version[1]}, .* 3\.10 or newer"
    with pytest.raises(SystemExit, match=message):
        install.check_python(version, "Linux", "x86_64")


@pytest.mark.parametrize("version", [(3, 10), (3, 13), (3, 14)])
def test_python_from_3_10_on_is_accepted(version):
    install.check_python(version, "Darwin", "arm64")
    install.check_python(version, "Linux", "x86_64")


def test_intel_mac_is_refused_and_colab_is_named():
    with pytest.raises(SystemExit, match=r"Intel processor.*Colab"):
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
    assert f"This is Python {version}, the course needs 3.10 or newer" in answer.stderr


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


def test_a_venv_that_cannot_be_made_names_the_debian_package(monkeypatch, tmp_path):
    monkeypatch.setattr(install, "PYTHON", tmp_path / "python")
    monkeypatch.setattr(install.subprocess, "call", lambda command: 1)
    package = rf"sudo apt install python{sys.version_info[0]}\.{sys.version_info[1]}-venv"
    with pytest.raises(SystemExit, match=rf"what it said stands above\. .*\n.*{package}"):
        install.make_venv()


def test_a_disk_that_is_too_small_is_refused_and_the_message_says_how_much_is_missing():
    message = r"3\.0 GB are free .*\ntakes 10\.7 GB .* Free 7\.7 GB more"
    with pytest.raises(SystemExit, match=message):
        install.cache_options(3, 0, "Linux", "x86_64")
    assert install.cache_options(11, 0, "Linux", "x86_64") == ["--no-cache-dir"]
    assert install.cache_options(15, 0, "Linux", "x86_64") == []
    assert install.cache_options(6, 5, "Linux", "x86_64") == ["--no-cache-dir"], "5 GB are there"
    for computer in (("Linux", "aarch64"), ("Darwin", "arm64")):
        assert install.cache_options(4, 0, *computer) == []


def test_a_folder_that_cannot_be_written_is_refused_and_a_copy_is_advised(tmp_path, monkeypatch):
    def fail(path, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(Path, "mkdir", fail)
    message = (
        rf"cannot be set up: .*Permission denied: '{tmp_path}/\.venv'\n.* a copy:\ncp -r .* ~/course && "
    )
    with pytest.raises(SystemExit, match=message):
        install.main(chosen=False)


def test_an_error_that_a_copy_would_not_repair_gets_no_such_advice(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    (tmp_path / ".venv").write_text("a file")
    with pytest.raises(SystemExit) as ended:
        install.main(chosen=False)
    assert re.fullmatch(
        r"The course cannot be set up: .*File exists.*\nRepair that, .* it goes on from here\.",
        str(ended.value),
    )


@pytest.mark.parametrize("there", [True, False])
def test_a_venv_that_is_a_link_is_repaired_and_its_folder_made_if_it_is_gone(there, tmp_path, monkeypatch):
    place, link = tmp_path / "large" / "disk", tmp_path / ".venv"
    link.symlink_to(place)
    if there:
        (place / "bin").mkdir(parents=True)
    for name, path in {"VENV": "", "PYTHON": "bin/python", "STAMP": "stamp", "TEMPORARY": "tmp"}.items():
        monkeypatch.setattr(install, name, link / path)
    commands: list[list[str]] = []
    monkeypatch.setattr(install.subprocess, "call", lambda command: commands.append(command) or 0)
    monkeypatch.setattr(install, "pip_install", lambda *_: None)
    monkeypatch.setattr(install, "cache_options", lambda *_: [])
    install.install()
    assert link.is_symlink()
    assert (place / "bin" / "activate").is_file()
    assert commands == [[sys.executable, "-m", "venv", "--clear", str(place)]], "venv refuses a link"
    assert (place / "stamp").is_file()


def test_the_stamp_is_kept_where_the_repair_fails_before_anything_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setattr(install, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(install, "repair", lambda: sys.exit("cannot be repaired"))
    install.STAMP.write_text("of another lock")
    with pytest.raises(SystemExit, match="cannot be repaired"):
        install.install()
    assert install.STAMP.is_file()


@pytest.mark.parametrize(
    "place",
    ["plain", "with space", "$HOME", '`date` "it\'s" $HOME \\here', "long" * 30],
    ids=["plain", "space", "dollar", "all", "long"],
)
def test_a_repaired_script_runs_whatever_its_path_holds(place, tmp_path, monkeypatch):
    folder = tmp_path / place / ".venv"
    (folder / "bin").mkdir(parents=True)
    python, script = folder / "bin" / "python", folder / "bin" / "tool"
    python.symlink_to(sys.executable)
    monkeypatch.setattr(install, "VENV", folder)
    monkeypatch.setattr(install, "PYTHON", python)
    script.write_text("#!/old place/.venv/bin/python\nimport sys\nprint('it runs', sys.argv[1:])\n")
    script.chmod(0o755)
    for _ in range(2):  # what was repaired can be repaired again
        install.repair()
        answer = subprocess.run(
            [script, "a b"], env={"PYTHONWARNINGS": "error"}, capture_output=True, text=True, check=False
        )
        assert (answer.stdout, answer.stderr) == ("it runs ['a b']\n", "")


def test_an_environment_whose_python_is_gone_is_installed_again(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "PYTHON", tmp_path / "python")
    monkeypatch.setattr(install, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(install, "install", lambda: sys.exit("installs"))
    install.STAMP.write_text(install.state_of(ROOT))
    install.PYTHON.touch()
    install.main(chosen=False)
    install.PYTHON.unlink()
    with pytest.raises(SystemExit, match="installs"):
        install.main(chosen=False)


@pytest.mark.parametrize("change", ["requirements.lock", "pyproject.toml", "place"])
def test_another_lock_project_or_place_means_to_install_again(tmp_path, change):
    root = tmp_path / "Łódź \udcff"  # a path may have bytes that are no letters
    root.mkdir()
    for name in ("requirements.lock", "pyproject.toml"):
        (root / name).write_text("")
    state = install.state_of(root)
    if change == "place":
        root = root.rename(tmp_path / "moved")
    else:
        (root / change).write_text("\n")
    assert install.state_of(root) != state


@pytest.mark.slow
def test_the_packages_of_the_lock_agree_with_each_other():
    """`pip install --no-deps` does not ask, and a lock that is edited by hand may be wrong."""
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert answer.stdout == "No broken requirements found.\n"


def test_every_package_here_counts_as_unpacked():
    """`repair` goes by the file INSTALLER: pip writes it when a package is unpacked."""
    folders = [Path(str(package._path)) for package in importlib.metadata.distributions()]  # type: ignore[attr-defined]
    assert len(folders) > 100
    assert [folder.name for folder in folders if not (folder / "INSTALLER").is_file()] == []


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

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def stamp(self) -> Path:
        return self.venv / ".coursekit-lock"

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
        """Whether the script runs, by itself and after `activate`, and the course is imported from here."""
        course = "cd /; python -c 'import course; print(course.__file__)'"
        commands = f".venv/bin/first; . .venv/bin/activate; first; {course}"
        answer = subprocess.run(
            ["sh", "-c", commands], cwd=self.root, capture_output=True, text=True, check=False
        )
        return answer.stdout == f"it runs\nit runs\n{self.root / 'course.py'}\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Checkout:
    """Installed once."""
    checkout = Checkout(tmp_path_factory.mktemp("a-checkout") / "of-a-course")
    code, output, errors = checkout.install()
    assert code == 0, errors
    assert re.search(r"^Making \.venv with Python 3\.", output)
    assert re.search(r"^   0:00  0\.\d GB  ", output, re.MULTILINE), "a line of progress"
    return checkout


@pytest.fixture
def checkout(built) -> Checkout:
    """Installed, wherever the tests before have stopped."""
    code, _, errors = built.install()
    assert code == 0, errors
    return built


@pytest.mark.slow
def test_what_is_installed_works_and_is_installed_once(checkout):
    assert checkout.works()
    assert checkout.install("--chosen") == (0, "", "")


@pytest.mark.slow
def test_another_python_is_refused_only_where_it_is_asked_for_by_name(checkout):
    settings = checkout.venv / "pyvenv.cfg"
    as_made = settings.read_text()
    settings.write_text(re.sub(r"(?m)^version = .*", "version = 3.9.1", as_made))
    assert checkout.install() == (0, "", "")
    code, _, errors = checkout.install("--chosen")
    settings.write_text(as_made)
    asked = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert (code, errors) == (1, f".venv was made with another Python than {asked}: run `make clean` first\n")


@pytest.mark.slow
def test_kernels_load_the_course_as_they_start(checkout):
    folder = checkout.venv / "etc" / "ipython"
    settings = PyFileConfigLoader("ipython_kernel_config.py", str(folder)).load_config()
    assert settings.InteractiveShellApp.extensions == ["coursekit"]
    looked = ENV_CONFIG_DIRS + SYSTEM_CONFIG_DIRS
    assert str(Path(sys.prefix) / "etc" / "ipython") in looked, "where IPython looks for it"


@pytest.mark.slow
def test_pip_keeps_its_temporary_files_in_the_environment(checkout):
    temporary = Path((checkout.root / "temporary.txt").read_text())
    assert temporary.is_relative_to(checkout.venv)


@pytest.mark.slow
def test_a_moved_checkout_is_repaired(checkout):
    """Its scripts, `activate` and the editable install name the old place; the new one has spaces."""
    old = checkout.root
    for place in (old.with_name("moved to here"), old):
        checkout.root = checkout.root.rename(place)
        assert not checkout.works()
        assert checkout.install()[0] == 0
        assert checkout.works()


@pytest.mark.slow
def test_an_environment_whose_pip_is_half_unpacked_is_made_anew(checkout):
    (installer,) = checkout.venv.glob("lib/python*/site-packages/pip-*.dist-info/INSTALLER")
    installer.unlink()
    checkout.stamp.unlink()
    assert "Making .venv" in checkout.install()[1]
    assert checkout.works()


@pytest.mark.slow
def test_after_an_interruption_it_says_how_to_go_on_and_goes_on(checkout):
    checkout.stamp.unlink()
    process = checkout.hang()
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate()[1]
    assert process.returncode == 130
    assert errors == "\nInterrupted. Run the same command again: it goes on from here.\n"
    assert not any((checkout.venv / "tmp").iterdir()), "pip has cleaned up before the installer ends"
    # As if pip had been killed while it unpacked a package:
    (packages,) = checkout.venv.glob("lib/python*/site-packages")
    (packages / "first.py").unlink()
    (packages / "first-1.0.dist-info" / "INSTALLER").unlink()
    (checkout.venv / "tmp" / "half").write_text("")
    assert not checkout.works()
    code, output, _ = checkout.install()
    assert (code, "Making .venv" in output) == (0, False)
    assert checkout.works()
    assert not any((checkout.venv / "tmp").iterdir())


@pytest.mark.slow
def test_what_cannot_be_installed_is_named_and_leaves_no_stamp(checkout):
    lock = checkout.root / "requirements.lock"
    lock.write_text("first==1.0\nno-such-package==1.0\n")
    code, _, errors = checkout.install()
    lock.write_text("first==1.0\n")
    assert code == 1
    assert "No matching distribution found for no-such-package==1.0" in errors
    assert "it goes on from here" in errors
    assert str(checkout.venv / "install.log") in errors
    assert "no-such-package" in (checkout.venv / "install.log").read_text()
    assert not checkout.stamp.exists()


@pytest.mark.slow
def test_progress_is_one_living_line_on_a_terminal(checkout):
    checkout.stamp.unlink()
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
