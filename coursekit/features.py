"""A video becomes a sequence of features: T x 3 x H x W to T x k, frame by frame.

    found = features.extract("film.mp4")                 # EfficientNet-Lite0, k = 1280
    found.values, found.times                            # float32 (T, k), float64 (T,) in seconds
    features.save("film.h5", found)                      # or, for an hour of video, straight to the file:
    features.extract_to("film.h5", "film.mp4", fps=5)
    later = features.load("film.h5")

Frames are decoded and prepared in one thread while the network computes in another; neither holds more than
a few batches, however long the video.

A feature file is HDF5: rows can be appended while they are made and read in part afterwards, and what they
are stands beside them as attributes that any HDF5 reader shows (safetensors must know T before it writes,
and keeps only strings). Datasets `values` (T, k) float32, `times` (T,) float64, `frames` (T,) int64;
attributes `encoder`, `weights`, `weights_hash`, `preprocessing`, `selection`, `source`, `source_bytes`,
`source_sha256`.

Source: Lecture 56, 22:28.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import torch
from tqdm import tqdm

from coursekit import _decoder, encoders, video
from coursekit._files import atomic, sha256
from coursekit._prefetch import ahead
from coursekit.encoders import Encoder

Path_ = str | os.PathLike[str]
_TEXTS = ("encoder", "weights", "weights_hash", "preprocessing", "selection", "source", "source_sha256")


class FeaturesError(Exception):
    """A file that cannot be written or read as features; the message says why and what to do."""


@dataclass(frozen=True)
class Features:
    """What an encoder made of a video, and how.

    Attributes:
        values: float32 tensor (T, k), one row per frame (or per window, of a video network).
        times: float64 tensor (T,), when the row's frame is shown, in seconds, as the decoder says.
        frames: int64 tensor (T,), the number of that frame in the file.
        encoder: its name.
        weights: which weights it had.
        weights_hash: their fingerprint: equal only for equal values.
        preprocessing: what was done to each frame first.
        selection: which frames were taken, such as {"fps": "5"}; empty for all.
        source: name of the video file.
        source_bytes: its size.
        source_sha256: checksum of its content.
    """

    values: torch.Tensor = field(repr=False)
    times: torch.Tensor = field(repr=False)
    frames: torch.Tensor = field(repr=False)
    encoder: str
    weights: str
    weights_hash: str
    preprocessing: dict[str, Any]
    selection: dict[str, str]
    source: str
    source_bytes: int
    source_sha256: str


class Rows(NamedTuple):
    """Some rows of a T x k sequence."""

    values: torch.Tensor  # float32 (b, k)
    times: list[float]  # b, seconds
    frames: list[int]  # b


def extract(
    path: Path_,
    encoder: str | Encoder = encoders.DEFAULT,
    *,
    frames: tuple[int, int] | None = None,
    seconds: tuple[float, float] | None = None,
    every: int = 1,
    fps: float | Fraction | None = None,
    batch: int | None = None,
    device: str | torch.device | None = None,
    progress: bool = False,
) -> Features:
    """The features of a video, in memory.

    Args:
        path: a video file.
        encoder: a name of `encoders.NAMES`, or one that `encoders.load` made.
        frames: (first, stop): only frames first, ..., stop - 1.
        seconds: (start, stop): only frames with start <= time < stop.
        every: only every n-th frame of that part.
        fps: that many frames per second instead: at each tick 1 / fps the frame then on the screen.
        batch: frames computed together; by default 4 (16 with ONNX Runtime), on a GPU 64.
        device: where to compute, for an encoder given by name; None picks the best.
        progress: show a bar with the rate and the time left.

    Returns:
        A Features: values (T, k), times, frames and what they are.

    Raises:
        VideoError: the file cannot be read.
        WeightsError: the encoder's weights cannot be had.
        ValueError: an argument is out of range.
    """
    chosen = _encoder(encoder, device)
    part = _part(frames, seconds, every, fps)
    rows = list(_watched(stream(path, chosen, batch=batch, **part), path, part, progress))
    return Features(
        values=torch.cat([row.values for row in rows]),  # (T, k)
        times=torch.tensor([t for row in rows for t in row.times], dtype=torch.float64),  # (T,)
        frames=torch.tensor([n for row in rows for n in row.frames], dtype=torch.int64),  # (T,)
        **describe(path, chosen, part),
    )


def extract_to(
    target: Path_,
    path: Path_,
    encoder: str | Encoder = encoders.DEFAULT,
    *,
    frames: tuple[int, int] | None = None,
    seconds: tuple[float, float] | None = None,
    every: int = 1,
    fps: float | Fraction | None = None,
    batch: int | None = None,
    device: str | torch.device | None = None,
    progress: bool = False,
) -> Path:
    """The features of a video, written as they are made: memory does not grow with its length.

    Args:
        target: file to write, .h5 or .hdf5; it is there whole or not at all.
        path: as for `extract`, and so are the others.
        encoder: as for `extract`.
        frames: as for `extract`.
        seconds: as for `extract`.
        every: as for `extract`.
        fps: as for `extract`.
        batch: as for `extract`.
        device: as for `extract`.
        progress: as for `extract`.

    Returns:
        The path of the feature file.

    Raises:
        FeaturesError: `target` cannot be written.
        VideoError, WeightsError, ValueError: as `extract`.
    """
    file = _target(target)
    chosen = _encoder(encoder, device)
    part = _part(frames, seconds, every, fps)
    notes = describe(path, chosen, part)
    rows = _watched(stream(path, chosen, batch=batch, **part), path, part, progress)
    _write(file, notes, chosen.k, rows)
    return file


def stream(
    path: Path_,
    encoder: Encoder,
    *,
    frames: tuple[int, int] | None = None,
    seconds: tuple[float, float] | None = None,
    every: int = 1,
    fps: float | Fraction | None = None,
    batch: int | None = None,
) -> Iterator[Rows]:
    """The features of a video, some rows at a time; decoding and computing overlap.

    Args:
        path: a video file.
        encoder: made by `encoders.load`.
        frames: as for `extract`.
        seconds: as for `extract`.
        every: as for `extract`.
        fps: as for `extract`.
        batch: as for `extract`.

    Raises:
        VideoError: the file cannot be read.
        ValueError: an argument is out of range.
    """
    if batch is not None and (not isinstance(batch, int) or batch < 1):
        raise ValueError(f"batch={batch!r} must be a whole number of frames, 1 or more, or None")
    size = batch or encoder.batch
    shown = video.stream(path, frames=frames, seconds=seconds, every=every, fps=fps, packed=True)
    prepared = _prepared(shown, encoder, size)
    work = _windows(prepared, encoder) if encoder.windows else prepared
    return _computed(work, encoder)


def save(path: Path_, features: Features) -> Path:
    """Write features to a file, whole or not at all.

    Raises:
        FeaturesError: another suffix than .h5 or .hdf5, no such folder, or a full disk.
    """
    file = _target(path)
    notes = {name: getattr(features, name) for name in (*_TEXTS, "source_bytes")}
    rows = Rows(features.values, features.times.tolist(), features.frames.tolist())
    _write(file, notes, features.values.shape[1], iter([rows]))
    return file


def load(path: Path_, *, rows: tuple[int, int] | None = None) -> Features:
    """Read a feature file.

    Args:
        path: a file that `save` or `extract_to` wrote.
        rows: (first, stop): only these rows; no others are read from the disk.

    Raises:
        FeaturesError: the file is missing, damaged or of another kind.
        ValueError: `rows` is out of range.
    """
    file = Path(path)
    if not file.is_file():
        what = "a folder" if file.is_dir() else "no such file"
        raise FeaturesError(f"cannot read {file}: {what}; the folder read from is {Path.cwd()}")
    try:
        with h5py.File(file, "r") as hdf5:
            return _read(hdf5, file, rows)
    except (OSError, KeyError, RuntimeError, TypeError, json.JSONDecodeError) as error:
        raise FeaturesError(f"{file} is damaged or no feature file ({error}): extract it again") from error


def header(path: Path_) -> dict[str, Any]:
    """What a feature file says of itself, without its rows: the attributes, `rows` and `k`.

    Raises:
        FeaturesError: as `load`.
    """
    found = load(path, rows=(0, 0))
    notes = {name: getattr(found, name) for name in (*_TEXTS, "source_bytes")}
    with h5py.File(path, "r") as hdf5:
        return {**notes, "rows": len(hdf5["values"]), "k": hdf5["values"].shape[1]}


def describe(path: Path_, encoder: Encoder, selection: dict[str, Any]) -> dict[str, Any]:
    """Everything that decides what the features of a video are: equal descriptions, equal features."""
    file = Path(path)
    _decoder.check_file(file)
    return {
        **recipe(encoder, selection),
        "source": file.name,
        "source_bytes": file.stat().st_size,
        "source_sha256": sha256(file),
    }


def recipe(encoder: Encoder, selection: dict[str, Any]) -> dict[str, Any]:
    """The part of `describe` that does not depend on the video."""
    taken = {name: str(value) for name, value in selection.items() if value not in (None, 1)}
    return {
        "encoder": encoder.name,
        "weights": encoder.weights,
        "weights_hash": encoder.weights_hash,
        "preprocessing": json.loads(json.dumps(encoder.preprocessing._asdict())),
        "selection": taken,
    }


# ------------------------------------------------------------------------------------------ the pipeline

Prepared = tuple[
    torch.Tensor, list[float], list[int]
]  # images (b, 3, h, w) or (b, t, 3, h, w); b times, frames


def _prepared(shown: Iterator[video.Frame], encoder: Encoder, size: int) -> Iterator[Prepared]:
    """Batches of frames, resized and cropped: uint8 (b, 3, h, w)."""
    waiting: list[video.Frame] = []
    for frame in shown:
        waiting.append(frame)
        if len(waiting) == size:
            yield _batch(waiting, encoder)
            waiting = []
    if waiting:
        yield _batch(waiting, encoder)


def _batch(waiting: list[video.Frame], encoder: Encoder) -> Prepared:
    images = torch.cat([encoder.prepare(frame.image[None]) for frame in waiting])  # (b, 3, h, w)
    return images, [frame.time for frame in waiting], [frame.index for frame in waiting]


def _windows(prepared: Iterator[Prepared], encoder: Encoder) -> Iterator[Prepared]:
    """Windows of frames: uint8 (1, t, 3, h, w), with the times and numbers that its rows stand for."""
    assert encoder.windows is not None
    single = (
        (x, t, n)
        for images, times, numbers in prepared
        for x, t, n in zip(images, times, numbers, strict=True)
    )
    for window, kept in encoder.windows.cut(single):
        images = torch.stack([x for x, _, _ in window])[None]  # (1, t, 3, h, w)
        yield images, [t for _, t, _ in kept], [n for _, _, n in kept]


def _computed(work: Iterator[Prepared], encoder: Encoder) -> Iterator[Rows]:
    """Rows; the next batch is on its way to the device before the last one's result is waited for."""
    flying: tuple[torch.Tensor, list[float], list[int]] | None = None
    with closing(ahead(work)) as batches:  # type: ignore[type-var]
        for images, times, numbers in batches:
            launched = encoder.launch(images), times, numbers
            if flying is not None:
                yield _landed(*flying)
            flying = launched
    if flying is not None:
        yield _landed(*flying)


