"""Solution cells that attack the grading: what each does, and what must come of it. Only for a sandbox.

Each says `GAINED` (through `gained`) where it got what it must not have, and otherwise shows that it has
tried: by a line "tried: ..." or by the reason for which it was stopped. Its first line is

    # %% name wall/cell: what is to be read

with the limits in seconds and a regular expression, where they are not 20/6 and "tried:". All are bounded:
without a sandbox's limits a bomb is a small one. `_FOLDER_`, `_TCP_`, `_UDP_`, `_PID_` and `_REPO_` are
put in by the test.
"""

import re
from dataclasses import dataclass

# Of the hidden tests: what runs inside, and what only the judge has.
INSIDE, JUDGED = "manual_seed(SEED)", ("looks_like", "check.close(answers", "another axis")
# A wrong answer to the other task, so that points can only come of the attack.
WRONG = "def output_size(size, kernel, stride=1):\n    return -1\n"


@dataclass(frozen=True)
class Hostile:
    """One attack: the text of task-1, what is to be read in what comes of it, and its limits in seconds."""

    name: str
    code: str
    says: str = "tried:"
    wall: int = 20
    cell: int = 6


# What all of them begin with. `attempt` calls functions: an error or a false value is a failed attempt.
PRELUDE = r'''
import ctypes, glob, json, mmap, os, platform, signal, socket, struct, subprocess, sys, threading, time
import torch

libc = ctypes.CDLL(None, use_errno=True)


def gained(what=""):
    print("GAI" + "NED", what)


def tried(*what):
    print("tri" + "ed:", *what)


def attempt(*calls):
    for number, call in enumerate(calls):
        try:
            got = call()
        except BaseException as error:
            tried(number, type(error).__name__, error)
        else:
            gained((number, got)) if got else tried(number, got)


def read(*paths):
    attempt(*(lambda path=path: open(path, "rb").read(1000) for path in paths))


def write(*paths):
    def put(path):
        with open(path, "ab") as file:  # what is there is not harmed
            return path

    attempt(*(lambda path=path: put(path) for path in paths))


def raw(data):
    data = memoryview(data)
    while data:
        data = data[os.write(3, data) :]


def frame(message):
    data = json.dumps(message).encode()
    raw(struct.pack("!I", len(data)) + data)


def forge(answers, **more):
    """Send answers, before the tests have come."""
    frame({"done": "cells"})
    for test in ("test-1", "test-2"):
        frame({"id": test, "printed": "", "error": "", "answers": answers, **more})
    frame({"done": "tests"})
    tried("forged")
    time.sleep(0.5)


def call(name, *arguments):
    """Whether the C library's function does not fail."""
    return getattr(libc, name)(*arguments) >= 0


def number(name):
    numbers = {
        "bpf": (321, 280), "keyctl": (250, 219), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
        "clock_settime": (227, 112), "clone": (56, 220),
    }
    return numbers[name][platform.machine() == "aarch64"]


class Equal:
    """Equal to whatever it is compared with."""

    __hash__ = object.__hash__
    __eq__ = __bool__ = lambda *a: True
    __ne__ = lambda *a: False
    __len__ = lambda *a: 2
    __call__ = __getattr__ = __getitem__ = lambda *a: Equal()
    __iter__ = lambda *a: iter((Equal(), Equal()))


JUDGED = [a + b for a, b in (("looks", "_like"), ("check.close", "(answers"), ("another", " axis"))]


def found(text):
    """Whether it is a text of the judge's."""
    return type(text) is str and any(words in text for words in JUDGED) and "JUDGED" not in text


def mean_frame(clip):
    return clip * 0 - 1
'''

