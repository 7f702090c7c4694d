"""The features of many videos, each in a file of its own; started again, it does what is missing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from coursekit import encoders
from coursekit._shared._dask import ClusterError
from coursekit._shared._files import sha256
from coursekit._shared._lock import LockedError, locked, sweep
from coursekit.device import pick
from coursekit.encoders import Encoder
from coursekit.features._extract import recipe
from coursekit.features._file import FeaturesError, header
from coursekit.features._job import Job, Outcome, attempt
from coursekit.features._manifest import Manifest, Row, seen_from
from coursekit.features._workers import outcomes
from coursekit.video._selection import Selection, exact_rate

Path_ = str | os.PathLike[str]
# What is taken from a folder; a file given by name may have any suffix.
SUFFIXES = frozenset(
    (
        ".3gp", ".avi", ".flv", ".gif", ".h264", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
        ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv",
    )
)  # fmt: skip
ERRORS = (LockedError, ClusterError)  # beside ValueError and those of features and encoders


@dataclass(frozen=True)
class Report:
    """How a run ended.

    Attributes:
        rows: the manifest's row of each video that was asked for, in that order.
        made: how many feature files this run has written.
        manifest: the manifest's path.
    """

    rows: tuple[Row, ...]
    made: int
    manifest: Path

    @property
    def failed(self) -> list[Row]:
        """The rows of videos without features; `error` says why."""
        return [row for row in self.rows if row.status == "failed"]

    @property
    def damaged(self) -> list[Row]:
        """The rows of videos of which only a part could be read; `error` says which."""
        return [row for row in self.rows if row.status == "done" and row.error]


def extract_all(
    videos: Iterable[Path_] | Path_,
    out: Path_,
    encoder: str | Encoder = encoders.DEFAULT,
    *,
    fps: float | Fraction | None = None,
    every: int = 1,
    device: str | torch.device | None = None,
    progress: bool = True,
    scheduler: str | None = None,
    workers: int | None = None,
) -> Report:
    """Write the features of each video to a file in `out`, where they are not there yet.

    A script that asks for `workers` must do so under `if __name__ == "__main__":`, as for all processes.

    Args:
        videos: files, and folders whose video files (see `SUFFIXES`) are meant, in the order of their names.
        out: folder for the feature files (T, k) and `manifest.csv`; made if it is not there.
        encoder: a name of `encoders.NAMES`, or one that `encoders.load` made.
        fps: that many frames per second: at each tick 1 / fps the frame then on the screen.
        every: only every n-th frame instead.
        device: where to compute, for an encoder given by name; None picks the best.
        progress: show bars, with the rate and the time left, on stderr.
        scheduler: address of a dask scheduler, whose workers see the same folders: they do the work.
        workers: or start that many workers on this machine. Either needs an encoder given by name.

    Returns:
        A Report. A video that cannot be read is in its `failed`, and the others are done nevertheless.

    Raises:
        ValueError: an argument is wrong, or a folder has no video.
        FeaturesError: `out` cannot be written to, or has a manifest of another kind.
        WeightsError: the encoder's weights cannot be had.
        LockedError: another run is writing to `out`.
        ClusterError: dask is not installed, or its scheduler does not answer.
    """
    Selection(every=every, fps=fps)  # raises if they are wrong
    part = {"every": every, "fps": None if fps is None else exact_rate(fps)}
    spread = _check_spread(encoder, scheduler, workers)
    files = _files([videos] if isinstance(videos, str | os.PathLike) else videos)
    known = _known(encoder, device, spread)
    folder = _made(Path(out))
    with locked(folder):
        sweep(folder)
        run = _Run(folder, files, recipe(known, part), progress)
        if not spread:
            work: Iterable[tuple[int, Outcome]] = _here(run.jobs, encoder, device, part, progress)
        elif run.jobs:
            few = None if workers is None else min(workers, len(run.jobs))
            named = None if device is None else str(device)
            work = outcomes(run.jobs, str(encoder), part, device=named, workers=few, scheduler=scheduler)
        else:
            work = ()
        return run.settle(work)


class _Run:
    """What is to be done in a folder, and what has been; the one place that writes the manifest."""

    def __init__(self, folder: Path, files: list[Path], recipe: dict[str, Any], progress: bool) -> None:
        """Read the manifest, find what is missing, and enter that as waiting."""
        self.folder, self.recipe, self.progress = folder, recipe, progress
        whole = folder.resolve()
        paths = {seen_from(whole, path): path for path in reversed(files)}  # the first of equal ones stays
        self.manifest = Manifest(folder)
        self.asked = self.manifest.named(dict.fromkeys(seen_from(whole, path) for path in files))
        current = []
        self.todo: list[Row] = []
        for row in tqdm(self.asked, "checking", unit="video", leave=False, disable=not progress):
            found = _current(folder / row.file, paths[row.video], recipe)
            if found is None:
                self.todo.append(Row(row.video, row.file))
            else:  # what was wrong with the video is written in the manifest alone
                same = row.status == "done" and row.source_sha256 == found["source_sha256"]
                current.append(row.done(found, row.error if same else ""))
        self.manifest.put([*current, *self.todo])
        self.jobs = [Job(paths[row.video], folder / row.file) for row in self.todo]

    def settle(self, work: Iterable[tuple[int, Outcome]]) -> Report:
        """Enter the outcome of each job in the manifest as it comes."""
        sizes = [_size(job.video) for job in self.jobs]
        made = 0
        with _bar(sum(sizes), self.progress and bool(self.jobs)) as bar:
            for count, (number, outcome) in enumerate(work, start=1):
                row = self._settled(self.todo[number], outcome)
                self.manifest.put([row])
                made += row.status == "done"
                bar.set_description(f"{count}/{len(self.jobs)} videos", refresh=False)
                bar.update(sizes[number])
        rows = tuple(self.manifest.rows[row.video] for row in self.asked)
        return Report(rows, made, self.manifest.path)

    def _settled(self, row: Row, outcome: Outcome) -> Row:
        """The row of a job that has ended, with what its feature file says of itself."""
        if outcome.error:
            return row.failed(outcome.error)
        try:
            found = header(self.folder / row.file)
        except FeaturesError as error:
            return row.failed(f"the worker's file is not to be seen here, are the folders shared? {error}")
        if not _fits(found, self.recipe):
            return row.failed("the worker has other weights, or another version of the course's packages")
        return row.done(found, outcome.note)


def _here(
    jobs: list[Job],
    encoder: str | Encoder,
    device: str | torch.device | None,
    part: dict[str, Any],
    progress: bool,
) -> Iterator[tuple[int, Outcome]]:
    """One video after the other in this process; its frames have a bar of their own on a terminal."""
    if jobs:
        loaded = encoder if isinstance(encoder, Encoder) else encoders.load(encoder, device=device)
    for number, job in enumerate(jobs):
        yield number, attempt(job, loaded, part, progress and sys.stderr.isatty())


def _current(file: Path, path: Path, recipe: dict[str, Any]) -> dict[str, Any] | None:
    """What a feature file says of itself, if making it anew would give the same; else None.

    The video is read for its checksum only where nothing else differs.
    """
    try:
        found = header(file)
        if not _fits(found, recipe) or found["source_bytes"] != path.stat().st_size:
            return None
        return found if found["source_sha256"] == sha256(path) else None
    except Exception:  # damaged in whatever way, or no video any more: the attempt will say what it is
        return None


def _fits(found: dict[str, Any], recipe: dict[str, Any]) -> bool:
    return all(found[name] == value for name, value in recipe.items())


def _check_spread(encoder: str | Encoder, scheduler: str | None, workers: int | None) -> bool:
    """Whether the work goes to dask's workers."""
    if scheduler is not None and workers is not None:
        raise ValueError("scheduler and workers both say who does the work: give one of them")
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise ValueError(f"workers={workers!r} must be a whole number, 1 or more")
    spread = scheduler is not None or workers is not None
    if spread and not isinstance(encoder, str):
        raise ValueError("workers load the encoder themselves: give its name")
    return spread


