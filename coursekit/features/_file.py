"""A feature file: written as the rows come, read whole or in part."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import torch

from coursekit._shared._files import atomic

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
        weights_hash: their checksum: equal only for equal values.
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


def target_of(path: Path_) -> Path:
    """The path of a feature file to write.

    Raises:
        FeaturesError: another suffix than .h5 or .hdf5, or no such folder.
    """
    file = Path(path)
    if file.suffix.lower() not in (".h5", ".hdf5"):
        raise FeaturesError(f"{file} must end in .h5 or .hdf5 (HDF5), got {file.suffix!r}")
    if not file.parent.is_dir():
        raise FeaturesError(f"cannot write {file}: there is no folder {file.parent}")
    return file


def write_rows(file: Path, notes: dict[str, Any], k: int, rows: Iterator[Rows]) -> None:
    """Write rows (b, k) to a feature file as they come, whole or not at all.

    Raises:
        FeaturesError: the disk is full, or the file cannot be written for another reason.
    """
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


def save(path: Path_, features: Features) -> Path:
    """Write features to a file, whole or not at all.

    Raises:
        FeaturesError: another suffix than .h5 or .hdf5, no such folder, or a full disk.
    """
    file = target_of(path)
    notes = {name: getattr(features, name) for name in (*_TEXTS, "source_bytes")}
    rows = Rows(features.values, features.times.tolist(), features.frames.tolist())
    write_rows(file, notes, features.values.shape[1], iter([rows]))
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
    features = load(path, rows=(0, 0))
    notes = {name: getattr(features, name) for name in (*_TEXTS, "source_bytes")}
    with h5py.File(path, "r") as hdf5:
        return {**notes, "rows": len(hdf5["values"]), "k": hdf5["values"].shape[1]}


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