# Reading what is not theirs.
READS = r"""
# %% read_gradebook
read("_FOLDER_/gradebook.db")
# %% read_master
read("_FOLDER_/source/tiny/tiny.ipynb")
# %% read_peer
read("_FOLDER_/submitted/bob/tiny/tiny.ipynb")
# %% list_folders
def others(folder):  # but for the folders above Python's
    known = (sys.base_prefix, sys.prefix, "_REPO_")
    return [n for n in os.listdir(folder) if not any(k.startswith(f"{folder}/{n}") for k in known)]


attempt(*(lambda p=p: others(p) for p in ("_FOLDER_", "/root", "/home", "/var", "/etc/ssh", "/work")))
attempt(lambda: glob.glob("/home/*/*") + glob.glob("_REPO_/tests") + glob.glob("_REPO_/.git"))
# %% read_accounts
read("/etc/passwd", "/etc/shadow", "/etc/hostname", "/root/.bashrc", "/root/.ssh/id_rsa")
# %% read_checkout
read(
    "_REPO_/tests/support/assignment.py",
    "_REPO_/notebooks/01-a-video-is-a-tensor.ipynb",
    "_REPO_/.git/config",
    "_REPO_/pyproject.toml",
)
# %% read_walk
hits = []
for place, folders, names in os.walk("/"):
    folders[:] = [
        f
        for f in folders
        if os.path.join(place, f) not in ("/usr", "/lib", "/lib64", "_REPO_/.venv", "_REPO_/coursekit")
    ]
    hits += [
        n
        for n in names
        if n in ("gradebook.db", "tiny.ipynb", "canary", "assignment.py", "passwd", "shadow")
    ]
attempt(lambda: hits)
# %% read_links
for target in ("_FOLDER_/gradebook.db", "/proc/1/environ"):
    os.symlink(target, f"/scratch/{len(os.listdir('/scratch'))}")
attempt(lambda: os.link("_FOLDER_/gradebook.db", "/scratch/hard") or True)
read("/scratch/0", "/scratch/1", "/scratch/../_FOLDER_/gradebook.db")
# %% read_environment
attempt(lambda: [n for n in os.environ if n.startswith(("COURSEKIT", "CANARY", "USER", "SUDO", "SSH"))])
libc.getenv.restype = ctypes.c_char_p
attempt(lambda: libc.getenv(b"CANARY"))
# %% read_proc
attempt(lambda: [name for name in os.listdir("/proc") if name != "cpuinfo"])
read(
    "/proc/self/environ",
    "/proc/1/cmdline",
    "/proc/self/maps",
    "/proc/_PID_/environ",
    "/proc/net/tcp",
    "/proc/kcore",
)
# %% read_memory_of_others
def peek(pid):
    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    room = ctypes.create_string_buffer(64)
    mine, theirs = Vector(ctypes.addressof(room), 64), Vector(ctypes.addressof(room), 64)
    return libc.process_vm_readv(pid, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) > 0


attempt(lambda: peek(os.getppid()), lambda: peek(_PID_), lambda: peek(os.getpid()))
attempt(
    lambda: open("/proc/self/mem", "rb"),
    lambda: open(f"/proc/{os.getppid()}/mem", "rb"),
    lambda: open("/dev/mem", "rb"),
)
# %% read_devices
attempt(
    lambda: [
        d
        for d in os.listdir("/dev")
        if d.startswith(("sd", "vd", "nvme", "loop", "kmsg", "mem", "kvm", "vsock"))
    ]
)
attempt(
    lambda: os.mknod("/scratch/disk", 0o60666, os.makedev(254, 0)) or True, lambda: open("/dev/vda", "rb")
)
read("/sys/class/net/lo/address", "/sys/kernel/uevent_seqnum")
# %% read_open_files
def named(fd):
    try:
        return os.fstat(fd).st_rdev != os.stat("/dev/null").st_rdev
    except OSError:
        return False


attempt(lambda: [fd for fd in range(4, 5000) if named(fd)])
attempt(lambda: os.read(0, 10), lambda: socket.socket(fileno=os.dup(3)).getpeername())
"""

# Writing where others read.
WRITES = r"""
# %% write_folder
write(
    "_FOLDER_/canary",
    "_FOLDER_/gradebook.db",
    "_FOLDER_/source/tiny/tiny.ipynb",
    "/canary",
    "/var/canary",
    "/etc/canary",
)
attempt(lambda: os.remove("_FOLDER_/gradebook.db") or True, lambda: os.makedirs("_FOLDER_/x") or True)
# %% write_package
import coursekit, coursekit.check._plain

attempt(lambda: os.access(coursekit.__path__[0], os.W_OK))
write(coursekit.__path__[0] + "/canary", coursekit.check._plain.__file__)
write("_REPO_/data/canary", "_REPO_/canary")
# %% write_environment
write(sys.prefix + "/canary", torch.__path__[0] + "/canary", torch.__file__, sys.base_prefix + "/canary")
attempt(
    lambda: (
        subprocess.run([sys.executable, "-m", "pip", "install", "--no-index", "nothing"]).returncode == 0
    )
)
# %% write_system
write(
    "/usr/canary",
    "/usr/bin/canary",
    "/lib/canary",
    "/dev/canary",
    "/proc/canary",
    "/proc/sys/kernel/hostname",
)
attempt(
    lambda: os.chmod("/usr/bin/env", 0o777) or True,
    lambda: os.utime("/usr") or True,
    lambda: os.rename("/usr", "/x") or True,
)
# %% write_by_remount
attempt(
    lambda: call("mount", None, b"/usr", None, 0x1020, None),
    lambda: call("mount", None, b"/", None, 0x1020, None),
)
write("/usr/canary", "/canary")
"""

