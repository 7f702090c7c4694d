"""The public functions of `coursekit.video`: probe, read, stream, write."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import av
import torch
from typing_extensions import Unpack

from coursekit import layout
from coursekit._shared._files import atomic
from coursekit._shared._rate import frame_rate
from coursekit.video._open import VideoError, check_file
from coursekit.video._selection import Selection, SelectionOptions
from coursekit.video._source import Frame, Info, Source

Path_ = str | os.PathLike[str]
Rate = float | Fraction


def probe(path: Path_, *, track: int | None = None) -> Info:
    """Size, frame rate, length and format of a video file.

    Of most files the packets are read through and the first frame is decoded. Where the packets do not tell
    which frames are shown (AVI with B-frames, interlaced video, MPEG-PS, joined recordings, streams without
    times or with doubtful ones), the whole file is decoded once to count them, which takes as long as reading
    it.

    Args:
        path: a video file.
        track: as in `read`.

    Returns:
        An Info: width, height, fps, frames, duration, codec, pixel_format, rotation, bytes, track, tracks.

    Raises:
        VideoError: the file is missing, empty, no video, has no such track, or no frame can be decoded.
    """
    with Source(Path(path), track) as source:
        return source.info()


def read(
    path: Path_,
    selection: Selection | None = None,
    *,
    track: int | None = None,
    **options: Unpack[SelectionOptions],
) -> torch.Tensor:
    """Read a video, or a part of it, into one tensor.

    Args:
        path: a video file.
        selection: which frames, and at which size; None for all of them as they are.
        track: which video track, if the file has several: 0, 1, 2, ... in its order. None takes the one that
            the ffmpeg program takes (the largest, with 5,000,000 pixels added to the one marked as default);
            `probe` tells which that is.
        **options: or the fields of `Selection` as keywords: frames, seconds, every, fps, size, indices.

    Returns:
        uint8 tensor (T, 3, H, W), RGB, contiguous.

    Raises:
        VideoError: the file cannot be read, the part holds no frame, a frame of `indices` is not there or
            cannot be decoded, or the tensor would not fit in memory.
        ValueError, TypeError: a wrong selection, see `Selection`.

    Warns:
        DamagedVideoWarning: part of the file cannot be decoded; the rest is given.
    """
    wanted = Selection.of(selection, options)
    with Source(Path(path), track) as source:
        return source.read(wanted)


def frames(
    path: Path_,
    selection: Selection | None = None,
    *,
    batch: int | None = None,
    track: int | None = None,
    **options: Unpack[SelectionOptions],
) -> Iterator[torch.Tensor]:
    """Stream a video frame by frame, or batch by batch; memory does not grow with its length.

    Args:
        path: a video file.
        selection: as in `read`.
        batch: None for single frames, or the number of frames in a batch (the last may be smaller).
        track: as in `read`.
        **options: as in `read`.

    Returns:
        An iterator of uint8 tensors (3, H, W), or (b, 3, H, W) with `batch`.

    Raises:
        VideoError: as `read`.
        ValueError, TypeError: a wrong `batch`, or as `read`.
    """
    if batch is not None and (not isinstance(batch, int) or batch < 1):
        raise ValueError(f"batch={batch!r} must be a whole number of frames, 1 or more, or None")
    wanted = Selection.of(selection, options)
    check_file(Path(path))
    images = (frame.image for frame in _stream(Path(path), wanted, track))  # (3, H, W) each
    return images if batch is None else _batches(images, batch)


def stream(
    path: Path_,
    selection: Selection | None = None,
    *,
    packed: bool = False,
    track: int | None = None,
    **options: Unpack[SelectionOptions],
) -> Iterator[Frame]:
    """Stream frames with their numbers and times; otherwise as `frames`.

    Args:
        path: a video file.
        selection: as in `read`.
        packed: leave each image in memory as FFmpeg makes it, in the order H, W, 3. Shape, dtype and
            values are the same; only the strides differ, (1, 3 W, 3), so that `image.permute(1, 2, 0)` is
            contiguous and not the image. Resizing it takes half the time. Not with `size`.
        track: as in `read`.
        **options: as in `read`.

    Returns:
        An iterator of Frame(index, time, image).

    Raises:
        VideoError: as `read`.
        ValueError, TypeError: `packed` with `size`, or as `read`.
    """
    wanted = Selection.of(selection, options)
    check_file(Path(path))
    if packed and wanted.size is not None:
        raise ValueError(
            f"packed images are meant to be resized by the caller: leave out size={wanted.size}, or packed"
        )
    return _stream(Path(path), wanted, track, packed=packed)


def times(
    path: Path_,
    selection: Selection | None = None,
    *,
    track: int | None = None,
    **options: Unpack[SelectionOptions],
) -> torch.Tensor:
    """When each frame is shown, as the file says; without decoding it where possible, see `probe`.

    These are the times of the frames that `stream` gives, and they rise: where the clock of a file goes back
    (joined recordings), a frame is shown when the one before ends.

    Args:
        path: a video file.
        selection: as in `read`, but without `size`.
        track: as in `read`.
        **options: likewise.

    Returns:
        float64 tensor (T,), seconds. Of a damaged file also the times of frames that `read` must leave out.

    Raises:
        VideoError: as `read`.
        ValueError, TypeError: `size` is given, or as `read`.
    """
    wanted = Selection.of(selection, options)
    if wanted.size is not None:
        raise ValueError(f"times do not depend on the size of a frame: leave out size={wanted.size}")
    with Source(Path(path), track) as source:
        chosen = source.chosen(wanted)
        return torch.tensor([float(stamp.time) for stamp in chosen], dtype=torch.float64)  # (T,)


def write(path: Path_, clip: torch.Tensor, fps: Rate, *, lossless: bool = False) -> Path:
    """Write a clip as an H.264 video, whole or not at all.

    Args:
        path: file to write, ending in .mp4, .mov or .mkv; one that exists is replaced.
        clip: uint8 (T, 3, H, W), RGB.
        fps: frames per second (> 0).
        lossless: keep every pixel exactly, as RGB; the file is larger, and not every browser plays it.
            Otherwise the quality is good, at half the colour resolution (4:2:0), which all players play.
            Odd sizes keep the full colour resolution (4:4:4), which most players play.

    Returns:
        The path.

    Raises:
        LayoutError: `clip` is not T, 3, H, W.
        ValueError: another dtype, or an `fps` out of range, see `frame_rate`.
        TypeError: `clip` is no torch tensor, or `fps` is no number.
        VideoError: another suffix, a folder that does not exist, or a full disk.
    """
    file = Path(path)
    _check_output(file, clip, fps)
    _, _, height, width = clip.shape
    even = height % 2 == 0 and width % 2 == 0
    pixels = "rgb24" if lossless else "yuv420p" if even else "yuv444p"
    options = {"qp": "0"} if lossless else {"crf": "18"}
    rate = frame_rate(fps)
    try:
        with (
            atomic(file) as partial,  # FFmpeg would take "12:30.mp4" for an address of the protocol "12"
            av.open(f"file:{partial.absolute()}", "w", options=_clock(file, rate)) as container,
        ):
            track = container.add_stream("libx264rgb" if lossless else "libx264", rate)
            track.width, track.height, track.pix_fmt = width, height, pixels
            track.codec_context.options = options
            track.codec_context.thread_count = 1  # the same bytes on any number of cores
            for image in clip:
                pixels_last = image.permute(1, 2, 0).contiguous().cpu().numpy()  # (H, W, 3)
                container.mux(track.encode(av.VideoFrame.from_ndarray(pixels_last, format="rgb24")))
            container.mux(track.encode(None))
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(f"{file} could not be written: {error}") from error
    return file


def scikit_video() -> ModuleType:
    """The package scikit-video, repaired for today's numpy, with the ffmpeg program that it needs.

    Returns:
        The module `skvideo`, with io, measure, motion, utils and datasets.

    Raises:
        FileNotFoundError: there is no ffmpeg and ffprobe; the message says how to get them.
    """
    from coursekit.video import _skvideo  # imports parts of scipy: only when asked for

    return _skvideo.load()


def _stream(path: Path, selection: Selection, track: int | None, *, packed: bool = False) -> Iterator[Frame]:
    """Opens the file when the first frame is asked for, and closes it after the last."""
    with Source(path, track) as source:
        yield from source.stream(selection, packed=packed)


def _batches(images: Iterator[torch.Tensor], size: int) -> Iterator[torch.Tensor]:
    waiting: list[torch.Tensor] = []
    for image in images:
        waiting.append(image)
        if len(waiting) == size:
            yield torch.stack(waiting)  # (b, 3, H, W)
            waiting = []
    if waiting:
        yield torch.stack(waiting)  # (b, 3, H, W)


def _clock(file: Path, rate: Fraction) -> dict[str, str]:
    """Options for a file in which a tick is no longer than a frame.

    An MP4 file says in ticks how long it is. FFmpeg takes 1 ms for one, and readers leave out the frames that
    come after the time that the ticks give.
    """
    ticks = max(1000, math.ceil(rate))  # in a second
    return {} if file.suffix.lower() == ".mkv" else {"movie_timescale": str(ticks)}


def _check_output(file: Path, clip: torch.Tensor, fps: Rate) -> None:
    layout.check(clip, "TCHW", dtype="uint8", name="clip", numpy=False)
    frame_rate(fps)
    if file.suffix.lower() not in (".mp4", ".mov", ".mkv"):
        raise VideoError(f"{file} must end in .mp4, .mov or .mkv, got {file.suffix!r}")
    if not file.parent.is_dir():
        raise VideoError(f"cannot write {file}: there is no folder {file.parent}")
