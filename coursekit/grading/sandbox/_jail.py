"""Shuts a forked process in: its own namespaces, limits, no capabilities, a filter of system calls.

Linux only, through the C library. It runs inside bubblewrap's sandbox (see `sandbox`), before student's code.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import socket
import struct
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_NEW = {"mount": 0x20000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000,
        "net": 0x40000000}  # fmt: skip
_NOSUID, _NODEV, _NOEXEC, _RDONLY, _REMOUNT, _REC, _PRIVATE = 2, 4, 8, 1, 32, 0x4000, 0x40000
_DUMPABLE, _CAPBSET_DROP, _NO_NEW_PRIVS, _SECCOMP, _AMBIENT = 4, 24, 38, 22, 47
NOBODY = 65534  # inside
OUTSIDE = 61_184  # the uid that root's sandboxes run as; no account has it
MB = 1 << 20

# System calls by number on x86-64 and on ARM: what no program of this course needs, and what would get past a
# limit (namespaces, mounts, other processes' memory, keys, kernel programs, memory that no limit counts: of
# files without a name, of System V).
_REFUSED = {
    "x86_64": {
        "ptrace": 101, "pivot_root": 155, "chroot": 161, "mount": 165, "umount2": 166, "swapon": 167,
        "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272, "perf_event_open": 298,
        "setns": 308, "shmget": 29, "semget": 64, "msgget": 68,
        "process_vm_readv": 310, "process_vm_writev": 311, "memfd_create": 319, "bpf": 321,
        "userfaultfd": 323,
        "io_uring_setup": 425, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432,
        "pidfd_getfd": 438, "mount_setattr": 442, "memfd_secret": 447, "clone3": 435,
    },
    "aarch64": {
        "ptrace": 117, "pivot_root": 41, "chroot": 51, "mount": 40, "umount2": 39, "swapon": 224,
        "add_key": 217, "request_key": 218, "keyctl": 219, "unshare": 97, "perf_event_open": 241,
        "setns": 268, "shmget": 194, "semget": 190, "msgget": 186,
        "process_vm_readv": 270, "process_vm_writev": 271, "memfd_create": 279, "bpf": 280,
        "userfaultfd": 282,
        "io_uring_setup": 425, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432,
        "pidfd_getfd": 438, "mount_setattr": 442, "memfd_secret": 447, "clone3": 435,
    },
}  # fmt: skip
# Audit's number of it, and those of clone and socket.
_ARCH = {"x86_64": (0xC000003E, 56, 41), "aarch64": (0xC00000B7, 220, 198)}
_FAMILIES = (
    socket.AF_UNIX,
    socket.AF_INET,
    socket.AF_INET6,
)  # others know no namespaces (vsock), or get deep


def leave() -> None:
    """Leave root's uid, if there is one to leave, and enter new namespaces; a fork then is the first in them.

    Raises:
        OSError: the system does not allow it.
    """
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:  # root's uid has no limit on processes, whatever the namespace
        os.setgroups([])
        os.setgid(OUTSIDE)
        os.setuid(OUTSIDE)
        uid = gid = OUTSIDE
        _call(_libc.prctl, _DUMPABLE, 1, 0, 0, 0)  # or /proc/self would be root's
    _call(_libc.unshare, sum(_NEW.values()))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1")


def close(seconds: int, memory: int, processes: int, disk: int, places: list[str]) -> None:
    """Shut this process in: after this, student's code may run.

    Args:
        seconds: of processor time, for each process.
        memory: bytes that each process may have beyond what it has now.
        processes: how many there may be, threads counted.
        disk: bytes of each of the places.
        places: folders that get an empty, writable file system; the first is where the code starts.

    Raises:
        OSError: the system does not allow it.
    """
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    _mount(b"none", b"/", None, _REC | _PRIVATE, None)
    for place in places:
        options = f"size={disk},nr_inodes=4096,mode=700".encode()
        _mount(b"tmpfs", place.encode(), b"tmpfs", _NOSUID | _NODEV, options)
    processor = Path("/proc/cpuinfo").read_bytes()  # torch asks there what the processor can do
    _mount(b"tmpfs", b"/proc", b"tmpfs", _NOSUID | _NODEV | _NOEXEC, b"size=4m")
    Path("/proc/cpuinfo").write_bytes(processor)
    _mount(b"tmpfs", b"/proc", None, _REMOUNT | _NOSUID | _NODEV | _NOEXEC | _RDONLY, None)
    os.chdir(places[0])
    for name, value in {
        "CPU": seconds, "AS": now + memory, "NPROC": processes, "FSIZE": disk, "CORE": 0, "NOFILE": 256,
        "MEMLOCK": MB, "MSGQUEUE": 0,
    }.items():  # fmt: skip
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    _drop_capabilities()
    _filter_calls()


def _drop_capabilities() -> None:
    _call(_libc.prctl, _NO_NEW_PRIVS, 1, 0, 0, 0)
    _libc.prctl(_AMBIENT, 4, 0, 0, 0)
    for capability in range(64):
        _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)  # fails past the last one
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
    _call(_libc.capset, header, ctypes.create_string_buffer(24))


def _filter_calls() -> None:
    """Refuse some system calls, by a program of the kernel's packet filter (see seccomp(2))."""
    machine = platform.machine()
    arch, clone, open_socket = _ARCH[machine]
    load, equal, any_bit, give = 0x20, 0x15, 0x45, 0x06
    allow, refuse, absent, kill = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38, 0x80000000
    program = [
        (load, 0, 0, 4), (equal, 1, 0, arch), (give, 0, 0, kill),  # another architecture's calls
        (load, 0, 0, 0), (any_bit, 0, 1, 0x40000000), (give, 0, 0, kill),  # x32's
    ]  # fmt: skip
    for name, number in _REFUSED[machine].items():
        program += [(equal, 0, 1, number), (give, 0, 0, absent if name == "clone3" else refuse)]
    # clone itself is for threads and forks; with a namespace's flag it is refused.
    flags = sum(_NEW.values())
    program += [(equal, 0, 3, clone), (load, 0, 0, 16), (any_bit, 0, 1, flags), (give, 0, 0, refuse)]
    # Sockets: this call, the last one that is looked at, of some families only.
    program += [(load, 0, 0, 0), (equal, 1, 0, open_socket), (give, 0, 0, allow), (load, 0, 0, 16)]
    program += [line for family in _FAMILIES for line in ((equal, 0, 1, family), (give, 0, 0, allow))]
    program += [(give, 0, 0, refuse)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    pointer = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    _call(_libc.prctl, _SECCOMP, 2, ctypes.c_void_p(ctypes.addressof(pointer)), 0, 0)


def _mount(source: bytes, target: bytes, kind: bytes | None, flags: int, data: bytes | None) -> None:
    _call(_libc.mount, source, target, kind, ctypes.c_ulong(flags), data)


def _call(function: object, *arguments: object) -> None:
    if function(*arguments) != 0:  # type: ignore[operator]
        number = ctypes.get_errno()
        raise OSError(number, f"{getattr(function, '__name__', '?')}: {os.strerror(number)}")
