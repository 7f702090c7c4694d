"""Make the course's own Python environment in `.venv`: `make lab` and `make test` call this first.

The Python of the system runs this file as a plain script, before anything is installed. So it uses
the standard library only, imports nothing of coursekit, and keeps to what Python 3.6 can read (types
in quotes, no newer syntax), to be able to say that Python 3.6 is too old.

A stamp, `.venv/.coursekit-lock`, is written last. It holds the checksum of everything the environment
was made from; where it agrees, there is nothing to do. An interrupted install has none, and the next
one goes on with what is there.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, TextIO  # noqa: UP035 (collections.abc.Callable[...] is too new for Python 3.6)

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 10)
NEWEST = (3, 13)
GB = 10**9

# GB of the finished .venv, and of what pip downloads for it. Measured with the lock of November 2026 on Linux
# x86_64, whose PyTorch carries NVIDIA's libraries (5.6 GB); elsewhere PyTorch alone takes 0.7 GB.
NEEDED_GB = {"cuda": (6.8, 3.4), "cpu": (1.8, 0.7)}
SPARE = GB // 2


class SetupError(Exception):
    """Something that the learner has to mend; the message says how."""


def check_version(version: "tuple[int, int]") -> None:
    """Refuse a Python that the course cannot run on.

    Args:
        version: such as (3, 11).

    Raises:
        SetupError: older than 3.10.
    """
    if version < OLDEST:
        raise SetupError(
            f"this is Python {version[0]}.{version[1]}, the course needs {OLDEST[0]}.{OLDEST[1]} or newer.\n"
            "Install one (Debian, Ubuntu: sudo apt install python3.11 python3.11-venv; macOS: brew install\n"
            "python@3.12; Windows: winget install Python.Python.3.12), or name one that you have:\n"
            "make PYTHON=python3.12 lab"
        )


def check_platform(system: str, machine: str) -> None:
    """Refuse the one common computer for which current PyTorch is not built.

    Args:
        system: as `platform.system()` gives it.
        machine: as `platform.machine()` gives it.

    Raises:
        SetupError: a Mac with an Intel processor.
    """
    if system == "Darwin" and machine == "x86_64":
        raise SetupError(
            "PyTorch is no longer built for Macs with an Intel processor. Run the course on Colab\n"
            "(README.md). Is this an Apple silicon Mac? Then it is an Intel Python: brew install python@3.12"
        )


def check_modules(
    version: "tuple[int, int]", find: "Callable[[str], Any]" = importlib.util.find_spec
) -> None:
    """Refuse a Python without the modules that make an environment.

    Args:
        version: such as (3, 11), for the message.
        find: gives None for a module that is missing.

    Raises:
        SetupError: `venv` or `ensurepip` is missing, as in Debian's Python without python3-venv.
    """
    missing = [name for name in ("venv", "ensurepip") if find(name) is None]
    if missing:
        raise SetupError(
            f"this Python has no module {' and no module '.join(missing)}.\n"
            f"Debian, Ubuntu: sudo apt install python{version[0]}.{version[1]}-venv. Without root: name\n"
            "another Python, make PYTHON=... lab, or take the conda way (README.md)"
        )


def needed(system: str, machine: str) -> "tuple[int, int]":
    """What the course takes on this kind of computer.

    Args:
        system: as `platform.system()` gives it.
        machine: as `platform.machine()` gives it.

    Returns:
        (bytes of the finished environment, bytes to download).
    """
    cuda = system == "Linux" and machine != "aarch64"
    environment, download = NEEDED_GB["cuda" if cuda else "cpu"]
    return int(environment * GB), int(download * GB)


def check_disk(free: int, wanted: int) -> None:
    """Refuse a disk that PyTorch does not fit on.

    Args:
        free: bytes free where the checkout lies.
        wanted: bytes that the install still takes at its peak.

    Raises:
        SetupError: too small; the message says how much is missing.
    """
    if free < wanted:
        raise SetupError(
            f"the disk is too small for PyTorch: {free / GB:.1f} GB are free where this folder lies, the\n"
            f"install takes {wanted / GB:.1f} GB (a part of it only until it is done). "
            f"Free {(wanted - free) / GB:.1f} GB more, move this\n"
            "folder to a larger disk, or run the course on Colab (README.md)"
        )


def keep_cache(free: int, same_disk: bool, wanted: int, download: int) -> bool:
    """Whether pip may also keep the downloads in its cache, which spares the next download.

    Args:
        free: bytes free where the cache lies.
        same_disk: the cache lies on the disk of the checkout.
        wanted: bytes that the checkout takes.
        download: bytes to download.

    Returns:
        True where there is room for it.
    """
    return free >= download + SPARE + (wanted if same_disk else 0)


def plan_disk(root: Path, cache: Path) -> "list[str]":
    """Check the disks; give the option that pip needs where its cache has no room.

    pip unpacks only after it has downloaded everything, so the environment has to hold both for a while.

    Args:
        root: the checkout.
        cache: pip's cache folder; it need not exist.

    Returns:
        Options for pip.

    Raises:
        SetupError: the disk of the checkout is too small.
    """
    environment, download = needed(platform.system(), platform.machine())
    wanted = max(environment + download - folder_size(root / ".venv"), 0) + SPARE
    check_disk(shutil.disk_usage(root).free, wanted)
    while not cache.exists():
        cache = cache.parent
    same_disk = cache.stat().st_dev == root.stat().st_dev
    room = keep_cache(shutil.disk_usage(cache).free, same_disk, wanted, download)
    return [] if room else ["--no-cache-dir"]


def folder_size(folder: Path) -> int:
    """Bytes in the files of a folder, 0 where there is none; files that vanish meanwhile do not count."""
    total = 0
    for place, _, names in os.walk(str(folder)):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(f"{place}/{name}").st_size
    return total


def fingerprint(root: Path) -> str:
    """Checksum of what an environment is made from: the lock, pyproject.toml, and where the checkout lies."""
    digest = hashlib.sha256(str(root).encode())
    for name in ("requirements.lock", "pyproject.toml"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def is_current(root: Path) -> bool:
    """Whether the environment is there, finished, and made from the files as they are now."""
    stamp = root / ".venv" / ".coursekit-lock"
    return stamp.is_file() and stamp.read_text().strip() == fingerprint(root) and venv_python(root).exists()


def venv_python(root: Path) -> Path:
    """The environment's own Python."""
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def check_same_python(root: Path, version: "tuple[int, int]") -> None:
    """Refuse to use an environment of one Python where another was asked for by name.

    Args:
        root: the checkout.
        version: the one asked for, such as (3, 12).

    Raises:
        SetupError: `.venv` was made with another version.
    """
    configuration = root / ".venv" / "pyvenv.cfg"
    text = configuration.read_text() if configuration.is_file() else ""
    found = re.search(r"^version\w* *= *(\d+)\.(\d+)", text, re.MULTILINE)
    if found and (int(found[1]), int(found[2])) != version:
        raise SetupError(
            f".venv was made with Python {found[1]}.{found[2]}, you ask for {version[0]}.{version[1]}: "
            "run `make clean` first"
        )