# The network, and sockets of all kinds.
NETWORK = r"""
# %% tcp
attempt(
    *(
        lambda to=to: socket.create_connection(to, timeout=1)
        for to in (("127.0.0.1", _TCP_), ("1.1.1.1", 80), ("::1", _TCP_))
    )
)
# %% udp
def send(to):
    there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return there.sendto(b"canary", to)


attempt(
    lambda: send(("127.0.0.1", _UDP_)),
    lambda: send(("8.8.8.8", 53)),
    lambda: send(("255.255.255.255", _UDP_)),
)
# %% dns
attempt(lambda: socket.getaddrinfo("pypi.org", 443), lambda: socket.gethostbyname("example.com"))
# %% http
import urllib.request

attempt(
    lambda: urllib.request.urlopen("http://127.0.0.1:_TCP_/", timeout=1).read(),
    lambda: torch.hub.download_url_to_file("http://127.0.0.1:_TCP_/", "/scratch/x"),
)
# %% unix_socket
def connect(name):
    there = socket.socket(socket.AF_UNIX)
    there.connect(name)
    return there.send(b"canary")


attempt(
    lambda: connect("_FOLDER_/socket"),
    lambda: connect("\0_FOLDER_"),
    lambda: connect("/run/docker.sock"),
    lambda: connect("/run/systemd/notify"),
)
# %% other_families
attempt(
    *(
        lambda family=family, kind=kind: socket.socket(family, kind)
        for family in (40, 38, 16, 17, 31, 29)
        for kind in (1, 2, 3, 5)
    )
)
# %% interfaces
attempt(lambda: [name for _, name in socket.if_nameindex() if name != "lo"])
"""

# Too much of everything.
BOMBS = r"""
# %% fork_bomb: tried:|processes or threads
made = 0
try:
    while made < 150:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError as error:
    tried(error)
if made > 64:
    gained(made)
# %% fork_tree: Resource temporarily unavailable|processes or threads|held at
start = os.getpid()
leaves = open("leaves", "ab", buffering=0)
try:
    for level in range(7):
        os.fork()
finally:  # where no fork is possible any more, too
    if os.getpid() != start:
        leaves.write(b".")
        time.sleep(5)
        os._exit(0)
time.sleep(1)
made = os.path.getsize("leaves")
if made > 64:
    gained(made)
print("held at", made)
# %% thread_bomb: tried:|processes or threads
made = 0
try:
    for made in range(200):
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
except RuntimeError as error:
    tried(error)
if made > 64:
    gained(made)
# %% memory_bytes: MemoryError|allocate memory|MB of memory|enough memory
kept = []
for i in range(15):
    kept.append(b"x" * (100 << 20))
gained()
# %% memory_list: MemoryError|allocate memory|MB of memory|enough memory
kept = []
for i in range(15):
    kept.append([0] * (13 << 20))
gained()
# %% memory_torch: MemoryError|allocate memory|MB of memory|enough memory
kept = []
for i in range(15):
    kept.append(torch.ones(25 << 20))
gained()
# %% memory_map: MemoryError|allocate memory|MB of memory|enough memory
kept = []
for i in range(15):
    kept.append(mmap.mmap(-1, 100 << 20))
    kept[-1].write(b"x" * (100 << 20))
gained()
# %% memory_of_children: MB of memory
for i in range(4):
    if os.fork() == 0:
        held = b"x" * (200 << 20)
        time.sleep(30)
        os._exit(0)
time.sleep(5.5)
gained()
# %% memory_of_programs: MB of memory
for i in range(4):  # each has less than the libraries that it no longer has
    if os.fork() == 0:
        os.execv(
            sys.executable,
            [sys.executable, "-S", "-c", "held = b'x' * (200 << 20)\nimport time\ntime.sleep(30)"],
        )
time.sleep(5.5)
gained()
# %% memory_file
attempt(lambda: os.memfd_create("canary"), lambda: call("syscall", 447, 0))
# %% memory_system_v
attempt(
    lambda: call("shmget", 0, 100 << 20, 0o1600),
    lambda: call("msgget", 0, 0o1600),
    lambda: call("semget", 0, 30000, 0o1600),
)
# %% memory_locked
attempt(lambda: call("mlock", ctypes.create_string_buffer(8 << 20), 8 << 20), lambda: call("mlockall", 3))
# %% limits_raised
import resource

attempt(
    *(
        lambda name=name: resource.setrlimit(getattr(resource, "RLIMIT_" + name), (-1, -1)) or True
        for name in ("AS", "NPROC", "FSIZE", "CPU", "NOFILE", "CORE")
    )
)
# %% disk_scratch
size = 0
try:
    with open("/scratch/big", "wb") as file:
        while size < 300 << 20:
            size += file.write(b"x" * (1 << 20))
            file.flush()
except OSError as error:
    tried(error)
if size > 64 << 20:
    gained(size)
# %% disk_dev_shm
size = 0
try:
    with open("/dev/shm/big", "wb") as file:
        while size < 300 << 20:
            size += file.write(b"x" * (1 << 20))
            file.flush()
except OSError as error:
    tried(error)
if size > 64 << 20:
    gained(size)
# %% disk_sparse
def hole():
    with open("/scratch/hole", "wb") as file:
        return file.truncate(1 << 40)


attempt(hole)
# %% disk_inodes
made = 0
try:
    while made < 6000:
        os.mkdir(f"/scratch/{made}")
        made += 1
except OSError as error:
    tried(error)
if made > 5000:
    gained(made)
# %% disk_shared: MemoryError|allocate memory|MB of memory|enough memory|No space|Bus error|ended|unable to
kept = []
for i in range(15):
    kept.append(torch.ones(25 << 20).share_memory_())
gained()
# %% descriptors: Too many open files
kept = []
for i in range(10_000):
    kept.append(os.dup(3))
gained()
# %% printing: characters more
print("x" * 5_000_000)
for i in range(20_000):
    print("y" * 250)
tried()
# %% printing_errors: ValueError: zzz
sys.stderr.write("x" * 5_000_000)
raise ValueError("z" * 5_000_000)
"""

