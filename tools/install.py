"""Make the course's own Python environment in `.venv`: `make lab` and `make test` call this first.

The Python of the system runs this file as a plain script, before anything is installed. So it uses the
standard library only, and Python 3.6 can read it (types in quotes, no newer syntax), to say that it is
too old.

The stamp, `.venv/.coursekit-lock`, is written last. It says what the environment was made from, and where it
lies. If it agrees, there is nothing to do. After an interruption there is none, and the next install goes on.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 10), (3, 13)
GB = 10**9
PATHS = "utf-8", "surrogateescape"  # how the stamp is written: a path may have any letters, and other bytes
# GB of the finished .venv, and of what pip downloads for it. Measured with the lock of November 2026 on Linux
# x86_64, whose PyTorch carries NVIDIA's libraries (5.6 GB). Elsewhere PyTorch alone takes 0.7 GB.
NEEDED_GB = {"cuda": (6.8, 3.4), "cpu": (1.8, 0.7)}


class SetupError(Exception):
    """The course cannot be set up here; the message says what to do."""


def check_python(version: "tuple[int, int]", system: str, machine: str) -> None:
    """Refuse a Python that is too old, and the one common computer for which PyTorch is no longer built."""
    if version < OLDEST:
        raise SetupError(
            f"this is Python {version[0]}.{version[1]}, the course needs {OLDEST[0]}.{OLDEST[1]} or newer.\n"
            "Install one (Debian, Ubuntu: sudo apt install python3.11 python3.11-venv; macOS: brew install\n"
            "python@3.12; Windows: winget install Python.Python.3.12), or name one that you have:\n"
            "make PYTHON=python3.12 lab"
        )
    if (system, machine) == ("Darwin", "x86_64"):
        raise SetupError(
            "PyTorch is no longer built for Macs with an Intel processor. Run the course on Colab\n"
            "(README.md). Is this an Apple silicon Mac? Then it is an Intel Python: brew install python@3.12"
        )


def check_same_python(root: Path, version: "tuple[int, int]") -> None:
    """Refuse an environment of one Python where another one, such as (3, 12), was asked for by name."""
    configuration = root / ".venv" / "pyvenv.cfg"
    text = configuration.read_text("utf-8", "replace") if configuration.is_file() else ""
    made, asked = re.search(r"(?m)^version\w* *= *(\d+\.\d+)", text), f"{version[0]}.{version[1]}"
    if made and made[1] != asked:
        raise SetupError(f".venv was made with Python {made[1]}, you ask for {asked}: run `make clean` first")


def check_writable(root: Path) -> None:
    """Refuse a folder that cannot be written, such as one that is shared, before anything is tried."""
    environment = root / ".venv"
    if not os.access(environment if environment.exists() else root, os.W_OK):
        raise SetupError(
            f"you may not write to {root}. Work in a copy of your own:\n"
            f"cp -r {shlex.quote(str(root))} ~/course && chmod -R u+w ~/course && cd ~/course && make lab"
        )


def cache_options(free: int, there: int, system: str, machine: str) -> "list[str]":
    """Refuse a disk that PyTorch does not fit on; give pip's option where its cache would not fit as well.

    pip unpacks only after it has downloaded everything, so for a while the disk has to hold both. `free` are
    bytes where the checkout lies, `there` those that an interrupted install has left.
    """
    kind = "cuda" if system == "Linux" and machine != "aarch64" else "cpu"
    environment, download = (int(size * GB) for size in NEEDED_GB[kind])
    needed = max(environment + download - there, 0) + GB // 2
    if free < needed:
        raise SetupError(
            f"the disk is too small for PyTorch: {free / GB:.1f} GB are free where this folder lies, the\n"
            f"install takes {needed / GB:.1f} GB (a part of it only until it is done). "
            f"Free {(needed - free) / GB:.1f} GB more, move this\n"
            "folder to a larger disk, or run the course on Colab (README.md)"
        )
    return [] if free >= needed + download else ["--no-cache-dir"]


def venv_python(root: Path) -> Path:
    """The environment's own Python."""
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def state_of(root: Path) -> str:
    """What the stamp says: a checksum of the files that the environment is made from, and its place."""
    files = [(root / name).read_bytes() for name in ("requirements.lock", "pyproject.toml")]
    return f"{hashlib.sha256(b''.join(files)).hexdigest()}\n{root}\n"


def is_current(root: Path) -> bool:
    """Whether the environment is there, finished, and made from the files as they are now."""
    stamp = root / ".venv" / ".coursekit-lock"
    return stamp.is_file() and stamp.read_text(*PATHS) == state_of(root) and venv_python(root).exists()


def make_venv(root: Path) -> None:
    """Make `.venv`, or keep the one that is there if its pip runs."""
    if venv_python(root).exists():
        version = [str(venv_python(root)), "-m", "pip", "--version"]
        if subprocess.run(version, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT).returncode == 0:
            return
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise SetupError(
            f"this Python has no module {' and no module '.join(missing)}.\n"
            f"Debian, Ubuntu: sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv. "
            "Without root: name\nanother Python, make PYTHON=... lab, or install with conda (README.md)"
        )
    print(f"Making .venv with Python {platform.python_version()} ({sys.executable})", flush=True)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(root / ".venv")]) != 0:
        raise SetupError("`python -m venv` failed: what it said stands above")