def make_venv(root: Path, say: "Callable[[str], None]") -> None:
    """Make `.venv`, or keep the one that is there when its pip runs.

    Args:
        root: the checkout.
        say: prints a line.

    Raises:
        SetupError: this Python cannot make one.
    """
    python = venv_python(root)
    if python.exists() and _quiet([str(python), "-m", "pip", "--version"]).returncode == 0:
        return
    check_modules((sys.version_info[0], sys.version_info[1]))
    say(f"Making .venv with Python {platform.python_version()} ({sys.executable})")
    made = _quiet([sys.executable, "-m", "venv", "--clear", str(root / ".venv")])
    if made.returncode != 0:
        raise SetupError(f"`python -m venv` failed:\n{made.stdout.strip()}")


def _quiet(command: "list[str]") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def drop_unfinished(root: Path) -> "list[str]":
    """Forget packages whose unpacking was interrupted, so that pip unpacks them again.

    pip takes a package for installed as soon as its .dist-info folder is there, but writes the file
    INSTALLER in it only when everything else is in place.

    Args:
        root: the checkout.

    Returns:
        The names of the folders that were removed.
    """
    folders = sorted((root / ".venv").glob("[Ll]ib/**/site-packages/*.dist-info"))
    unfinished = [folder for folder in folders if not (folder / "INSTALLER").exists()]
    for folder in unfinished:
        shutil.rmtree(folder)
    return [folder.name for folder in unfinished]