# Without an end.
ENDLESS = r"""
# %% loop 3/1: stopped after 1 seconds
while True:
    pass
# %% sleep 3/1: stopped after 1 seconds
time.sleep(60)
gained()
# %% loop_deaf 3/1: stopped after 3 seconds
while True:
    try:
        while True:
            time.sleep(60)
    except BaseException:
        pass
# %% loop_in_c 3/1: stopped after 3 seconds
import itertools

sum(itertools.count())
# %% loop_in_regex 3/1: stopped after
import re

re.match("(a+)+$", "a" * 60 + "b")
# %% alarm_replaced 3/1: stopped after 3 seconds
signal.signal(signal.SIGALRM, signal.SIG_IGN)
signal.setitimer(signal.ITIMER_REAL, 0)
time.sleep(60)
gained()
# %% signals_ignored 3/1: stopped after 3 seconds
for s in range(1, 65):
    try:
        signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
libc.prctl(1, 0)
time.sleep(60)
gained()
# %% stop_itself 3/1: stopped after
os.kill(os.getpid(), signal.SIGSTOP)
os.kill(0, signal.SIGSTOP)
time.sleep(60)
# %% loop_in_test 3/1: stopped after 3 seconds
def mean_frame(clip):
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True:
        pass
# %% threads_spin 8/3
def spin():
    while True:
        pass


for i in range(4):
    threading.Thread(target=spin).start()
tried()
# %% drip 3/1: stopped after 3 seconds
raw(struct.pack("!I", 10_000))
signal.setitimer(signal.ITIMER_REAL, 0)
while True:
    raw(b" ")
    time.sleep(0.3)
# %% priority
attempt(lambda: os.nice(-5), lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) or True)
os.nice(19)
# %% clock
attempt(
    lambda: time.clock_settime(time.CLOCK_REALTIME, 0) or True,
    lambda: call("syscall", number("clock_settime"), 0, ctypes.create_string_buffer(16)),
    lambda: call("settimeofday", ctypes.create_string_buffer(16), None),
)
"""

# Ends, and processes that outlive them.
ENDS = r"""
# %% exit_at_once: ended before its time
os._exit(0)
# %% exit: SystemExit
sys.exit(0)
# %% exit_in_test: ended before its time
def mean_frame(clip):
    os._exit(0)
# %% exit_in_del
class Last:
    def __del__(self):
        raise SystemExit


kept = Last()
del kept
tried()
# %% exit_at_exit
import atexit

atexit.register(gained)
tried()
# %% abort: ended before its time
os.abort()
# %% segfault: ended before its time
ctypes.string_at(0)
# %% recursion 3/1: ended before its time|RecursionError|MemoryError|stopped after
sys.setrecursionlimit(10**9)


def deep():
    return deep()


deep()
# %% kill_all
for s in (signal.SIGKILL, signal.SIGTERM):
    attempt(lambda: os.kill(-1, s) or True)
attempt(lambda: os.kill(_PID_, 9) or True)
# %% kill_one: tried:|ended before its time
os.kill(1, signal.SIGKILL)
os.killpg(0, signal.SIGHUP)
attempt(lambda: os.kill(os.getppid(), 9) if os.getppid() else None)
# %% socket_closed: ended before its time
os.close(3)
# %% double_fork
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for s in (1, 2, 13, 15):
            signal.signal(s, signal.SIG_IGN)
        for i in range(300):
            open("/dev/shm/left", "a").write("canary")
            time.sleep(0.1)
    os._exit(0)
os.wait()
tried()
# %% new_program
attempt(lambda: subprocess.run(["setsid", "sleep", "30"], timeout=0.3))
subprocess.Popen(["sleep", "30"], start_new_session=True)
# %% zombies
for i in range(20):
    if os.fork() == 0:
        os._exit(0)
time.sleep(0.5)
tried()
# %% program_instead: ended before its time
os.execv(sys.executable, [sys.executable, "-c", "print(1)"])
"""

