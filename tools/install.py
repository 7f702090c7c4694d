"""Make the course's own Python environment in `.venv`: `make lab` and `make test` call this first.

The Python of the system runs this file before anything is installed. So it uses the standard library only,
and Python 3.6 can read it (types in quotes, no newer syntax), to say that it is too old.

The stamp is written last. If it agrees with the lock and with the place of the folder, nothing is to be done.
Otherwise (the first time, after an interruption, with a new lock, in a moved folder) all steps of `install`
run, and each of them keeps what is in order.
"""

import contextlib
import errno
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON, STAMP, LOG = VENV / "bin" / "python", VENV / ".coursekit-lock", VENV / "install.log"
TEMPORARY = VENV / "tmp"  # pip's: /tmp is often small
OLDEST, NEWEST = (3, 10), (3, 13)
GB = 10**9
# GB of the finished .venv, and of what pip downloads for it. Measured with the lock of November 2026 on Linux
# x86_64, whose PyTorch carries NVIDIA's libraries (5.6 GB). Elsewhere PyTorch alone takes 0.7 GB.
NEEDED_GB = {"cuda": (6.8, 3.4), "cpu": (1.8, 0.7)}
# How a repaired script begins: the shell starts the Python beside it; to Python these lines are a string.
SCRIPT = b"""#!/bin/sh
'''exec' "$(dirname "$(readlink -f "$0")")/python" "$0" "$@"
' '''
"""


def check_python(version: "tuple[int, ...]", system: str, machine: str) -> None:
    """Refuse a Python that is too old, and the one common computer for which PyTorch is no longer built."""
    if version < OLDEST:
        sys.exit(
            f"This is Python {version[0]}.{version[1]}, the course needs {OLDEST[0]}.{OLDEST[1]} or newer.\n"
            "Install one (Debian, Ubuntu: sudo apt install python3.11 python3.11-venv; macOS: brew install\n"
            "python@3.12), or name one that you have: make PYTHON=python3.12 lab"
        )
    if (system, machine) == ("Darwin", "x86_64"):
        sys.exit(
            "PyTorch is no longer built for Macs with an Intel processor. Run the course on Colab\n"
            "(README.md). Is this an Apple silicon Mac? Then it is an Intel Python: brew install python@3.12"
        )


def cache_options(free: float, there: float, system: str, machine: str) -> "list[str]":
    """Refuse a disk that PyTorch does not fit on; give pip's option where its cache would not fit as well.

    pip unpacks only after it has downloaded everything, so for a while the disk has to hold both. `free` are
    the GB where the checkout lies, `there` those that an interrupted install has left.
    """
    environment, download = NEEDED_GB["cuda" if system == "Linux" and machine != "aarch64" else "cpu"]
    needed = max(environment + download - there, 0) + 0.5
    if free < needed:
        sys.exit(
            f"The disk is too small for PyTorch: {free:.1f} GB are free where this folder lies, the install\n"
            f"takes {needed:.1f} GB (a part of it only until it is done). Free {needed - free:.1f} GB more,\n"
            "move this folder to a larger disk, or run the course on Colab (README.md)"
        )
    return [] if free >= needed + download else ["--no-cache-dir"]


def state_of(root: Path) -> str:
    """What the stamp says: a checksum of the files that the environment is made from, and of its place."""
    files = [(root / name).read_bytes() for name in ("requirements.lock", "pyproject.toml")]
    return hashlib.sha256(b"\n".join([*files, os.fsencode(str(root))])).hexdigest()


def make_venv() -> None:
    """Make `.venv`, or keep the one that is there if its Python runs and has pip."""
    has_pip = [str(PYTHON), "-c", "import importlib.metadata; importlib.metadata.version('pip')"]
    if PYTHON.exists() and subprocess.call(has_pip, stderr=subprocess.DEVNULL) == 0:
        return
    print(f"Making .venv with Python {platform.python_version()} ({sys.executable})", flush=True)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", os.path.realpath(str(VENV))]) != 0:
        sys.exit(
            "`python -m venv` failed: what it said stands above. Is a module missing? Install it (Debian,\n"
            f"Ubuntu: sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv), name another "
            "Python\n(make PYTHON=... lab), or install with conda (README.md)"
        )