class Progress:
    """One line for a long step: time, GB so far, what is going on.

    On a terminal the line is alive; elsewhere (a log) a new one is written twice a minute.
    """

    def __init__(self, stream: "TextIO", folder: Path) -> None:
        self.stream, self.folder = stream, folder
        self.alive = stream.isatty()
        self.what = "starting"
        self.began = time.monotonic()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._repeat, daemon=True)

    def __enter__(self) -> "Progress":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.thread.join()
        if self.alive:
            self.stream.write("\r\033[K")
            self.stream.flush()

    def _repeat(self) -> None:
        while not self.stopped.wait(2 if self.alive else 30):
            self.show()

    def show(self) -> None:
        """Write the line once."""
        seconds = int(time.monotonic() - self.began)
        line = f"  {seconds // 60:2d}:{seconds % 60:02d}  {folder_size(self.folder) / GB:.1f} GB  {self.what}"
        width = shutil.get_terminal_size().columns - 1
        self.stream.write("\r\033[K" + line[:width] if self.alive else line + "\n")
        self.stream.flush()


def step_of(line: str) -> str:
    """What a line of pip's output says is going on, in short; "" where it says nothing of interest.

    >>> step_of("Collecting torch==2.14.1 (from -r requirements.lock (line 150))")
    'getting torch 2.14.1'
    >>> step_of("Installing collected packages: wcwidth, torch")
    'unpacking 2 packages'
    """
    collecting = re.match(r"Collecting ([\w.-]+)==([\w.+]+)", line)
    if collecting:
        return f"getting {collecting[1]} {collecting[2]}"
    downloading = re.match(r"\s*(?:Downloading|Using cached) ([^/\s]+?)-\d\S* \(([^)]*B)\)", line)
    if downloading:
        return f"getting {downloading[1]}, {downloading[2]}"
    if line.startswith("Installing collected packages:"):
        return f"unpacking {line.count(',') + 1} packages"
    return ""