def _known(encoder: str | Encoder, device: str | torch.device | None, spread: bool) -> Encoder:
    """The encoder as far as its features' description needs it: quickly loaded, slow to compute."""
    if isinstance(encoder, Encoder):
        if device is not None and torch.device(device) != encoder.device:
            raise ValueError(f"device={str(device)!r}, but the encoder is on {str(encoder.device)!r}")
        return encoder
    if not spread:
        pick(None if device is None else str(device))  # raises now if it is wrong, not at the first video
    return encoders.load(encoder, device="cpu", backend="eager")


def _files(videos: Iterable[Path_]) -> list[Path]:
    """The files that are meant, in order; what does not exist stays, and fails when its turn comes."""
    files: list[Path] = []
    for path in map(Path, videos):
        if path.is_dir():
            inside = [file for file in sorted(path.iterdir()) if _is_video(file)]
            if not inside:
                raise ValueError(f"the folder {path} has no video file ({', '.join(sorted(SUFFIXES))})")
            files += inside
        else:
            files.append(path)
    if not files:
        raise ValueError("no video was given")
    return files


def _is_video(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError as error:
        raise FeaturesError(f"cannot make the folder {folder}: {error}") from error
    raise FeaturesError(f"cannot write to the folder {folder}: not allowed")


def _size(video: Path) -> int:
    """Bytes of a video, by which the time left is reckoned; 1 for what is not there."""
    return max(1, video.stat().st_size) if video.is_file() else 1


def _bar(total: int, shown: bool) -> Any:
    """A bar that counts bytes of video: films differ in length, and so the time left is nearer the truth."""
    return tqdm(
        total=total, desc="0 videos", unit="B", unit_scale=True, smoothing=0, disable=not shown,
        dynamic_ncols=True,
    )  # fmt: skip