def _landed(values: torch.Tensor, times: list[float], numbers: list[int]) -> Rows:
    rows = values.cpu().flatten(0, -2)[: len(times)]  # (b, k); what a last window repeats is left out
    return Rows(rows, times, numbers)


def _encoder(encoder: str | Encoder, device: str | torch.device | None) -> Encoder:
    if isinstance(encoder, Encoder):
        if device is not None and torch.device(device) != encoder.device:
            raise ValueError(
                f"device={str(device)!r}, but the encoder is on {str(encoder.device)!r}: leave it out"
            )
        return encoder
    return encoders.load(encoder, device=device)


def _part(
    frames: tuple[int, int] | None,
    seconds: tuple[float, float] | None,
    every: int,
    fps: float | Fraction | None,
) -> dict[str, Any]:
    return {"frames": frames, "seconds": seconds, "every": every, "fps": fps}


def _watched(rows: Iterator[Rows], path: Path_, part: dict[str, Any], progress: bool) -> Iterator[Rows]:
    """The same rows, counted by a bar."""
    if not progress:
        yield from rows
        return
    total = len(video.times(path, **part))
    with tqdm(total=total, unit="frame", desc=Path(path).name, leave=False) as bar:
        for row in rows:
            bar.update(len(row.frames))
            yield row


