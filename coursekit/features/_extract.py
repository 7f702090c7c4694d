"""From a video to rows of features: decode and prepare in one thread, compute in another."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from coursekit import encoders, video
from coursekit._shared._files import sha256
from coursekit.encoders import Encoder
from coursekit.features._file import Features, Rows, target_of, write_rows
from coursekit.features._prefetch import ahead
from coursekit.video import _decoder

Path_ = str | os.PathLike[str]


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
    file = target_of(target)
    chosen = _encoder(encoder, device)
    part = _part(frames, seconds, every, fps)
    notes = describe(path, chosen, part)
    rows = _watched(stream(path, chosen, batch=batch, **part), path, part, progress)
    write_rows(file, notes, chosen.k, rows)
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