# Tampering with what compares, and objects that are equal to everything.
TAMPERS = r"""
# %% check_patched
from coursekit import check

for n in ("equal", "close", "that", "error", "_same", "_near"):
    setattr(check, n, lambda *a, **k: True)
tried()
# %% builtins_patched: tried:|ended before its time|Error
import builtins

builtins.AssertionError = type("Quiet", (Exception,), {})
builtins.all = builtins.any = builtins.isinstance = lambda *a: True
tried()
# %% torch_patched
torch.equal = torch.allclose = lambda *a, **k: True
torch.Tensor.__eq__ = lambda a, b: torch.ones(1, dtype=torch.bool)
torch.Tensor.all = lambda *a: True
torch.Tensor.mean = lambda *a: a[0] * 0
tried()
# %% transformer
import ast, builtins


class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()

    def visit_Expr(self, node):
        return ast.Pass()


real = compile


def fake(source, *a, **k):
    try:
        return real(ast.fix_missing_locations(Drop().visit(ast.parse(source))), *a, **k)
    except Exception:
        return real(source, *a, **k)


builtins.compile = fake
import coursekit.grading.sandbox._runner as child

child.compile = fake
tried()
# %% encode_patched
import coursekit.check._plain as plain

plain.encode = lambda value: '{"dict": {"mean": {"float": "nan"}, "sizes": {"list": [true, true]}}}'
tried()
# %% json_patched: more than it may
json.dumps = lambda *a, **k: '{"points": 100, "id": "test-1", "error": "", "answers": ""}'
tried()
# %% wire_patched
from coursekit.grading.sandbox import _protocol as _wire

real = _wire.send


def send(connection, message):
    return real(connection, {**message, "error": "", "answers": '{"dict": {}}', "points": 5, "mark": 5})


_wire.send = send
tried()
# %% child_patched: answers are no dict|the answers
from coursekit.grading.sandbox import _runner as _child

_child._run = lambda cell, scope, seconds: {"id": cell["id"], "printed": "", "error": "", "answers": "true"}
# %% judge_patched: ImportError|ModuleNotFoundError|shape|expected
from coursekit import check
from coursekit.grading import autograde as judge

judge.Judge._wrong = lambda *a: ""
judge.Judge.marks = lambda *a: []
# %% equal_object: is a Equal
def mean_frame(clip):
    return Equal()
# %% equal_str: is a Text
class Text(str):
    def __eq__(self, o):
        return True

    __hash__ = str.__hash__


def mean_frame(clip):
    return Text("x")
# %% equal_int: is a Whole
class Whole(int):
    def __eq__(self, o):
        return True

    def __le__(self, o):
        return True

    def __sub__(self, o):
        return self

    __hash__ = int.__hash__


def mean_frame(clip):
    return Whole(3)
# %% equal_float: is a Real
class Real(float):
    def __eq__(self, o):
        return True

    def __abs__(self):
        return 0.0

    __hash__ = float.__hash__


def mean_frame(clip):
    return Real(3)
# %% equal_tensor: expected|Error|the answers
class Mine(torch.Tensor):
    @classmethod
    def __torch_function__(cls, f, types, args=(), kwargs=None):
        return True


def mean_frame(clip):
    return torch.zeros(3, 3).as_subclass(Mine)
# %% equal_class: is a Any|AttributeError
class Meta(type):
    def __instancecheck__(cls, x):
        return True

    def __eq__(cls, o):
        return True

    __hash__ = type.__hash__


class Any(metaclass=Meta):
    pass


torch.Tensor = Any


def mean_frame(clip):
    return Any()
# %% named_type: is a &lt;|is a <script>
class Wide:
    pass


Wide.__name__ = "<script>alert(1)</script>" * 100


def mean_frame(clip):
    return Wide()
# %% nan: finite
def mean_frame(clip):
    return torch.full((3, 3), float("nan"))
# %% infinite: finite
def mean_frame(clip):
    return torch.full((3, 3), float("inf"))
# %% dict_of_answers: is a Answers
class Answers(dict):
    def __getitem__(self, key):
        return 7


def mean_frame(clip):
    sys._getframe(1).f_globals["answers"] = Answers()
    return Answers()
# %% wrong_named: no answer
def mean_frame(clip):
    class Wrong(Exception):
        pass

    raise Wrong("")
# %% error_object: ended before its time|Exception
def mean_frame(clip):
    class Meta(type):
        @property
        def __name__(cls):
            raise SystemExit

    class Bad(Exception, metaclass=Meta):
        def __str__(self):
            os._exit(0)

    raise Bad()
"""

