"""Which files are visible inside the sandbox: Python, this package, the course's data, and no others.

All are read-only. Where the folders that hold them hold the course, too, the course is hidden.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

import coursekit
from coursekit import data

SCRATCH = "/scratch"  # where student's code starts, and may write
SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin")
PROGRAMS = tuple(f"/usr/{name}" for name in ("bin", "lib", "lib32", "lib64", "libexec", "sbin"))
SETTINGS = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime")
PROCESSORS = "/sys/devices/system/cpu"  # torch asks there, and computes a last digit accordingly
PACKAGE = Path(coursekit.__file__).resolve().parent


def options(hidden: Iterable[Path] = ()) -> list[str]:
    """The options of bubblewrap for the visible parts of the file system.

    Args:
        hidden: folders that must not be visible, such as the master's. The checkout of the course, and the
            folder where the grading was started, are hidden anyway.
    """
    words = []
    for place in SYSTEM:
        path = Path(place)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), place]
        elif path.is_dir():
            words += ["--ro-bind", place, place]
    for place in (*SETTINGS, PROCESSORS):
        words += ["--ro-bind-try", place, place]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", SCRATCH]
    for path in folders():
        words += [*_parents(path), "--ro-bind", str(path), str(path)]
    for link, target in links().items():
        words += [*_parents(link), "--symlink", target, str(link)]
    for folder in _covered(hidden):
        words += ["--tmpfs", str(folder)]
        for path in _within(folder):
            words += [*_parents(path, folder), "--ro-bind", str(path), str(path)]
        words += ["--remount-ro", str(folder)]
    return [*words, "--chdir", SCRATCH, "--remount-ro", "/dev", "--remount-ro", "/tmp", "--remount-ro", "/"]


def writable() -> list[str]:
    """Where student's code may write: not in /tmp, where that would hide a checkout."""
    below = any(path.is_relative_to("/tmp") for path in (*folders(), *links()))
    return [SCRATCH, "/dev/shm", *([] if below else ["/tmp"])]


def folders() -> list[Path]:
    """The folders of Python, of this package and of the course's data, that /usr does not hold already."""
    found: list[Path] = []
    for path in sorted(_needed(), key=lambda path: len(path.parts)):
        if not any(path.is_relative_to(other) for other in [*map(Path, SYSTEM), *found]):
            found.append(path)
    return found


def links() -> dict[Path, str]:
    """The symbolic links on the way to Python and to its folders, with what is in them.

    Python is started under the name that it has outside, because it finds its packages by that name. So each
    link on the way to it must be there inside.
    """
    bound = [*map(Path, SYSTEM), *folders()]
    found = {}
    for path in (Path(sys.executable), *_wanted()):
        for link, target in _links_on_the_way(path):
            if not any(link.is_relative_to(other) for other in bound):
                found[link] = target
    return found


def _links_on_the_way(path: Path) -> Iterator[tuple[Path, str]]:
    """Each symbolic link that the system follows for a path, by its real place, and what is in it."""
    here, left = Path("/"), list(Path(os.path.abspath(path)).parts[1:])  # noqa: PTH100 - resolves no link
    for _ in range(1000):
        if not left:
            return
        there = here.parent if left[0] == ".." else here / left[0]
        del left[0]
        if there.is_symlink():
            target = os.readlink(there)  # noqa: PTH115 - as it is written
            yield there, target
            left[:0] = [part for part in Path(target).parts if part != "/"]
            there = Path("/") if target.startswith("/") else here
        here = there


def _wanted() -> list[Path]:
    """What the code inside needs, by the names that it has outside."""
    executable = Path(sys.executable).resolve().parent.parent
    return [Path(sys.prefix), Path(sys.base_prefix), executable, PACKAGE, data.FOLDER]


def _needed() -> set[Path]:
    return {path.resolve() for path in _wanted()}


def _parents(path: Path, top: Path = Path("/")) -> list[str]:
    """The options that make the folders above a path, open to all: bubblewrap itself would shut them."""
    above = [parent for parent in reversed(path.parents) if parent.is_relative_to(top) and parent != top]
    return [word for parent in above for word in ("--dir", str(parent))]


def _covered(hidden: Iterable[Path]) -> list[Path]:
    """The folders that must be covered, because they would be visible inside."""
    checkout = PACKAGE.parent
    candidates = [*hidden]
    if not any(Path.cwd().resolve().is_relative_to(place) for place in PROGRAMS):
        candidates.append(Path.cwd())
    if (checkout / "notebooks" / "assignments").is_dir():
        candidates += [checkout, checkout / "notebooks"]
    bound = [*map(Path, SYSTEM), *folders()]
    found: list[Path] = []
    for folder in sorted({path.resolve() for path in candidates}, key=lambda path: len(path.parts)):
        visible = any(folder.is_relative_to(other) and folder != other for other in bound)
        above = any(folder.is_relative_to(other) for other in found)
        if folder.is_dir() and visible and not above and not _is_code(folder):
            found.append(folder)
    return found


def _is_code(folder: Path) -> bool:
    """Whether Python's own modules are in a folder, or it is among them, so that it cannot be covered."""
    within = _within(folder)
    modules = {Path(path).resolve() for path in (*sysconfig.get_paths().values(), *sys.path[1:]) if path}
    for path in (modules - {folder}) | _needed():
        if path.is_relative_to(folder) and not any(path.is_relative_to(other) for other in within):
            return True
    own = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")]
    return any(folder.is_relative_to(path) for path in [*own, PACKAGE, data.FOLDER.resolve()])


def _within(folder: Path) -> list[Path]:
    """What the code inside needs of a folder that is covered."""
    return sorted(path for path in _needed() if path.is_relative_to(folder) and path != folder)