def pip(root: Path, arguments: "list[str]", progress: Progress) -> None:
    """Run the environment's pip, with its steps on the progress line and its whole output in a file.

    Its temporary files go into the environment, so that only one disk has to be large: /tmp is small on
    many machines.

    Args:
        root: the checkout.
        arguments: of pip.
        progress: the line.

    Raises:
        SetupError: pip failed; the message has its last lines.
    """
    log = root / ".venv" / "install.log"
    temporary = root / ".venv" / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)  # what an interrupted install may have left
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "PYTHONUNBUFFERED": "1"}
    command = [str(venv_python(root)), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    lines = []
    process = subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        with log.open("a", encoding="utf-8") as file:
            for line in process.stdout or ():
                file.write(line)
                lines.append(line.rstrip())
                progress.what = step_of(line) or progress.what
    except KeyboardInterrupt:
        progress.what = "interrupted; letting pip clean up"  # Ctrl-C reached pip as well
        raise
    finally:
        process.communicate()
        shutil.rmtree(temporary, ignore_errors=True)
    if process.returncode != 0:
        raise SetupError(explain(lines, log))


def explain(lines: "list[str]", log: Path) -> str:
    """Say why pip failed, as far as its output tells, and what to do.

    Args:
        lines: pip's output.
        log: where all of it is kept.

    Returns:
        A message of several lines.
    """
    text = "\n".join(lines)
    if re.search(r"No space left|Errno 28", text):
        why = "the disk is full. Free some space"
    elif re.search(
        r"NewConnectionError|ConnectTimeout|ReadTimeout|Name or service|name resolution|getaddrinfo|"
        r"ProxyError|Network is unreachable|Connection (refused|reset|aborted|broken)|Max retries",
        text,
    ):
        why = "the network was not there or broke off. Check it (and HTTPS_PROXY, if you use a proxy)"
    elif "No matching distribution" in text:
        why = "a package is not to be had for this computer or this Python. Name another one, PYTHON=..."
    else:
        why = "pip could not install the packages. See its lines below"
    last = "\n".join("    " + line for line in [line for line in lines if line.strip()][-6:])
    return (
        f"{why},\nthen run the same command again: it goes on from here.\n"
        f"pip's last lines (all of them: {log}):\n{last}"
    )


def pip_cache(root: Path) -> Path:
    """Where pip keeps its downloads; the checkout itself where pip keeps none."""
    asked = _quiet([str(venv_python(root)), "-m", "pip", "cache", "dir"])
    return Path(asked.stdout.strip()) if asked.returncode == 0 else root


def install_lock(root: Path, say: "Callable[[str], None]") -> None:
    """Bring `.venv` to the state that the lock describes, and stamp it.

    Args:
        root: the checkout.
        say: prints a line.

    Raises:
        SetupError: whatever keeps the course from being installed.
    """
    began = time.monotonic()
    stamp = root / ".venv" / ".coursekit-lock"
    if stamp.exists():
        say("The lock, pyproject.toml or the place of this folder has changed: bringing .venv up to date.")
        stamp.unlink()
    make_venv(root, say)
    drop_unfinished(root)
    options = plan_disk(root, pip_cache(root))
    say("Installing the course into .venv. PyTorch is most of it: some minutes, this once.")
    with Progress(sys.stdout, root / ".venv") as progress:
        pip(
            root,
            ["install", "--progress-bar=off", "--no-deps", "--requirement=requirements.lock", *options],
            progress,
        )
        progress.what = "installing coursekit itself"
        pip(root, ["install", "--no-deps", "--no-build-isolation", "--editable=."], progress)
        progress.what = "checking that the packages fit each other"
        pip(root, ["check"], progress)
    unfinished = stamp.with_name(stamp.name + ".new")
    unfinished.write_text(fingerprint(root) + "\n")
    unfinished.replace(stamp)
    say(f"Installed in {time.monotonic() - began:.0f} s.")


def install_extra(root: Path, extra: str) -> None:
    """Install one extra of pyproject.toml on top; what the lock has stays as the lock has it.

    Args:
        root: the checkout.
        extra: its name, such as "bench".

    Raises:
        SetupError: pip failed.
    """
    bounds = ["--constraint=requirements.lock", "--no-build-isolation", "--progress-bar=off"]
    with Progress(sys.stdout, root / ".venv") as progress:
        progress.what = f"installing what only [{extra}] needs"
        pip(root, ["install", *bounds, f"--editable=.[{extra}]"], progress)


def main(arguments: "list[str]") -> int:
    """Command line of this file; returns the exit code."""
    version = (sys.version_info[0], sys.version_info[1])
    parser = argparse.ArgumentParser(description="Make the course's own Python environment in .venv.")
    parser.add_argument("--extra", default="", help="also install this extra of pyproject.toml")
    parser.add_argument("--chosen", action="store_true", help="this Python was asked for by name")
    options = parser.parse_args(arguments)
    try:
        check_version(version)
        check_platform(platform.system(), platform.machine())
        if options.chosen:
            check_same_python(ROOT, version)
        if not is_current(ROOT):
            if version > NEWEST:
                print(f"Note: the course is tested with Python up to {NEWEST[0]}.{NEWEST[1]}.")
            install_lock(ROOT, lambda line: print(line, flush=True))
        if options.extra:
            install_extra(ROOT, options.extra)
    except SetupError as error:
        print(f"\nThe course cannot be set up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again: it goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