# Messages that the student's process makes up; it has the connection.
FORGED = r"""
# %% forged_truth: expected
forge('{"dict": {"mean": true, "sizes": {"list": [true, true]}}}')
# %% forged_nan: expected
forge('{"dict": {"mean": NaN, "sizes": {"list": [NaN, Infinity]}}}')
# %% forged_marks: no answer
forge("", points=5, maximum=5, message="", score=5, grade_id="test-1")
# %% forged_kinds: no answer
forge({"dict": {}}, id=["test-1"], error=None)
# %% forged_numbers: the answers
forge("9" * 1_000_000)
# %% forged_deep: the answers
forge("[" * 1_000_000)
# %% forged_nested: the answers
forge('{"list": [' * 5000 + "1" + "]}" * 5000)
# %% forged_tensor: the answers
forge('{"dict": {"mean": {"tensor": ["float32", [2000000000, 2000000000], ""]}}}')
# %% forged_pickle: the answers
import base64, pickle

forge(json.dumps({"pickle": base64.b64encode(pickle.dumps(print)).decode()}))
# %% forged_empty_error: no answer
forge("", error="")
# %% forged_many: more than it may
for i in range(50):
    frame({"id": "task-1", "printed": "again"})
# %% forged_without_end: more than it may
while True:
    frame({})
# %% forged_doubled: tried: one
frame({"id": "task-1", "printed": "tried: one"})
frame({"id": "task-1", "printed": "two"})
forge("{}")
# %% forged_done: no answer
for part in ("cells", "tests") * 3:
    frame({"done": part})
frame({"done": True, "id": "test-1"})
# %% forged_fault
frame({"fault": "<script>alert(1)</script>" * 10_000})
tried()
# %% forged_huge: ended before its time
raw(b"\xff" * 100)
# %% forged_large: more than it may
for i in range(3):
    frame({"id": "task-1", "printed": "x" * 15_000_000})
# %% forged_wide: more than it may
data = b'{"id": [' + b"[]," * 500_000 + b"0]}"
raw(struct.pack("!I", len(data)) + data)
frame({"done": "cells"})
# %% forged_garbage: ended before its time
raw(os.urandom(100_000))
# %% forged_no_json: ended before its time
raw(struct.pack("!I", 6) + b"\xff\xfe[{,:")
# %% forged_no_dict: ended before its time
frame([1, 2])
# %% forged_deep_frame: ended before its time
raw(struct.pack("!I", 1_000_000) + b"[" * 1_000_000)
# %% forged_surrogates
frame({"id": "task-1", "printed": "tried: \ud800\x00\x1b[31m"})
frame({"id": "\udcff", "error": "\ud800"})
# %% forged_half: ended before its time
raw(struct.pack("!I", 1000) + b"{")
os._exit(0)
"""