# ------------------------------------------------------------------------------------------ the file


def _target(path: Path_) -> Path:
    file = Path(path)
    if file.suffix.lower() not in (".h5", ".hdf5"):
        raise FeaturesError(f"{file} must end in .h5 or .hdf5 (HDF5), got {file.suffix!r}")
    if not file.parent.is_dir():
        raise FeaturesError(f"cannot write {file}: there is no folder {file.parent}")
    return file


def _write(file: Path, notes: dict[str, Any], k: int, rows: Iterator[Rows]) -> None:
    try:
        with atomic(file, suffix="") as partial, h5py.File(partial, "w") as hdf5:
            values = hdf5.create_dataset(
                "values", (0, k), np.float32, maxshape=(None, k), chunks=(64, k), fletcher32=True
            )
            times = hdf5.create_dataset("times", (0,), np.float64, maxshape=(None,), chunks=(4096,))
            numbers = hdf5.create_dataset("frames", (0,), np.int64, maxshape=(None,), chunks=(4096,))
            for row in rows:
                for dataset, new in ((values, row.values.numpy()), (times, row.times), (numbers, row.frames)):
                    start = len(dataset)
                    dataset.resize(start + len(new), axis=0)
                    dataset[start:] = new
            for name, note in notes.items():
                hdf5.attrs[name] = json.dumps(note) if isinstance(note, dict) else note
    except OSError as error:
        raise FeaturesError(f"{file} could not be written: {error}") from error


