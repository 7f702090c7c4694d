"""The features of many videos, each in a file of its own; started again, it does what is missing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import torch
from tqdm import tqdm
from typing_extensions import Unpack

from coursekit import encoders
from coursekit._shared._dask import ClusterError
from coursekit._shared._files import byte_count, sha256
from coursekit._shared._jupyter import is_notebook, is_recorded
from coursekit._shared._lock import LockedError, locked, sweep
from coursekit.encoders import Encoder
from coursekit.features import _decoders
from coursekit.features._estimate import announcement
from coursekit.features._extract import opened, recipe, selected
from coursekit.features._file import header
from coursekit.features._formats import FORMATS, FeaturesError
from coursekit.features._job import Job, JobResult, attempt, make_folder
from coursekit.features._manifest import Manifest, Row, one_line, seen_from
from coursekit.features._videos import Listed, find, is_there
from coursekit.features._workers import results
from coursekit.video import Selection, SelectionOptions
from coursekit.video._open import check_track
from coursekit.video._torchcodec import check_decoder

Path_ = str | os.PathLike[str]
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
    videos: Iterable[Path_ | Listed] | Path_,
    out: Path_,
    encoder: str | Encoder = encoders.DEFAULT,
    selection: Selection | None = None,
    *,
    format: str = "hdf5",
    track: int | None = None,
    decoder: str = "pyav",
    device: str | torch.device | None = None,
    progress: bool = True,
    precision: str = "auto",
    decoders: int = 0,
    scheduler: str | None = None,
    workers: int | None = None,
    **options: Unpack[SelectionOptions],
) -> Report:
    """Write the features of each video to a file in `out`, where they are not there yet.

    A script that asks for `workers` or `decoders` must do so under `if __name__ == "__main__":`, as for all
    processes.

    Args:
        videos: files, folders, and what `read_list` gives. A folder stands for the video files (see
            `SUFFIXES`) in it and in its subfolders, in the order of their paths.
        out: folder for the feature files (T, k) and `manifest.csv`; made if it is not there.
        encoder: a name, as for `encoders.load`, or an encoder that it made.
        selection: which frames of each video; None for all of them. Without `size`, as for `extract`.
        format: of new feature files: "hdf5", "npy" or "safetensors" (see `FORMATS`).
        track: which video track of each video, as for `video.read`.
        decoder: "pyav" or "torchcodec", as for `extract`. It is noted in each feature file.
        device: where to compute, for an encoder given by name; None picks the best.
        progress: show bars, with the rate and the time left; before them, about how many frames will be
            computed, and how long that takes here. Not while a notebook is recorded.
        precision: in which the network computes, for an encoder given by name: "auto", "float32", "float16"
            or "bfloat16", as for `encoders.load`.
        decoders: decode in so many processes, which feed one network, for a GPU that would wait for one; 0
            decodes in this process. The features are the same. At most so many videos are under way.
        scheduler: address of a dask scheduler, whose workers see the same folders: they do the work.
        workers: or start that many workers on this machine. Either needs an encoder given by name.
        **options: or the fields of `video.Selection` as keywords: frames, seconds, every, fps, indices.

    Returns:
        A Report. A video that cannot be read is in its `failed`, and the others are done nevertheless.

    Raises:
        ValueError: an argument is wrong, or a folder has no video.
        TypeError: `track` is no whole number.
        FeaturesError: `out` cannot be written to, has a manifest of another kind, or features of these videos
            in another format.
        WeightsError: the encoder's weights cannot be had.
        LockedError: another run is writing to `out`.
        ClusterError: dask is not installed, or its scheduler does not answer.
    """
    if out == "":
        raise ValueError("the folder for the features has an empty name: name one; . is this folder")
    progress = progress and not is_recorded()  # whose text is never the same twice
    selection = selected(selection, options)
    by_workers = _is_for_workers(encoder, scheduler, workers)
    _check_decoders(decoders, decoder, by_workers)
    if format not in FORMATS:
        raise ValueError(f"format={format!r} is unknown: choose one of {', '.join(FORMATS)}")
    check_decoder(decoder)
    check_track(track)
    listed = find([videos] if isinstance(videos, str | os.PathLike) else videos)
    # Not started: this describes the features. The first video starts it, if there is one to do here.
    loaded = opened(encoder, "cpu" if by_workers else device, precision=precision, start=False)
    _ = loaded.weights_hash  # damaged weights are an error before there is a folder
    folder = make_folder(Path(out))
    with locked(folder):
        run = _Run(
            folder, listed, recipe(loaded, selection, track, decoder), FORMATS[format].suffix, progress
        )
        run.jobs = [job._replace(track=track, decoder=decoder) for job in run.jobs]
        if progress and run.jobs:
            paths = [job.video for job in run.jobs]
            said = announcement(
                paths, loaded, selection, track, measured=not (by_workers or decoders) and decoder == "pyav"
            )
            tqdm.write(said, file=_stream())
        if by_workers:
            where = None if device is None else str(device)
            ended = results(
                run.jobs, str(encoder), selection, device=where, precision=precision,
                workers=workers, scheduler=scheduler,
            )  # fmt: skip
        elif decoders:
            ended = _decoders.results(run.jobs, loaded, selection, run.recipe, decoders)
        else:
            ended = _here(run.jobs, loaded, selection, progress)
        return run.settle(ended)


class _Run:
    """What is to be done in a folder, and what has been; the one place that writes the manifest."""

    def __init__(
        self, folder: Path, listed: list[Listed], recipe: dict[str, Any], suffix: str, progress: bool
    ) -> None:
        """Read the manifest, see what is missing, and enter that as waiting."""
        self.folder, self.recipe, self.progress = folder, recipe, progress
        whole = folder.resolve()
        videos: dict[str, Listed] = {}
        for video in listed:
            videos.setdefault(seen_from(whole, video.path), video)  # the first of equal ones stays
        self.manifest = Manifest(folder)
        named = self.manifest.named({name: video.place for name, video in videos.items()}, suffix)
        self.asked = [_labelled(row, videos[row.video]) for row in named]
        for inside in filter(Path.is_dir, {folder, *((folder / row.file).parent for row in self.asked)}):
            sweep(inside)
        finished: list[Row] = []
        self.waiting: list[Row] = []
        for row in tqdm(
            self.asked, "checking", unit="video", leave=False, disable=not progress, file=_stream()
        ):
            path = videos[row.video].path
            current = _finished(row, folder / row.file, path, recipe)
            if current is None:
                self.waiting.append(replace(row.anew(), source_mtime_ns=_changed(path)))
            else:
                finished.append(current)
        self.manifest.put([*finished, *self.waiting])
        self.jobs = [Job(videos[row.video].path, folder / row.file) for row in self.waiting]

    def settle(self, ended: Iterable[tuple[int, JobResult]]) -> Report:
        """Enter the result of each job in the manifest as it comes."""
        # By these the time left is reckoned; 1 for what is not there.
        sizes = [max(1, byte_count(job.video)) for job in self.jobs]
        written = 0
        with _bar(sum(sizes), self.progress and bool(self.jobs)) as bar:
            for count, (number, result) in enumerate(ended, start=1):
                row = self._settled(self.waiting[number], result)
                self.manifest.put([row])
                written += row.status == "done"
                bar.set_description(f"{count}/{len(self.jobs)} videos", refresh=False)
                bar.update(sizes[number])
        rows = tuple(self.manifest.rows[row.video] for row in self.asked)
        return Report(rows, written, self.manifest.path)

    def _settled(self, row: Row, result: JobResult) -> Row:
        """The row of a job that has ended, with what its feature file says of itself."""
        if result.error:
            return row.failed(result.error)
        try:
            notes = header(self.folder / row.file)
        except FeaturesError as error:
            return row.failed(
                "the worker reported success, but its file is not visible here. Check that all machines "
                f"share the folder: {error}"
            )
        if not _fits(notes, self.recipe):
            return row.failed("the worker has other weights, or another version of the course's packages")
        return row.done(notes, result.note)


def _here(
    jobs: list[Job], encoder: Encoder, selection: Selection, progress: bool
) -> Iterator[tuple[int, JobResult]]:
    """One video after the other in this process; its frames have a bar of their own on a terminal."""
    for number, job in enumerate(jobs):
        yield number, attempt(job, encoder, selection, progress and sys.stderr.isatty())


def _labelled(row: Row, video: Listed) -> Row:
    """The row with the label and the group of its list; without such, those of an earlier run stay."""
    label = row.label if video.label is None else one_line(video.label)
    group = row.group if video.group is None else one_line(video.group)
    return replace(row, label=label, group=group)


def _finished(row: Row, file: Path, video: Path, recipe: dict[str, Any]) -> Row | None:
    """The row of a video whose features would come out the same if they were made again; else None.

    A video of the same size and time of change as at the last run is taken for the same, as rsync and make
    do. With another time, or one that is not known, its checksum decides: only then the video is read.

    Args:
        row: of the manifest, as the last run left it, or a new one.
        file: the feature file.
        video: the video.
        recipe: what the features of this run depend on, besides the video.
    """
    try:
        changed = _changed(video)
        notes = header(file)
        if not _fits(notes, recipe) or notes["source_bytes"] != video.stat().st_size:
            return None
        listed = row.status == "done" and row.source_sha256 == notes["source_sha256"]
        unchanged = listed and row.source_mtime_ns == changed != ""
        if not unchanged and notes["source_sha256"] != sha256(video):
            return None
    except Exception:  # damaged in whatever way, or no video any more: the attempt will say what it is
        return None
    # What was wrong with the video is written in the manifest alone.
    return replace(row, source_mtime_ns=changed).done(notes, row.error if listed else "")


def _fits(notes: dict[str, Any], recipe: dict[str, Any]) -> bool:
    return all(notes[name] == value for name, value in recipe.items())


def _changed(video: Path) -> str:
    """When a video was last changed, in nanoseconds since 1970; empty for what is not there."""
    return str(video.stat().st_mtime_ns) if is_there(video) else ""


def _is_for_workers(encoder: str | Encoder, scheduler: str | None, workers: int | None) -> bool:
    """Whether dask's workers do the work.

    Raises:
        ValueError: both kinds of workers were asked for, not a number of them, or an encoder without a name.
    """
    if scheduler is not None and workers is not None:
        raise ValueError("scheduler and workers both say who does the work: give one of them")
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise ValueError(f"workers={workers!r} must be a whole number, 1 or more")
    by_workers = scheduler is not None or workers is not None
    if by_workers and not isinstance(encoder, str):
        raise ValueError("workers load the encoder themselves: give its name")
    return by_workers


def _check_decoders(decoders: int, decoder: str, by_workers: bool) -> None:
    """Raise a ValueError if decoding processes cannot be had with the other options."""
    if not isinstance(decoders, int) or decoders < 0:
        raise ValueError(f"decoders={decoders!r} must be a whole number of processes, 0 or more")
    if decoders and by_workers:
        raise ValueError(f"decoders={decoders}: each worker decodes for itself; give decoders or workers")
    if decoders and decoder != "pyav":
        raise ValueError(f"decoders={decoders} is for decoder='pyav', got {decoder!r}: leave one of them out")


def _bar(total: int, shown: bool) -> Any:
    """A bar that counts bytes of video: films differ in length, and so the time left is nearer the truth."""
    return tqdm(
        total=total, desc="0 videos", unit="B", unit_scale=True, smoothing=0, disable=not shown,
        dynamic_ncols=True, file=_stream(),
    )  # fmt: skip


def _stream() -> TextIO:
    """Where bars go: Jupyter shows stderr as if it were an error."""
    return sys.stdout if is_notebook() else sys.stderr