# The hidden tests, and how to carry them out.
THIEVES = r"""
# %% tests_by_frames
def mean_frame(clip):
    here, seen = sys._getframe(), []
    while here:
        seen += [v for v in here.f_locals.values()] + list(here.f_code.co_consts)
        seen += [v for d in here.f_locals.values() if type(d) is dict for v in d.values()]
        here = here.f_back
    seen = [text for text in seen if type(text) is str]
    if any(found(text) for text in seen if text not in JUDGED):
        raise ValueError("GAI" + "NED")
    print("\n".join(seen))
    raise ValueError("tri" + "ed: frames")
# %% tests_by_gc: tried:|stopped after
import gc


def mean_frame(clip):
    texts = [
        t
        for o in gc.get_objects()
        for t in (o.values() if isinstance(o, dict) else o if isinstance(o, (list, tuple)) else ())
    ]
    if any(found(t) for t in texts if type(t) is str and t not in JUDGED):
        raise ValueError("GAI" + "NED")
    raise ValueError("tri" + f"ed: {len(texts)} objects")
# %% tests_by_linecache
import linecache


def mean_frame(clip):
    held = "".join(linecache.getlines("<cell test-1>")) + str([k for k in linecache.cache if "test" in k])
    raise ValueError(("GAI" + "NED" if "mean" in held else "tri" + "ed: ") + held)
# %% tests_early
frame({"id": "x"})
there = socket.socket(fileno=os.dup(3))
there.settimeout(0.3)
attempt(lambda: there.recv(100))
# %% tests_by_socket
frame({"done": "cells"})
there = socket.socket(fileno=os.dup(3))
(length,) = struct.unpack("!I", there.recv(4, socket.MSG_WAITALL))
stolen = there.recv(length, socket.MSG_WAITALL).decode()
judged = any(w in stolen for w in ("looks_like", "check.close(answers", "another axis"))
for test in ("test-1", "test-2"):
    frame(
        {
            "id": test,
            "printed": stolen * 3,
            "error": ("GAI" + "NED" if judged else "tri" + "ed: ") + stolen * 3,
            "answers": "",
        }
    )
frame({"done": "tests"})
time.sleep(1)
# %% tests_by_answers: expected
def mean_frame(clip):
    source = sys._getframe(2).f_locals["cell"]["source"] if "cell" in sys._getframe(2).f_locals else "?"
    return {"told": source, "tried: ": source * 10}
# %% tests_printed
def mean_frame(clip):
    for out in (sys.stdout, sys.__stdout__, sys.stderr, sys.__stderr__):
        try:
            out.write("STO" + "LEN " + repr(clip))
        except Exception:
            pass
    os.write(1, b"STOLEN")
    raise ValueError("tri" + "ed: ")
# %% tests_by_exception
def mean_frame(clip):
    raise ValueError("tri" + "ed: " + str(clip.tolist()) * 100)
# %% tests_through_a_file
def mean_frame(clip):
    for place in ("/scratch", "/tmp", "/dev/shm"):
        try:
            open(place + "/left", "w").write(str(clip.tolist()))
        except OSError:
            pass
    raise ValueError("tri" + "ed: ")
# %% masters_of_the_course
attempt(
    lambda: glob.glob("_REPO_/notebooks/*"),
    lambda: glob.glob(sys.prefix + "/**/tiny.ipynb", recursive=True),
)
read("/scratch/tiny.ipynb", "_REPO_/notebooks/assignments/conv3d/conv3d.ipynb")
"""

# What people will look at.
SHOWS = r"""
# %% html: ValueError
print("<script>alert(1)</script><img src=x onerror=alert(1)>")
raise ValueError("</pre><script>alert(2)</script>")
# %% html_in_names
raise type("<img src=x onerror=alert(1)>", (Exception,), {})("tri" + "ed: ")
# %% html_in_messages: expected
def mean_frame(clip):
    return "</td><script>alert(1)</script>"
# %% ansi
print("\x1b]0;title\x07\x1b[2J\x1b[31mtri" + "ed: \x1b[0m\x9b\u202e\r\b")
# %% surrogate_printed
print("tri" + "ed: " + chr(0xD800))
raise ValueError(chr(0xDFFF))
# %% source_wide 3/1: ended before its time|stopped after|Error
x = 9**9**9
"""

