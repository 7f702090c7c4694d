"""The formats of a feature file: rows are written to each as they come, and read from each in part.

Each format has a function that begins a file, which is there whole or not at all, and one that opens it. How
many rows there will be is known at the end only. HDF5 can grow; for the other two, the rows wait in a
temporary file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import h5py
import numpy as np
import torch
from safetensors import SafetensorError, safe_open  # timm needs it too

from coursekit._shared._files import atomic

Notes = dict[str, Any]


class FeaturesError(Exception):
    """A file that cannot be written or read as features; the message says why and what to do."""


# What opening or reading a damaged or strange file raises, beside ValueError.
DAMAGE = (OSError, EOFError, KeyError, RuntimeError, TypeError, SafetensorError)


class Rows(NamedTuple):
    """Some rows of a T x k sequence."""

    values: torch.Tensor  # float32 (b, k)
    times: list[float]  # b, seconds
    frames: list[int]  # b


Append = Callable[[Rows], None]


class Stored(NamedTuple):
    """An open feature file. What is sliced is read from the disk, and nothing else."""

    values: Any  # float32 (T, k)
    times: Any  # float64 (T,)
    frames: Any  # int64 (T,)
    shape: tuple[int, ...]  # of values
    notes: Notes  # a value is what was written, or that as text
    checksum: str = ""  # of all bytes of the values; "" where the format checks them itself


# ---------------------------------------------------------------------------------------------- HDF5


@contextmanager
def _begin_hdf5(file: Path, notes: Notes, k: int) -> Iterator[Append]:
    with atomic(file, suffix="") as partial, h5py.File(partial, "w") as hdf5:
        values = hdf5.create_dataset(
            "values", (0, k), np.float32, maxshape=(None, k), chunks=(64, k), fletcher32=True
        )
        times = hdf5.create_dataset("times", (0,), np.float64, maxshape=(None,), chunks=(4096,))
        numbers = hdf5.create_dataset("frames", (0,), np.int64, maxshape=(None,), chunks=(4096,))

        def append(rows: Rows) -> None:
            for dataset, new in ((values, rows.values.numpy()), (times, rows.times), (numbers, rows.frames)):
                start = len(dataset)
                dataset.resize(start + len(new), axis=0)
                dataset[start:] = new

        yield append
        for name, note in notes.items():
            hdf5.attrs[name] = json.dumps(note) if isinstance(note, dict) else note


@contextmanager
def _open_hdf5(file: Path) -> Iterator[Stored]:
    with h5py.File(file, "r") as hdf5:
        if len(hdf5) and "values" not in hdf5:
            raise ValueError(f"it holds {', '.join(hdf5)} and no values")
        values = hdf5["values"]
        yield Stored(values, hdf5["times"], hdf5["frames"], values.shape, dict(hdf5.attrs))


# ------------------------------------------------------------------------------- rows in a temporary file


class _Spool:
    """The rows of a video that have come so far.

    Attributes:
        times: float64 (T,), seconds.
        frames: int64 (T,), the number of each frame.
        checksum: SHA-256 of the values.
    """

    def __init__(self, content: IO[bytes]) -> None:
        """Begin with an empty temporary file, for the values: float32, row after row."""
        self._content, self._digest = content, hashlib.sha256()
        self._times: list[float] = []
        self._frames: list[int] = []

    def append(self, rows: Rows) -> None:
        """Write the values to the temporary file."""
        piece = rows.values.numpy().astype("<f4").tobytes()
        self._content.write(piece)
        self._digest.update(piece)
        self._times += rows.times
        self._frames += rows.frames

    def copy_values(self, target: IO[bytes]) -> None:
        """Write all values to another file."""
        self._content.seek(0)
        shutil.copyfileobj(self._content, target)

    @property
    def times(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array(self._times, np.float64)

    @property
    def frames(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.array(self._frames, np.int64)

    @property
    def checksum(self) -> str:
        return self._digest.hexdigest()


@contextmanager
def _spool(folder: Path) -> Iterator[_Spool]:
    """Rows that wait in a file in `folder`, which is gone at the end."""
    with tempfile.TemporaryFile(dir=folder) as content:
        yield _Spool(content)


# ----------------------------------------------------------------------------------- npy, and a json beside


def beside(file: Path) -> Path:
    """The description of an .npy file: the same name with .json."""
    return file.with_suffix(".json")


@contextmanager
def _begin_npy(file: Path, notes: Notes, k: int) -> Iterator[Append]:
    about = beside(file)
    with atomic(file, suffix="") as partial, atomic(about, suffix=".json") as partial_about:
        with _spool(file.parent) as spool, partial.open("wb") as target:
            yield spool.append
            shape = len(spool.times), k
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(target, header)
            spool.copy_values(target)
        described = {
            **notes,
            "values_sha256": spool.checksum,
            "times": spool.times.tolist(),
            "frames": spool.frames.tolist(),
        }
        partial_about.write_text(json.dumps(described, indent=1), encoding="utf-8")
        # Old values must never stand beside a new description, which is the first to take its place. What a
        # kill leaves here is a description alone, and that says whose it is.
        file.unlink(missing_ok=True)


@contextmanager
def _open_npy(file: Path) -> Iterator[Stored]:
    values = np.load(file, mmap_mode="r", allow_pickle=False)  # (T, k)
    if not isinstance(values, np.ndarray):
        raise ValueError("it holds several arrays (.npz), not one")
    if values.ndim != 2 or values.dtype != np.float32:
        raise ValueError(f"it holds {values.dtype} of shape {values.shape}, not float32 (T, k)")
    if not beside(file).is_file():
        raise FileNotFoundError(f"there is no {beside(file).name} beside it")
    notes = json.loads(beside(file).read_text(encoding="utf-8"))
    times, frames = np.array(notes.pop("times"), np.float64), np.array(notes.pop("frames"), np.int64)
    yield Stored(values, times, frames, values.shape, notes, notes["values_sha256"])


# --------------------------------------------------------------------------------------------- safetensors


@contextmanager
def _begin_safetensors(file: Path, notes: Notes, k: int) -> Iterator[Append]:
    """Write the format by hand: the library's own writer wants all values in memory.

    The file is the length of the header (8 bytes), the header as JSON, and the bytes of the tensors. Those
    of 8 bytes a number stand first, and spaces fill the header, so that each begins at its multiple.

    Source: github.com/huggingface/safetensors, README, "Format".
    """
    with (
        atomic(file, suffix="") as partial,
        _spool(file.parent) as spool,
        partial.open("wb") as target,
    ):
        yield spool.append
        length = len(spool.times)
        texts = {
            name: json.dumps(note) if isinstance(note, dict) else str(note) for name, note in notes.items()
        }
        ends = (8 * length, 16 * length, 16 * length + 4 * length * k)
        header = {
            "__metadata__": {**texts, "values_sha256": spool.checksum},
            "times": {"dtype": "F64", "shape": [length], "data_offsets": [0, ends[0]]},
            "frames": {"dtype": "I64", "shape": [length], "data_offsets": [ends[0], ends[1]]},
            "values": {"dtype": "F32", "shape": [length, k], "data_offsets": [ends[1], ends[2]]},
        }
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        target.write(struct.pack("<Q", len(text)) + text)
        target.write(spool.times.astype("<f8").tobytes() + spool.frames.astype("<i8").tobytes())
        spool.copy_values(target)


@contextmanager
def _open_safetensors(file: Path) -> Iterator[Stored]:
    with safe_open(file, framework="numpy") as content:
        notes = content.metadata() or {}
        names = list(content.keys())
        if "values" not in names:
            raise ValueError(f"it holds {', '.join(names)} and no values")
        values, times, frames = content.get_slice("values"), *map(content.get_tensor, ("times", "frames"))
        shape = tuple(values.get_shape())
        yield Stored(values, times, frames, shape, notes, notes["values_sha256"])


# --------------------------------------------------------------------------------------------- all of them


class Format(NamedTuple):
    """A format of feature files.

    Attributes:
        suffix: by which its files are known.
        begin: begin a file from (path, notes, k); what it yields takes the rows. The file is there when the
            block ends; if the block raises, it is not. OSError if it cannot be written.
        open: open one; a `DAMAGE` or a ValueError if it is damaged or something else.
    """

    suffix: str
    begin: Callable[[Path, Notes, int], AbstractContextManager[Append]]
    open: Callable[[Path], AbstractContextManager[Stored]]


FORMATS = {
    "hdf5": Format(".h5", _begin_hdf5, _open_hdf5),
    "npy": Format(".npy", _begin_npy, _open_npy),
    "safetensors": Format(".safetensors", _begin_safetensors, _open_safetensors),
}
BY_SUFFIX = {**{kind.suffix: kind for kind in FORMATS.values()}, ".hdf5": FORMATS["hdf5"]}


# ------------------------------------------------------------------------------------- whose a file is

_MARKS = {"encoder", "weights_hash", "source_sha256"}  # of our notes; no other program writes all of them
_PARTS = {"values", "times", "frames"}


def is_ours(file: Path) -> bool | None:
    """Whether the feature file at a path is ours, by what it holds; None if it is too damaged to say.

    True too for an empty file, and for none: nothing is lost there. Of a file that cannot be opened the first
    bytes are looked at, and if they are not those of our files, it is not ours. An .npy says nothing of
    itself: the description beside it says whose it is.
    """
    kind = BY_SUFFIX[file.suffix.lower()].suffix
    if kind == ".h5":
        return _is_ours(file, _has_our_attributes, b"\x89HDF\r\n\x1a\n")
    if kind == ".safetensors":
        return _is_ours(file, _has_our_metadata, b'{"__metadata__": {"encoder": "')
    about = _is_ours(beside(file), _describes_features, b'{\n "encoder": "')
    values = _is_ours(file, _may_be_values, b"\x93NUMPY")
    if about is False or values is False:
        return False
    if is_empty(beside(file)):
        return True if is_empty(file) else None
    return about


def is_empty(file: Path) -> bool:
    """Whether there is nothing at a path, or a file without a byte."""
    return not os.path.lexists(file) or (file.is_file() and not file.stat().st_size)


def _is_ours(file: Path, holds: Callable[[Path], bool], head: bytes) -> bool | None:
    """Whether a file `holds` what ours do; None if it cannot be read, but begins with the `head` of ours."""
    try:
        return is_empty(file) or holds(file)
    except (*DAMAGE, ValueError):
        pass
    try:
        with file.open("rb") as content:
            return None if head in content.read(8 + len(head)) else False  # 8: safetensors' length
    except OSError:
        return False


def _has_our_attributes(file: Path) -> bool:
    with h5py.File(file, "r") as hdf5:
        return set(hdf5.attrs) >= _MARKS and set(hdf5) <= _PARTS


def _has_our_metadata(file: Path) -> bool:
    with safe_open(file, framework="numpy") as content:
        return set(content.metadata() or {}) >= _MARKS and set(content.keys()) <= _PARTS


def _describes_features(file: Path) -> bool:
    described = json.loads(file.read_text(encoding="utf-8"))
    return isinstance(described, dict) and described.keys() >= {*_MARKS, "values_sha256", "times", "frames"}


def _may_be_values(file: Path) -> bool:
    """Whether an .npy has the header of ours: float32 (T, k), as many rows as the description has times."""
    with file.open("rb") as content:
        np.lib.format.read_magic(content)
        shape, _, dtype = np.lib.format.read_array_header_1_0(content)
    if len(shape) != 2 or dtype != np.float32:
        return False
    try:
        described = json.loads(beside(file).read_text(encoding="utf-8"))
        return len(described["times"]) == shape[0]
    except (*DAMAGE, ValueError):
        return True  # the description is asked by itself
