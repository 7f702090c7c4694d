"""A feature file: written as the rows come, read whole or in part."""

from __future__ import annotations

import hashlib
import json
import operator
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from coursekit.features._formats import (
    BY_SUFFIX,
    DAMAGE,
    Append,
    FeaturesError,
    Rows,
    Stored,
    beside,
    is_ours,
)
from coursekit.features._manifest import NAME, is_listed

Path_ = str | os.PathLike[str]
_TEXTS = ("encoder", "weights", "weights_hash", "source", "source_sha256")
_OBJECTS = ("preprocessing", "selection")
_SUFFIXES = ", ".join(BY_SUFFIX)


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
        selection: which frames were taken, such as {"fps": "5"}; empty for all. "track" if one was named.
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


def target_of(path: Path_, source: Path_ | None = None) -> Path:
    """The path of a feature file to write.

    What stands there already is written over only if it is provably ours: it has our notes; or it is damaged
    and begins as our files do, and a manifest says that it was finished once.

    Args:
        path: of the file.
        source: the video whose features it will have.

    Raises:
        FeaturesError: another suffix than those of `FORMATS`, no such folder, or a file there that is not
            ours or is the video itself.
    """
    file = Path(path)
    if file.suffix.lower() not in BY_SUFFIX:
        raise FeaturesError(f"{file} must end in {_SUFFIXES}, got {file.suffix!r}")
    if not file.parent.is_dir():
        raise FeaturesError(f"cannot write {file}: there is no folder {file.parent}")
    files = [file, beside(file)] if file.suffix.lower() == ".npy" else [file]
    if source is not None and any(_is_same(each, source) for each in files):
        raise FeaturesError(f"{file} would be written over the video {source}: choose another folder or name")
    ours = is_ours(file)
    named = f"{file} (or {beside(file).name} beside it)" if len(files) > 1 else f"{file}"
    if ours is False:
        raise FeaturesError(f"{named} is there, and is no feature file of coursekit: move it away")
    if ours is None and not is_listed(file):
        raise FeaturesError(
            f"{named} is damaged or incomplete, and no {NAME} says that coursekit made it: move it away, or "
            "delete it"
        )
    return file


