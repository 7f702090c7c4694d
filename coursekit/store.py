"""Keep a clip as an array on disk, T x 3 x H x W, in the two formats that the lecture names: HDF5 and MAT.

    store.save("clip.h5", clip, fps=25)
    second = store.load("clip.h5", frames=(50, 75)).clip      # reads these 25 frames, no other

Both keep every value exactly, and both are far larger than the video: no frame is predicted from the one
before it. The suffix decides:

`.h5`, `.hdf5` (HDF5)
    Datasets `clip` and, if given, `times`; attributes `layout`, `fps` (numerator, denominator), `source`.
    Each frame is one chunk, so a second in the middle can be read without the rest. Any size. MATLAB's
    `h5read` shows the axes in reverse order, W x H x 3 x T, since it counts the first axis as the fastest.
`.mat` (MAT, version 5, as MATLAB's `save -v7` writes it)
    Variables of the same names. At most 2 GB, and always read whole. MATLAB shows the axes as they are
    here, T x 3 x H x W, counted from 1; one frame for `imshow` is `permute(clip(1, :, :, :), [3 4 2 1])`.

Compression, measured on the 720p clip of the course (365 MB; `compress=True` is gzip, level 1, for HDF5):

    HDF5 as it is         1.00 of the size,  reading 2 ms a frame
    HDF5, lzf             0.86               9 ms
    HDF5, gzip level 1    0.73               17 ms (level 4: 0.73, 20 ms, and slower to write)
    MAT, compressed       0.53               14 ms

MAT files become smaller because they store the first axis as the fastest: the same pixel of consecutive
frames lies side by side, with similar values. `save` does not offer lzf, because few programs other than
h5py can read it.

Source: Lecture 56, 05:41 (time as the slowest axis, written to a MAT or HDF5 file).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import scipy.io
import torch
from scipy.io.matlab import MatReadError

from coursekit import layout
from coursekit._shared._files import atomic
from coursekit._shared._rate import frame_rate

LAYOUT = "TCHW"
HDF5, MAT = (".h5", ".hdf5"), (".mat",)
MAT_LIMIT = 2**31 - 1  # bytes of one variable that MATLAB can read in this version of the format

Pixels = npt.NDArray[np.uint8]
Part = tuple[int, int]


class StoreError(Exception):
    """A file that cannot be written or read as a stored clip; the message says what to do."""


@dataclass(frozen=True)
class Stored:
    """A clip as it came from a file.

    Attributes:
        clip: uint8 tensor (T, 3, H, W).
        fps: frames per second, or None if the file does not say.
        times: float64 tensor (T,), when each frame is shown, in seconds; or None.
        source: where the clip came from, as given to `save`.
    """

    clip: torch.Tensor
    fps: Fraction | None
    times: torch.Tensor | None
    source: str


def save(
    path: str | os.PathLike[str],
    clip: torch.Tensor | Pixels,
    *,
    fps: float | Fraction | None = None,
    times: torch.Tensor | Sequence[float] | None = None,
    source: str = "",
    compress: bool = False,
) -> Path:
    """Write a clip, whole or not at all; an older file of this name is replaced.

    Args:
        path: file to write: .h5 or .hdf5 for HDF5, .mat for MAT.
        clip: uint8 (T, 3, H, W), torch or numpy.
        fps: frames per second (> 0), stored as a fraction.
        times: (T,), seconds at which the frames are shown, never decreasing.
        source: a name to store with the clip, such as that of the video file.
        compress: make the file smaller; this takes longer, see the module. The values stay exact.

    Returns:
        The path.

    Raises:
        LayoutError: `clip` is not T, 3, H, W.
        ValueError: another dtype, or `fps` or `times` out of range.
        TypeError: `clip` is no tensor or array, or `fps` is no number.
        StoreError: another suffix, a folder that does not exist, a full disk, or more than MAT can hold.
    """
    file = Path(path)
    write = _write_mat if _format(file) == MAT else _write_hdf5
    pixels = _pixels(clip)  # (T, 3, H, W)
    if write is _write_mat:
        _check_mat_size(file, pixels.shape)
    notes = _notes(len(pixels), fps, times, source)
    if not file.parent.is_dir():
        raise StoreError(f"cannot write {file}: there is no folder {file.parent}")
    try:
        with atomic(file) as partial:
            write(partial, pixels, notes, compress)
    except OSError as error:
        raise StoreError(f"{file} could not be written: {error}") from error
    return file


def load(path: str | os.PathLike[str], *, frames: Part | None = None) -> Stored:
    """Read a stored clip, or a part of it.

    Args:
        path: a file that `save` wrote, or one with a uint8 T x 3 x H x W array called `clip`.
        frames: (first, stop): only frames first, ..., stop - 1. Of an HDF5 file no others are read from the
            disk; of a MAT file all are read, and these are given.

    Returns:
        A Stored: clip, fps, times, source.

    Raises:
        StoreError: the file is missing, damaged, of another kind, or holds no such array.
        ValueError: `frames` is out of range.
    """
    file = Path(path)
    read = _read_mat if _format(file) == MAT else _read_hdf5
    if not file.is_file():
        what = "a folder" if file.is_dir() else "no such file"
        raise StoreError(f"cannot read {file}: {what}; the folder read from is {Path.cwd()}")
    return read(file, frames)


# ---------------------------------------------------------------- HDF5


def _write_hdf5(file: Path, pixels: Pixels, notes: dict[str, Any], compress: bool) -> None:
    packing = {"compression": "gzip", "compression_opts": 1} if compress else {}
    with h5py.File(file, "w") as hdf5:
        one_frame = (1, *pixels.shape[1:])  # (1, 3, H, W)
        hdf5.create_dataset("clip", data=pixels, chunks=one_frame, **packing)
        if "times" in notes:
            hdf5.create_dataset("times", data=notes["times"])
        hdf5.attrs.update({name: value for name, value in notes.items() if name != "times"})


def _read_hdf5(file: Path, frames: Part | None) -> Stored:
    try:
        with h5py.File(file, "r") as hdf5:
            if not isinstance(hdf5.get("clip"), h5py.Dataset):
                raise StoreError(_no_clip(file, list(hdf5)))
            clip = hdf5["clip"]
            _check_stored(file, clip, hdf5.attrs.get("layout"))
            first, stop = _part(file, frames, len(clip))
            pixels = clip[first:stop]  # (stop - first, 3, H, W)
            notes = dict(hdf5.attrs)
            if isinstance(hdf5.get("times"), h5py.Dataset):
                notes["times"] = hdf5["times"][first:stop]  # (stop - first,)
    except (OSError, RuntimeError) as error:
        raise StoreError(f"{file} is damaged or no HDF5 file ({error}): write it again") from error
    return _stored(pixels, notes)


# ---------------------------------------------------------------- MAT


def _write_mat(file: Path, pixels: Pixels, notes: dict[str, Any], compress: bool) -> None:
    variables = {"clip": pixels, **notes}
    scipy.io.savemat(file, variables, appendmat=False, do_compression=compress)


def _read_mat(file: Path, frames: Part | None) -> Stored:
    try:
        variables = scipy.io.loadmat(file, appendmat=False)
    except NotImplementedError as error:  # MATLAB's version 7.3 is HDF5 inside
        raise StoreError(f"{file} is a MAT file of version 7.3: write it with save -v7 in MATLAB") from error
    except (OSError, ValueError, TypeError, KeyError, IndexError, MatReadError, zlib.error) as error:
        raise StoreError(f"{file} is damaged or no MAT file ({error}): write it again") from error
    names = [name for name in variables if not name.startswith("__")]
    if "clip" not in names:
        raise StoreError(_no_clip(file, names))
    notes = {name: variables[name].squeeze() for name in ("fps", "layout", "source") if name in names}
    clip = variables["clip"]
    _check_stored(file, clip, notes.get("layout"))
    first, stop = _part(file, frames, len(clip))
    if "times" in names:
        notes["times"] = variables["times"].ravel()[first:stop]  # MATLAB keeps a vector as 1 x T
    return _stored(clip[first:stop], notes)


def _check_mat_size(file: Path, shape: tuple[int, ...]) -> None:
    if prod(shape) > MAT_LIMIT:
        raise StoreError(
            f"{file}: a clip of shape {shape} has {prod(shape) / 1e9:.1f} GB, "
            f"and MAT holds at most {MAT_LIMIT / 1e9:.1f} GB in a variable: save it as HDF5 (.h5)"
        )


# ---------------------------------------------------------------- both


def _format(file: Path) -> tuple[str, ...]:
    for suffixes in (HDF5, MAT):
        if file.suffix.lower() in suffixes:
            return suffixes
    raise StoreError(f"{file} must end in .h5 or .hdf5 (HDF5) or .mat (MAT), got {file.suffix!r}")


def _pixels(clip: torch.Tensor | Pixels) -> Pixels:
    layout.check(clip, LAYOUT, dtype="uint8", name="clip")
    return clip.detach().cpu().numpy() if isinstance(clip, torch.Tensor) else clip


def _notes(
    count: int,
    fps: float | Fraction | None,
    times: torch.Tensor | Sequence[float] | None,
    source: str,
) -> dict[str, Any]:
    """What is stored beside the pixels, by name."""
    notes: dict[str, Any] = {"layout": LAYOUT, "source": source}
    if fps is not None:
        rate = frame_rate(fps)
        notes["fps"] = np.array([rate.numerator, rate.denominator], np.int64)
    if times is not None:
        seconds = np.asarray(times, np.float64)
        if seconds.shape != (count,):
            raise ValueError(f"times has shape {seconds.shape}, expected ({count},): one for each frame")
        if not (np.isfinite(seconds).all() and (np.diff(seconds) >= 0).all()):
            raise ValueError("times must be finite seconds that never decrease from frame to frame")
        notes["times"] = seconds
    return notes


def _part(file: Path, frames: Part | None, count: int) -> Part:
    if frames is None:
        return 0, count
    if len(frames) != 2 or not 0 <= frames[0] < frames[1] <= count:
        raise ValueError(
            f"frames={frames!r} must be (first, stop) with 0 <= first < stop <= {count}: "
            f"{file} holds {count} frames"
        )
    return frames


def _check_stored(file: Path, clip: Any, stored_layout: Any) -> None:
    """`clip` is a dataset or an array from a file that anyone may have written."""
    if stored_layout is not None and str(stored_layout) != LAYOUT:
        raise StoreError(f"{file} holds a clip in layout {stored_layout}, expected {LAYOUT}")
    if clip.dtype != np.uint8 or clip.ndim != 4 or clip.shape[1] != 3 or 0 in clip.shape:
        raise StoreError(
            f"{file} holds a {clip.dtype} array of shape {clip.shape} as clip, expected uint8 (T, 3, H, W)"
        )


def _rate(stored: Any) -> Fraction | None:
    """The frame rate as `save` writes it (numerator, denominator), or as one number from elsewhere."""
    numbers = [float(number) for number in np.ravel([] if stored is None else stored)]
    if len(numbers) == 2 and all(number.is_integer() and number > 0 for number in numbers):
        return Fraction(int(numbers[0]), int(numbers[1]))
    if len(numbers) == 1:
        with suppress(ValueError):
            return frame_rate(numbers[0])
    return None


def _no_clip(file: Path, names: list[str]) -> str:
    return f"{file} holds no array called clip, only: {', '.join(sorted(names)) or 'nothing'}"


def _stored(pixels: Pixels, notes: dict[str, Any]) -> Stored:
    return Stored(
        clip=torch.from_numpy(np.ascontiguousarray(pixels)),  # (T, 3, H, W)
        fps=_rate(notes.get("fps")),
        times=torch.from_numpy(np.array(notes["times"], np.float64)) if "times" in notes else None,  # (T,)
        source=str(notes.get("source", "")),
    )
