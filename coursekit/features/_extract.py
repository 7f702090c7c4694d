"""From a video to rows of features: decode and prepare in one thread, compute in another."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import torch
from typing_extensions import Unpack

from coursekit import encoders, video
from coursekit._shared._files import sha256
from coursekit._shared._jupyter import is_recorded
from coursekit._shared._progress import bar
from coursekit.encoders import Encoder
from coursekit.features._file import Features, target_of, write_rows
from coursekit.features._formats import Rows
from coursekit.features._prefetch import ahead
from coursekit.video import Selection, SelectionOptions, _open, _torchcodec

Path_ = str | os.PathLike[str]


def extract(
    path: Path_,
    encoder: str | Encoder = encoders.DEFAULT,
    selection: Selection | None = None,
    *,
    batch: int | None = None,
    track: int | None = None,
    decoder: str = "pyav",
    device: str | torch.device | None = None,
    progress: bool = False,
    **options: Unpack[SelectionOptions],
) -> Features:
    """The features of a video, in memory.

    Args:
        path: a video file.
        encoder: a name, as for `encoders.load`, or an encoder that it made.
        selection: which frames; None for all of them. Without `size`: the encoder resizes each frame itself.
        batch: frames computed together; by default 4 (16 with ONNX Runtime), on a GPU 64.
        track: which video track, if the file has several; as for `video.read`.
        decoder: "pyav"; or "torchcodec", which decodes and resizes on the encoder's device if that is a CUDA
            device, else on the CPU. Its CUDA decoder has not been run by the course's authors.
        device: where to compute, for an encoder given by name; None picks the best.
        progress: show a bar with the rate and the time left.
        **options: or the fields of `video.Selection` as keywords: frames, seconds, every, fps, indices.

    Returns:
        A Features: values (T, k), times, frames and what they are.

    Raises:
        VideoError: the file cannot be read, or torchcodec gives other frames or pixels than our reader.
        WeightsError: the encoder's weights cannot be had.
        ValueError: an argument is out of range, or torchcodec is not installed.
    """
    selection = selected(selection, options)
    encoder = opened(encoder, device)
    rows = stream(path, encoder, selection, batch=batch, track=track, decoder=decoder)
    parts = list(_watched(rows, path, selection, track, progress))
    return Features(
        values=torch.cat([part.values for part in parts]),  # (T, k)
        times=torch.tensor([t for part in parts for t in part.times], dtype=torch.float64),  # (T,)
        frames=torch.tensor([n for part in parts for n in part.frames], dtype=torch.int64),  # (T,)
        **describe(path, encoder, selection, track, decoder),
    )


def extract_to(
    target: Path_,
    path: Path_,
    encoder: str | Encoder = encoders.DEFAULT,
    selection: Selection | None = None,
    *,
    batch: int | None = None,
    track: int | None = None,
    decoder: str = "pyav",
    device: str | torch.device | None = None,
    progress: bool = False,
    **options: Unpack[SelectionOptions],
) -> Path:
    """The features of a video, written as they are made: memory does not grow with its length.

    Args:
        target: file to write; .h5, .npy (with a .json beside it) or .safetensors. It is there whole or
            not at all.
        path: as for `extract`, and so are the others.
        encoder: as for `extract`.
        selection: as for `extract`.
        batch: as for `extract`.
        track: as for `extract`.
        decoder: as for `extract`.
        device: as for `extract`.
        progress: as for `extract`.
        **options: as for `extract`.

    Returns:
        The path of the feature file.

    Raises:
        FeaturesError: `target` cannot be written, or another file stands there, such as the video itself.
        VideoError, WeightsError, ValueError: as `extract`.
    """
    file = target_of(target, path)
    selection = selected(selection, options)
    encoder = opened(encoder, device)
    notes = describe(path, encoder, selection, track, decoder)
    rows = stream(path, encoder, selection, batch=batch, track=track, decoder=decoder)
    write_rows(file, notes, encoder.k, _watched(rows, path, selection, track, progress))
    return file


def stream(
    path: Path_,
    encoder: Encoder,
    selection: Selection | None = None,
    *,
    batch: int | None = None,
    track: int | None = None,
    decoder: str = "pyav",
    **options: Unpack[SelectionOptions],
) -> Iterator[Rows]:
    """The features of a video, some rows at a time; decoding and computing overlap.

    Args:
        path: a video file.
        encoder: made by `encoders.load`.
        selection: as for `extract`.
        batch: as for `extract`.
        track: as for `extract`.
        decoder: as for `extract`.
        **options: as for `extract`.

    Raises:
        VideoError, ValueError: as `extract`.
    """
    selection = selected(selection, options)
    if batch is not None and (not isinstance(batch, int) or batch < 1):
        raise ValueError(f"batch={batch!r} must be a whole number of frames, 1 or more, or None")
    _torchcodec.check_decoder(decoder)
    return _computed(
        batches(
            path, selection, encoder.preprocessing, encoder.windows, batch or encoder.batch,
            track=track, decoder=decoder, device=encoder.device,
        ),
        encoder,
    )  # fmt: skip


def describe(
    path: Path_, encoder: Encoder, selection: Selection, track: int | None = None, decoder: str = "pyav"
) -> dict[str, Any]:
    """All that determines the features of a video: if two descriptions are equal, so are the features."""
    return {**recipe(encoder, selection, track, decoder), **describe_source(path)}


def describe_source(path: Path_) -> dict[str, Any]:
    """The part of `describe` that depends on the video alone.

    Raises:
        VideoError: it cannot be read.
    """
    file = Path(path)
    _open.check_file(file)
    try:
        checksum, size = sha256(file), file.stat().st_size
    except OSError as error:
        raise video.VideoError(
            f"{file} cannot be read: {error.strerror}; check that you may read it, and the disk"
        ) from error
    return {
        "source": file.name.encode("utf-8", "backslashreplace").decode("utf-8"),  # it may have other bytes
        "source_bytes": size,
        "source_sha256": checksum,
    }


def recipe(
    encoder: Encoder, selection: Selection, track: int | None = None, decoder: str = "pyav"
) -> dict[str, Any]:
    """The part of `describe` that does not depend on the video."""
    preprocessing = encoder.preprocessing._asdict()
    if decoder != "pyav":  # files of earlier versions say nothing of it
        preprocessing["decoder"] = decoder
    return {
        "encoder": encoder.name,
        "weights": encoder.weights,
        "weights_hash": encoder.weights_hash,
        "preprocessing": json.loads(json.dumps(preprocessing)),
        "selection": {**selection.described(), **({} if track is None else {"track": str(track)})},
    }


def selected(selection: Selection | None, options: SelectionOptions) -> Selection:
    """The frames that a caller asked for, as an object or as keywords.

    Raises:
        ValueError: both, a value out of range, or a size.
    """
    selection = Selection.of(selection, options)
    if selection.size is not None:
        raise ValueError(
            f"size={selection.size} is not for features: the encoder resizes each frame as its weights were "
            "trained. Leave size out, or give encoders.load(preprocessing=...) with a network of your own"
        )
    return selection


def opened(
    encoder: str | Encoder,
    device: str | torch.device | None,
    *,
    precision: str = "auto",
    start: bool = True,
) -> Encoder:
    """The encoder that a caller asked for, by name or as an object; the options as for `encoders.load`.

    Raises:
        WeightsError: its weights cannot be had.
        ValueError: an unknown name, device or precision, or another one than that of the object.
    """
    if not isinstance(encoder, Encoder):
        return encoders.load(encoder, device=device, precision=precision, start=start)
    if precision not in ("auto", encoder.precision):
        raise ValueError(
            f"precision={precision!r}, but the encoder was loaded with {encoder.precision!r}: leave it out"
        )
    if device is not None and torch.device(device) != encoder.device:
        raise ValueError(
            f"device={str(device)!r}, but the encoder is on {str(encoder.device)!r}: leave it out"
        )
    return encoder


# ------------------------------------------------------------------------------------------ the pipeline

# Images (b, 3, h, w) or (b, t, 3, h, w); b times; b frame numbers.
Prepared = tuple[torch.Tensor, list[float], list[int]]


def batches(
    path: Path_,
    selection: Selection,
    preprocessing: encoders.Preprocessing,
    windows: encoders.Windows | None,
    size: int,
    *,
    track: int | None = None,
    decoder: str = "pyav",
    device: torch.device,
) -> Iterator[Prepared]:
    """What an encoder gets of a video, in order: all that is done before the network.

    Args:
        path: a video file.
        selection: which frames.
        preprocessing: of the encoder.
        windows: of the encoder.
        size: frames in a batch.
        track: which video track.
        decoder: "pyav", or "torchcodec", which decodes on `device` if that is a CUDA device.
        device: of the encoder.
    """
    if decoder == "torchcodec":
        frames = _torchcodec.stream(Path(path), selection, track, device)
    else:
        frames = video.stream(path, selection, track=track, packed=True)
    prepared = _prepared(frames, preprocessing, size)
    return _windows(prepared, windows) if windows else prepared


def _prepared(
    frames: Iterator[video.Frame], preprocessing: encoders.Preprocessing, size: int
) -> Iterator[Prepared]:
    """Batches of frames, resized and cropped where they were decoded: uint8 (b, 3, h, w)."""
    waiting: list[video.Frame] = []
    for frame in frames:
        waiting.append(frame)
        if len(waiting) == size:
            yield _batch(waiting, preprocessing)
            waiting = []
    if waiting:
        yield _batch(waiting, preprocessing)


def _batch(frames: list[video.Frame], preprocessing: encoders.Preprocessing) -> Prepared:
    images = torch.cat([preprocessing.prepare(frame.image[None]) for frame in frames])  # (b, 3, h, w)
    return images, [frame.time for frame in frames], [frame.index for frame in frames]


def _windows(prepared: Iterator[Prepared], windows: encoders.Windows) -> Iterator[Prepared]:
    """Windows of frames: uint8 (1, t, 3, h, w), with the times and numbers that its rows stand for."""
    single = (
        (image, time, number)
        for images, times, numbers in prepared
        for image, time, number in zip(images, times, numbers, strict=True)
    )
    for window, centre in windows.cut(single):
        images = torch.stack([image for image, _, _ in window])[None]  # (1, t, 3, h, w)
        yield images, [time for _, time, _ in centre], [number for _, _, number in centre]


def _computed(batches: Iterator[Prepared], encoder: Encoder) -> Iterator[Rows]:
    """Rows; the next batch is on its way to the device before the last one's result is waited for."""
    launched: tuple[torch.Tensor, list[float], list[int]] | None = None
    with closing(ahead(batches)) as ready:  # type: ignore[type-var]
        for images, times, numbers in ready:
            following = encoder.launch(images), times, numbers
            if launched is not None:
                yield fetched(*launched)
            launched = following
    if launched is not None:
        yield fetched(*launched)


def fetched(values: torch.Tensor, times: list[float], numbers: list[int]) -> Rows:
    """Rows that the encoder has computed, from its device."""
    rows = values.cpu().flatten(0, -2)[: len(times)]  # (b, k); what a last window repeats is left out
    return Rows(rows, times, numbers)


def _watched(
    rows: Iterator[Rows], path: Path_, selection: Selection, track: int | None, progress: bool
) -> Iterator[Rows]:
    """The same rows, counted by a bar."""
    progress = progress and not is_recorded()
    total = len(video.times(path, selection, track=track)) if progress else 0
    with bar(total, name=Path(path).name, unit="frame", show=progress) as shown:
        for row in rows:
            shown.update(len(row.frames))
            yield row