def _is_same(one: Path, other: Path_) -> bool:
    """Whether two paths lead to one file, also through a link; False where there is none."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def write_rows(file: Path, notes: dict[str, Any], k: int, rows: Iterable[Rows]) -> None:
    """Write rows (b, k) to a feature file as they come, whole or not at all.

    Raises:
        FeaturesError: the disk is full, or the file cannot be written for another reason.
    """
    with writing(file, notes, k) as append:
        for row in rows:
            append(row)


@contextmanager
def writing(file: Path, notes: dict[str, Any], k: int) -> Iterator[Append]:
    """Yield what takes rows (b, k) for a feature file, which is there when the block ends without an error.

    Raises:
        FeaturesError: as `write_rows`.
    """
    try:
        with BY_SUFFIX[file.suffix.lower()].begin(file, notes, k) as append:
            yield append
    except OSError as error:
        raise FeaturesError(f"{file} could not be written: {error}") from error


def save(path: Path_, features: Features) -> Path:
    """Write features to a file, whole or not at all.

    Its suffix says in which format: .h5, .npy or .safetensors. An .npy holds the values alone; the rest goes
    to a .json of the same name beside it.

    Raises:
        FeaturesError: a suffix of no format, no such folder, a file there that is not ours, or a full disk.
        TypeError, ValueError: the values are no tensor (T, k), or there is not one time and one frame for
            each row.
    """
    rows = _rows(features)
    file = target_of(path)
    notes = {name: getattr(features, name) for name in (*_TEXTS, *_OBJECTS, "source_bytes")}
    write_rows(file, notes, rows.values.shape[1], [rows])
    return file


def _rows(features: Features) -> Rows:
    """All rows of features, checked before anything is written."""
    for name in ("values", "times", "frames"):
        if not isinstance(tensor := getattr(features, name), torch.Tensor):
            raise TypeError(
                f"{name} must be a tensor, got {type(tensor).__name__}: torch.as_tensor makes one"
            )
    shapes = [tuple(tensor.shape) for tensor in (features.values, features.times, features.frames)]
    values, times, frames = shapes
    if len(values) != 2 or not values[1] or not times == frames == values[:1]:
        raise ValueError(
            f"values must be (T, k), times (T,) and frames (T,), got {values}, {times} and {frames}: cut all "
            "three in the same way"
        )
    numbers = features.frames
    if not features.values.is_floating_point() or numbers.is_floating_point() or numbers.is_complex():
        raise ValueError(
            f"values must be float32 and frames int64, got {features.values.dtype} and {numbers.dtype}"
        )
    return Rows(features.values.detach().cpu().float(), features.times.tolist(), numbers.tolist())


def load(path: Path_, *, rows: tuple[int, int] | None = None) -> Features:
    """Read a feature file.

    Args:
        path: a file that `save` or `extract_to` wrote. Its suffix says which format it has.
        rows: (first, stop): only these rows; no others are read from the disk.

    Raises:
        FeaturesError: the file is missing, damaged or of another kind.
        TypeError: `rows` is not two whole numbers.
        ValueError: `rows` is out of range.
    """
    part = None if rows is None else _whole(rows)
    with _opened(Path(path)) as stored:
        total = stored.shape[0]
        first, stop = part or (0, total)
        features = _read(stored, first, stop) if 0 <= first <= stop <= total else None
    if features is None:
        raise ValueError(f"rows={rows!r} must be (first, stop) with 0 <= first <= stop <= {total}")
    return features


def _whole(rows: tuple[int, int]) -> tuple[int, int]:
    try:
        first, stop = map(operator.index, rows)
    except (TypeError, ValueError):
        raise TypeError(f"rows={rows!r} must be two whole numbers, (first, stop)") from None
    return first, stop


def header(path: Path_) -> dict[str, Any]:
    """What a feature file says of itself, without its rows: the attributes, `rows` and `k`.

    Raises:
        FeaturesError: as `load`.
    """
    with _opened(Path(path)) as stored:
        rows, k = stored.shape
        return {**_notes(stored), "rows": rows, "k": k}


@contextmanager
def _opened(file: Path) -> Iterator[Stored]:
    """An opened feature file, of one length.

    Raises:
        FeaturesError: it is missing, damaged or of another kind; also, what reading it in the block raises.
    """
    if not file.is_file():
        what = "a folder" if file.is_dir() else "no such file"
        raise FeaturesError(f"cannot read {file}: {what}; the folder read from is {Path.cwd()}")
    if file.suffix.lower() not in BY_SUFFIX:
        raise FeaturesError(f"{file} is no feature file: those end in {_SUFFIXES}")
    try:
        with BY_SUFFIX[file.suffix.lower()].open(file) as stored:
            if len(stored.shape) != 2 or not stored.shape[0] == len(stored.times) == len(stored.frames):
                raise ValueError(f"it holds values of shape {stored.shape} for {len(stored.times)} times")
            yield stored
    except (*DAMAGE, ValueError) as error:
        raise FeaturesError(f"{file} is damaged or no feature file ({error}): extract it again") from error


def _read(stored: Stored, first: int, stop: int) -> Features:
    empty = np.zeros((0, *stored.shape[1:]))  # safetensors gives no slice without rows
    values = (stored.values[first:stop] if first < stop else empty).astype(np.float32)  # (stop - first, k)
    if (
        stored.checksum
        and stop - first == stored.shape[0]
        and hashlib.sha256(values.astype("<f4").tobytes()).hexdigest() != stored.checksum
    ):
        raise ValueError("its values are not those that were written")
    return Features(
        values=torch.from_numpy(values),  # (T, k)
        times=torch.from_numpy(stored.times[first:stop].astype(np.float64)),  # (T,)
        frames=torch.from_numpy(stored.frames[first:stop].astype(np.int64)),  # (T,)
        **_notes(stored),
    )


def _notes(stored: Stored) -> dict[str, Any]:
    notes: dict[str, Any] = {name: str(stored.notes[name]) for name in _TEXTS}
    for name in _OBJECTS:
        note = stored.notes[name]
        notes[name] = note if isinstance(note, dict) else json.loads(note)
    return {**notes, "source_bytes": int(stored.notes["source_bytes"])}
