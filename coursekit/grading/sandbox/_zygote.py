"""The process inside the sandbox that has torch imported and forks once for each submission.

Through a Unix socket it gets an open connection for each submission and hands it to the fork. It never reads
what goes through that connection, so no fork can find another submission, or the tests, in its memory.

The messages on the socket: it sends "ready", gets "limits" with the connection, sends "started", gets "kill",
sends "ended". "kill" always comes: the grader sends it when it has all reports or does not wait longer. It
serves one submission at a time.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from coursekit.grading.sandbox import _jail, _protocol, _runner

WATCH_SECONDS = 0.1
TELL_SECONDS = 5  # for the first process to end after the second one


def serve(control: socket.socket) -> None:
    """Fork for each connection that comes, until the socket is closed."""
    _protocol.send(control, {"ready": True, "threads": len(list(Path("/proc/self/task").iterdir()))})
    while True:
        data, handles, _, _ = socket.recv_fds(control, _protocol.LINE, 1)
        if not data:
            return
        connection = socket.socket(fileno=handles[0])
        limits = json.loads(data)["limits"]
        outer, pipe = _fork(connection, control, limits)
        connection.close()
        _protocol.send(control, {"started": True})
        report = _watch(control, outer, pipe, limits)
        ended = os.waitstatus_to_exitcode(os.waitpid(outer, 0)[1])
        _protocol.send(control, {"ended": ended, **report})


def _fork(connection: socket.socket, control: socket.socket, limits: dict[str, Any]) -> tuple[int, int]:
    """Fork a process that enters namespaces, which forks the one that is shut in.

    Returns:
        The first one's pid, and a pipe that tells the second one's, and, when that has ended by itself, its
        seconds and its most memory in kB beyond what it began with; its end closes when the first one ends.
    """
    reading, writing = os.pipe()
    outer = os.fork()
    if outer:
        os.close(writing)
        return outer, reading
    try:
        os.close(reading)
        control.close()
        # A fork begins with less than its parent holds: it maps the pages of libraries when it uses them.
        before = _bytes(Path("/proc/self/status"), ("VmRSS",)) // 1024
        _jail.leave()
        inner = os.fork()
        if inner == 0:
            os.close(writing)
            _student(connection, limits)
            os._exit(0)
        os.write(writing, f"{inner}\n".encode())
        connection.close()
        _, status, used = os.wait4(inner, 0)
        if status != signal.SIGKILL:  # one that ended by itself, between two looks at it
            taken = used.ru_utime + used.ru_stime, max(0, used.ru_maxrss - before)
            os.write(writing, "{} {}\n".format(*taken).encode())
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    except BaseException as error:
        with contextlib.suppress(BaseException):
            _protocol.send(connection, {"fault": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(70)


def _student(connection: socket.socket, limits: dict[str, Any]) -> None:
    """Shut this process in, then run the cells that come through the connection."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_DFL)
    handle = connection.detach()
    os.dup2(handle, 3)
    os.closerange(4, 4096)
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    connection = socket.socket(fileno=3)
    try:
        _jail.close(**{name: limits[name] for name in ("seconds", "memory", "processes", "disk", "places")})
    except OSError as error:
        _protocol.send(connection, {"fault": str(error)})
        os._exit(70)
    scope: dict[str, Any] = {"__name__": "__main__"}
    for part in ("cells", "tests"):
        job = _protocol.receive(connection)
        _runner.run(job[part], scope, limits["cell"], lambda report: _protocol.send(connection, report))
        _protocol.send(connection, {"done": part})
    while True:  # it is killed when it has been measured
        signal.pause()