# More rights.
PRIVILEGES = r"""
# %% become_root
attempt(
    *(lambda n=n: n(0) or True for n in (os.setuid, os.setgid, os.seteuid, os.setegid)),
    lambda: os.setresuid(0, 0, 0) or True,
    lambda: os.setgroups([0]) or True,
)
attempt(lambda: os.getuid() != 65534 or os.geteuid() != 65534)
# %% set_user_program
def made():
    open("/scratch/x", "wb").write(open("/usr/bin/id", "rb").read())
    os.chmod("/scratch/x", 0o6755)
    return b"uid=0" in subprocess.run(["/scratch/x"], capture_output=True).stdout


attempt(made, lambda: b"uid=0" in subprocess.run(["su", "-c", "id"], capture_output=True).stdout)
# %% unshare
attempt(
    *(
        lambda f=f: call("unshare", f)
        for f in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000)
    )
)
# %% clone
attempt(
    lambda: call("syscall", number("clone"), 0x10000000 | 17, 0, 0, 0, 0),
    lambda: call("syscall", 435, ctypes.create_string_buffer(88), 88),
)
# %% setns
attempt(lambda: call("setns", 3, 0), lambda: call("setns", os.pidfd_open(os.getpid()), 0x10000000))
# %% mount
attempt(
    lambda: call("mount", b"none", b"/scratch", b"tmpfs", 0, None),
    lambda: call("mount", b"none", b"/proc", b"proc", 0, None),
    lambda: call("mount", b"/", b"/scratch", None, 0x1000, None),
    lambda: call("syscall", 428, -100, b"/", 1),
    lambda: call("syscall", 430, b"tmpfs", 0),
)
# %% unmount
attempt(
    *(lambda p=p: call("umount2", p, f) for p in (b"/proc", b"/scratch", b"/tmp", b"/") for f in (0, 2))
)
attempt(lambda: [name for name in os.listdir("/proc") if name != "cpuinfo"])
# %% chroot
os.mkdir("/scratch/r")
attempt(
    lambda: os.chroot("/scratch/r") or True,
    lambda: call("pivot_root", b"/scratch/r", b"/scratch/r") if hasattr(libc, "pivot_root") else False,
)
# %% ptrace
attempt(
    lambda: call("ptrace", 0, 0, None, None),
    lambda: call("ptrace", 16, os.getppid(), None, None),
    lambda: call("ptrace", 16, _PID_, None, None),
)
# %% io_uring
attempt(lambda: call("syscall", 425, 8, ctypes.create_string_buffer(120)))
# %% kernel_programs
attempt(
    lambda: call("syscall", number("bpf"), 0, ctypes.create_string_buffer(128), 128),
    lambda: call("syscall", number("perf_event_open"), ctypes.create_string_buffer(128), 0, -1, -1, 0),
    lambda: call("syscall", number("userfaultfd"), 1),
    lambda: call("syscall", number("keyctl"), 0, -3, 1),
)
# %% capabilities
attempt(
    lambda: call("prctl", 47, 2, 21, 0, 0),
    lambda: libc.prctl(23, 21) == 1,
    lambda: libc.prctl(39, 0, 0, 0, 0) == 0,
    lambda: call("prctl", 38, 0, 0, 0, 0),
)
# %% other_calls: ended before its time
if platform.machine() == "x86_64":
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
    gained()
else:
    os._exit(0)
# %% other_numbers: ended before its time
if platform.machine() == "x86_64":
    libc.syscall(0x40000000 + 39)
    gained()
else:
    os._exit(0)
# %% hostname
attempt(
    lambda: socket.sethostname("canary") or True,
    lambda: call("setdomainname", b"canary", 6),
    lambda: call("reboot", 0),
)
"""

# Something for the next one.
LEAVES = r"""
# %% leave_files
for place in ("/scratch", "/dev/shm", "/tmp", "/dev/pts", "/var/tmp", "/run"):
    for name in ("left", ".left"):
        try:
            open(f"{place}/{name}", "w").write("gained()")
        except OSError as error:
            tried(error)
# %% leave_shared
from multiprocessing import shared_memory

attempt(lambda: shared_memory.SharedMemory("left", create=True, size=10) and False)
# %% leave_sockets
kept = socket.socket(socket.AF_UNIX)
kept.bind("\0left")
kept.listen()
other = socket.socket()
attempt(lambda: other.bind(("127.0.0.1", 47113)))
if os.fork() == 0:
    time.sleep(30)
# %% leave_queue
rt = ctypes.CDLL("librt.so.1")
attempt(lambda: rt.mq_open(b"/left", 0o102, 0o600, None) >= 0)
# %% leave_modules
sys.modules["coursekit.check._plain"] = sys.modules["torch"] = None
sys.path.insert(0, "/scratch")
os.environ["PYTHONSTARTUP"] = "/scratch/x"
tried()
"""


def _attacks(text: str) -> list[Hostile]:
    parts = re.split(r"^# %% (\w+)(?: (\d+)/(\d+))?(?:: (.+))?\n", text, flags=re.MULTILINE)
    return [
        Hostile(name, code, says or "tried:", int(wall or 20), int(cell or 6))
        for name, wall, cell, says, code in zip(*(parts[i::5] for i in range(1, 6)), strict=True)
    ]


# Texts that cannot stand in a file as they are.
_ENDED = "(Memory|Syntax|Recursion)Error|ended before its time"
ODD = [
    Hostile("nul_in_source", "x = '\0'", "null bytes|ValueError|SyntaxError"),
    Hostile("surrogate_in_source", "x = '\ud800'", "UnicodeEncodeError|SyntaxError|expected"),
    Hostile("source_deep", f"x = {'(' * 5000}{')' * 5000}", _ENDED),
    Hostile("source_minus", f"x = {'-' * 50_000}1", _ENDED),
]
_GROUPS = (
    READS, WRITES, NETWORK, BOMBS, ENDLESS, ENDS, TAMPERS, FORGED, THIEVES, SHOWS, PRIVILEGES, LEAVES
)  # fmt: skip
ALL = [*(attack for group in _GROUPS for attack in _attacks(group)), *ODD]