def repair() -> None:
    """Put in order what an interrupted install has left, and what names the folder's former place.

    pip takes a package for installed as soon as its .dist-info folder is there, but writes the file INSTALLER
    into it last: a package without that file has to be unpacked again.
    """
    shutil.rmtree(TEMPORARY, ignore_errors=True)
    for package in VENV.glob("lib/python*/site-packages/*.dist-info"):
        if not (package / "INSTALLER").exists():
            shutil.rmtree(package)
    for script in PYTHON.parent.glob("*"):
        content = script.read_bytes() if script.is_file() and not script.is_symlink() else b""
        old = re.match(rb"#!(/bin/sh\n'''exec' \")?/.*/\.venv/bin/python.*\n(' '''\n)?", content)
        if old:
            script.write_bytes(SCRIPT + content[old.end() :])
    activate = venv.EnvBuilder()
    activate.setup_scripts(activate.ensure_directories(os.path.realpath(str(VENV))))  # it takes no link


def pip_install(*arguments: str) -> None:
    """Run the environment's pip, with one line of progress; all that it says goes to `.venv/install.log`."""
    TEMPORARY.mkdir(exist_ok=True)
    # Python compiles a module when it is first imported; to compile all 17,000 here takes over half a minute.
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--no-deps", "--no-compile"]
    command = [str(PYTHON), "-m", "pip", "install", *options, *arguments]
    variables = {**os.environ, "TMPDIR": str(TEMPORARY), "PYTHONUNBUFFERED": "1"}
    begin, end, pause = ("\r\033[K", "", 2) if sys.stdout.isatty() else ("", "\n", 30)
    start, free = time.monotonic(), shutil.disk_usage(VENV).free
    with LOG.open("w") as log:
        pip = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        while pip.poll() is None:
            seconds, used = int(time.monotonic() - start), max(free - shutil.disk_usage(VENV).free, 0) / GB
            said = LOG.read_text(errors="replace").strip() or "starting pip"
            line = f"  {seconds // 60:2d}:{seconds % 60:02d}  {used:.1f} GB  " + said.split("\n")[-1].strip()
            print(begin + line[: shutil.get_terminal_size().columns - 1], end=end, flush=True)
            with contextlib.suppress(subprocess.TimeoutExpired):
                pip.wait(pause)
    finally:
        pip.wait()  # Ctrl-C reaches pip as well: let it clean up
        print(begin, end="", flush=True)
    if pip.returncode != 0:
        last = "\n".join(LOG.read_text(errors="replace").strip().split("\n")[-6:])
        sys.exit(
            "pip could not install the packages. The common reasons are a full disk, and a network that is\n"
            "not there or broke off (HTTPS_PROXY, if you use a proxy). Repair that, then run the same\n"
            f"command again: it goes on from here. pip's last lines (all of them: {LOG}):\n{last}"
        )


def install() -> None:
    """Bring `.venv` to the state that the lock describes, and stamp it."""
    # `.venv` may be a link, to a folder on a larger disk.
    Path(os.path.realpath(str(VENV))).mkdir(parents=True, exist_ok=True)
    repair()
    STAMP.unlink(missing_ok=True)
    make_venv()
    free, there = shutil.disk_usage(VENV).free, sum(path.lstat().st_size for path in VENV.rglob("*"))
    options = cache_options(free / GB, there / GB, platform.system(), platform.machine())
    print("Installing the course into .venv. PyTorch is most of it: some minutes, this once.", flush=True)
    pip_install("--requirement=requirements.lock", *options)
    pip_install("--editable=.", "--no-build-isolation")
    # Kernels load coursekit as they start: so it can explain an error of a cell run before all others.
    settings = VENV / "etc" / "ipython" / "ipython_kernel_config.py"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('c = get_config()\nc.InteractiveShellApp.extensions = ["coursekit"]\n')
    STAMP.write_text(state_of(ROOT))
    print("Installed.")


def main(chosen: bool) -> None:
    """Install what is not there yet; `chosen` says that the user has asked for this Python by name."""
    version = sys.version_info[:2]
    check_python(version, platform.system(), platform.machine())
    try:
        settings = VENV / "pyvenv.cfg"  # it has a line such as "version = 3.11.7"
        if chosen and settings.is_file() and " = {}.{}.".format(*version) not in settings.read_text("utf-8"):
            sys.exit(".venv was made with another Python than {}.{}: run `make clean` first".format(*version))
        if PYTHON.exists() and STAMP.is_file() and STAMP.read_bytes() == state_of(ROOT).encode():
            return
        if version > NEWEST:
            print("Note: the course is tested with Python up to {}.{}.".format(*NEWEST))
        install()
    except (OSError, ValueError) as error:
        advice = "Repair that, then run the same command again: it goes on from here."
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            advice = (
                "If this folder is not yours, work in a copy:\n"
                f'cp -r "{ROOT}" ~/course && chmod -R u+w ~/course && cd ~/course && make lab'
            )
        sys.exit(f"The course cannot be set up: {error}\n{advice}")
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again: it goes on from here.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main(chosen="--chosen" in sys.argv)