def _watch(control: socket.socket, outer: int, pipe: int, limits: dict[str, Any]) -> dict[str, Any]:
    """Wait until the grader has done with a submission, and kill it then, or earlier at a limit.

    Returns:
        `limit`, the limit that it was killed for early ("memory" or "processes"; empty if it was not), and
        what it took: `seconds` of processor time, `memory` in bytes beyond this process's own.
    """
    inner, limit, done = _inner(pipe), "", False
    seconds, memory = 0.0, 0
    base = _resident(os.getpid())
    ended = os.pidfd_open(outer)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while not done:
        done = bool(poll.poll(WATCH_SECONDS * 1000))
        if not limit and not done:
            count, used = _usage(outer, base, limits["memory"])
            if used > limits["memory"]:
                limit, memory = "memory", max(memory, used)
            elif count > limits["processes"]:
                limit = "processes"
        seconds, memory = _larger((seconds, memory), _taken(inner, base))
        if limit or done:
            with contextlib.suppress(ProcessLookupError):
                os.kill(inner or outer, signal.SIGKILL)
    if not _protocol.receive_raw(control):  # the grader has gone
        os._exit(0)
    # The first process ends after the second one; if that has ended by itself, it has to tell what it took.
    if not select.select([ended], [], [], TELL_SECONDS)[0]:
        os.kill(outer, signal.SIGKILL)
        select.select([ended], [], [])
    os.close(ended)
    seconds, memory = _larger((seconds, memory), _told(pipe))
    os.close(pipe)
    return {"limit": limit, "seconds": seconds, "memory": memory}


def _taken(pid: int, base: int) -> tuple[float, int]:
    """The processor time of a process so far, in seconds, and its largest memory beyond `base`, in bytes.

    The time of its children counts, too, once they have ended and it has asked how.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        peak = _bytes(Path(f"/proc/{pid}/status"), ("VmHWM",)) - _resident_of_files(pid)
    except OSError:  # it has ended, or there was none
        return 0.0, 0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK"), max(0, peak - base)


def _told(pipe: int) -> tuple[float, int]:
    """The same of a process that ended by itself, from the pipe; nothing of one that was killed.

    Pages of libraries that it has used are counted, too.
    """
    words = os.read(pipe, 64).split()
    return (float(words[0]), int(words[1]) * 1024) if len(words) == 2 else (0.0, 0)


def _larger(one: tuple[float, int], other: tuple[float, int]) -> tuple[float, int]:
    """The larger time, and the larger memory."""
    return max(one[0], other[0]), max(one[1], other[1])


def _resident_of_files(pid: int) -> int:
    """Bytes of memory of a process that are of files, such as the libraries."""
    return _bytes(Path(f"/proc/{pid}/status"), ("RssFile",))


def _inner(pipe: int) -> int:
    """The pid of the process that is shut in; 0 if it never came to that.

    No byte after its line is taken: if the process has ended at once, what it took follows already.
    """
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(pipe, 1)):
        line += byte
    return int(line or 0)


def _usage(outer: int, base: int, limit: int) -> tuple[int, int]:
    """How many threads a submission has in all its processes, and their bytes beyond the zygote's.

    The zygote's memory is taken off once, not for each process: one that runs another program has given its
    part back, and may fill as much. Only where the quick sum says too much are shared pages looked for.
    """
    count = used = 0
    ours = {1, os.getpid(), outer}
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    pids = [pid for pid in pids if pid not in ours]
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended
            count += len(list(Path(f"/proc/{pid}/task").iterdir()))
            used += _resident(pid)
    if used - base > limit:
        used = sum(map(_share, pids))
    return count, used - base


def _resident(pid: int) -> int:
    """Bytes of memory of a process that are not of files."""
    return _bytes(Path(f"/proc/{pid}/status"), ("RssAnon", "RssShmem"))


def _share(pid: int) -> int:
    """The same, of what it shares with other processes its part."""
    try:
        return _bytes(Path(f"/proc/{pid}/smaps_rollup"), ("Pss_Anon", "Pss_Shmem"))
    except PermissionError:
        return _resident(pid)
    except OSError:
        return 0


def _bytes(path: Path, names: tuple[str, ...]) -> int:
    """The sum of some fields of a file of the kernel's, none where they are not: a zombie has no memory."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return sum(int(words[1]) * 1024 for words in lines if words and words[0].rstrip(":") in names)


def main() -> None:
    """Import what the command line names, then serve the socket on standard input."""
    control = socket.socket(fileno=os.dup(0))
    for name in sys.argv[1:]:
        with contextlib.suppress(Exception):  # some are names of functions: what is not a module is left out
            importlib.import_module(name)
    os.dup2(os.open("/dev/null", os.O_RDWR), 0)
    serve(control)
    os._exit(0)  # at once, without taking down what torch has set up


if __name__ == "__main__":
    main()