def repair(root: Path, moved_from: str) -> None:
    """Put in order what an interrupted install has left, and what names the place that the folder had before.

    pip takes a package for installed as soon as its .dist-info folder is there, but writes the file INSTALLER
    into it last: a package without that file has to be unpacked again.
    """
    for folder in (root / ".venv").glob("[Ll]ib/**/site-packages/*.dist-info"):
        if not (folder / "INSTALLER").exists():
            shutil.rmtree(folder)
    for script in venv_python(root).parent.iterdir() if moved_from else ():
        with contextlib.suppress(UnicodeDecodeError):  # a program, not a script
            if script.is_file() and not script.is_symlink():
                script.write_text(script.read_text("utf-8").replace(moved_from, str(root)), "utf-8")


def pip(root: Path, *arguments: str) -> None:
    """Run the environment's pip, with one line of progress; all that it says goes to `.venv/install.log`.

    Its temporary files go into the environment, so that only one disk has to be large: /tmp is often small.
    """
    log, temporary = root / ".venv" / "install.log", root / ".venv" / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)  # an interrupted install may have left it
    temporary.mkdir()
    variables = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "PYTHONUNBUFFERED": "1"}
    command = [str(venv_python(root)), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    begin, end, pause = ("\r\033[K", "", 2) if sys.stdout.isatty() else ("", "\n", 30)
    start, free = time.monotonic(), shutil.disk_usage(root).free
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=root, env=variables, stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    try:
        while process.poll() is None:
            seconds, used = int(time.monotonic() - start), max(free - shutil.disk_usage(root).free, 0) / GB
            said = (lines(log) or ["starting pip"])[-1]
            line = f"  {seconds // 60:2d}:{seconds % 60:02d}  {used:.1f} GB  {said}"
            print(begin + line[: shutil.get_terminal_size().columns - 1], end=end, flush=True)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(pause)
    finally:
        process.wait()  # Ctrl-C reaches pip as well: let it clean up
        shutil.rmtree(temporary, ignore_errors=True)
        print(begin, end="", flush=True)
    if process.returncode != 0:
        last = "\n".join(f"    {line}" for line in lines(log)[-6:])
        raise SetupError(
            "pip could not install the packages. The common reasons are a full disk, and a network that is\n"
            "not there or broke off (HTTPS_PROXY, if you use a proxy). Repair that, then run the same\n"
            f"command again: it goes on from here. pip's last lines (all of them: {log}):\n{last}"
        )


def load_in_kernels(root: Path) -> None:
    """Kernels load coursekit as they start: so it can explain an error of a cell run before all others."""
    settings = root / ".venv" / "etc" / "ipython" / "ipython_kernel_config.py"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('c = get_config()\nc.InteractiveShellApp.extensions = ["coursekit"]\n')


def lines(log: Path) -> "list[str]":
    """What pip has said, without empty lines."""
    return [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]


def install(root: Path) -> None:
    """Bring `.venv` to the state that the lock describes, and stamp it."""
    check_writable(root)
    stamp, start = root / ".venv" / ".coursekit-lock", time.monotonic()
    moved_from = ""
    if stamp.is_file():
        print("The lock, pyproject.toml or the place of this folder has changed: bringing .venv up to date.")
        moved_from = "".join(
            place for place in stamp.read_text(*PATHS).splitlines()[1:] if place != str(root)
        )
    make_venv(root)
    repair(root, moved_from)
    if stamp.is_file():
        stamp.unlink()
    there = sum(path.lstat().st_size for path in (root / ".venv").rglob("*"))
    options = cache_options(shutil.disk_usage(root).free, there, platform.system(), platform.machine())
    print("Installing the course into .venv. PyTorch is most of it: some minutes, this once.", flush=True)
    # Python compiles a module when it is first imported; to compile all 17,000 here takes over half a minute.
    options += ["--no-compile", "--progress-bar=off", "--no-deps"]
    pip(root, "install", *options, "--requirement=requirements.lock")
    pip(root, "install", "--no-deps", "--no-build-isolation", "--editable=.")
    pip(root, "check")
    load_in_kernels(root)
    unfinished = stamp.with_name(stamp.name + ".new")
    unfinished.write_text(state_of(root), *PATHS)
    unfinished.replace(stamp)
    print(f"Installed in {time.monotonic() - start:.0f} s.")


def main(arguments: "list[str]") -> int:
    """Command line of this file; returns the exit code."""
    version = (sys.version_info[0], sys.version_info[1])
    parser = argparse.ArgumentParser(description="Make the course's own Python environment in .venv.")
    parser.add_argument("--extra", default="", help="also install this extra of pyproject.toml")
    parser.add_argument("--chosen", action="store_true", help="this Python was asked for by name")
    options = parser.parse_args(arguments)
    try:
        check_python(version, platform.system(), platform.machine())
        if options.chosen:
            check_same_python(ROOT, version)
        if not is_current(ROOT):
            if version > NEWEST:
                print(f"Note: the course is tested with Python up to {NEWEST[0]}.{NEWEST[1]}.")
            install(ROOT)
        if options.extra:  # what the lock has stays as the lock has it
            bounds = ["--constraint=requirements.lock", "--no-build-isolation", "--progress-bar=off"]
            pip(ROOT, "install", *bounds, f"--editable=.[{options.extra}]")
    except (SetupError, OSError) as error:
        print(f"\nThe course cannot be set up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again: it goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