def _read(hdf5: h5py.File, file: Path, rows: tuple[int, int] | None) -> Features:
    values, times, numbers = hdf5["values"], hdf5["times"], hdf5["frames"]
    if values.ndim != 2 or not len(values) == len(times) == len(numbers):
        raise FeaturesError(
            f"{file} holds values of shape {values.shape} for {len(times)} times: extract it again"
        )
    first, stop = rows or (0, len(values))
    if not 0 <= first <= stop <= len(values):
        raise ValueError(f"rows={rows!r} must be (first, stop) with 0 <= first <= stop <= {len(values)}")
    notes = {name: str(hdf5.attrs[name]) for name in _TEXTS}
    return Features(
        values=torch.from_numpy(values[first:stop].astype(np.float32)),  # (T, k)
        times=torch.from_numpy(times[first:stop].astype(np.float64)),  # (T,)
        frames=torch.from_numpy(numbers[first:stop].astype(np.int64)),  # (T,)
        encoder=notes["encoder"],
        weights=notes["weights"],
        weights_hash=notes["weights_hash"],
        preprocessing=json.loads(notes["preprocessing"]),
        selection=json.loads(notes["selection"]),
        source=notes["source"],
        source_bytes=int(hdf5.attrs["source_bytes"]),
        source_sha256=notes["source_sha256"],
    )
