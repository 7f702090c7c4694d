"""Another decoder: torchcodec, which can decode on an NVIDIA GPU, so that frames need not be copied there.

Our own index chooses the frames, and our own reader checks what comes: each frame by its time, and one frame
of each film by its pixels. On the CPU, torchcodec's pixels were equal to ours for 8-bit films. Its CUDA
decoder has not been run here. What our reader says of damaged films is not said here: torchcodec refuses
some of their frames, and patches up others.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from coursekit.video._index import Stamp
from coursekit.video._open import VideoError, as_video_error
from coursekit.video._selection import Selection
from coursekit.video._source import Frame, Source

DECODERS = ("pyav", "torchcodec")
TOLERANCE = 4.0  # mean difference between the two decoders' pixels of one frame, of 255
TOGETHER = 16  # frames that are decoded in one call


def check_decoder(name: str) -> None:
    """Raise a ValueError for an unknown decoder, or for torchcodec where it cannot be loaded."""
    if name not in DECODERS:
        raise ValueError(f"decoder={name!r} is unknown: choose one of {', '.join(DECODERS)}")
    if name != "torchcodec":
        return
    try:
        import torchcodec.decoders  # noqa: F401
    except ImportError as error:
        raise ValueError(
            f"decoder='torchcodec' needs the package torchcodec ({error}): pip install torchcodec"
        ) from error
    except (RuntimeError, OSError) as error:  # FFmpeg's libraries are missing, or PyTorch does not match
        reason = next(filter(None, str(error).splitlines()), type(error).__name__)
        raise ValueError(
            f"decoder='torchcodec': the package is installed but does not load ({reason}). It needs FFmpeg's "
            "shared libraries and the PyTorch that it was made for; otherwise leave the option out"
        ) from error


def stream(path: Path, selection: Selection, track: int | None, device: torch.device) -> Iterator[Frame]:
    """The selected frames, as `video.stream` gives them, but decoded by torchcodec.

    Args:
        path: a video file.
        selection: which frames; its `size` is not looked at.
        track: as in `video.read`.
        device: decode there, if it is a CUDA device, else on the CPU. The images stay there.

    Raises:
        VideoError: the file cannot be read, torchcodec cannot decode it, or it gives other frames or pixels
            than our reader.
    """
    with Source(path, track) as source:
        stamps = source.chosen(selection)
        if not stamps:
            yield from source.stream(selection)  # raises the reader's own error
        decoder = _opened(source, device)
        _compare(source, decoder, stamps[len(stamps) // 2])
        for start in range(0, len(stamps), TOGETHER):
            part = stamps[start : start + TOGETHER]
            for stamp, image in zip(part, _decoded(path, decoder, part), strict=True):
                yield Frame(stamp.number, float(stamp.time), image)


def _opened(source: Source, device: torch.device) -> Any:
    from torchcodec.decoders import VideoDecoder

    with as_video_error(source.path, _refused):
        return VideoDecoder(
            str(source.path.absolute()),
            stream_index=source.stream_index,
            dimension_order="NCHW",
            num_ffmpeg_threads=0,  # FFmpeg chooses, as in our reader
            device=device if device.type == "cuda" else "cpu",
        )


def _decoded(path: Path, decoder: Any, stamps: list[Stamp]) -> torch.Tensor:
    """The frames of these stamps, uint8 (b, 3, H, W).

    Raises:
        VideoError: torchcodec cannot decode one, or shows another frame under its number.
    """
    with as_video_error(path, _refused):
        batch = decoder.get_frames_at([stamp.number for stamp in stamps])
        times = batch.pts_seconds.tolist()
    for stamp, time in zip(stamps, times, strict=True):
        if abs(time - float(stamp.time)) > float(stamp.end - stamp.time) / 2:
            shown = f"its frame {stamp.number} is shown at {time:.3f} s, expected {float(stamp.time):.3f} s"
            raise VideoError(_refused(path, shown))
    images: torch.Tensor = batch.data  # (b, 3, H, W)
    return images


def _compare(source: Source, decoder: Any, stamp: Stamp) -> None:
    """Raise a VideoError if torchcodec gives another picture of this frame than our reader.

    A rotation that is not applied, swapped colours or a wrong range of brightness are found in this way.
    """
    try:
        ours = source.read(Selection(indices=[stamp.number]))  # (1, 3, H, W)
    except VideoError as error:
        raise VideoError(_refused(source.path, str(error))) from error
    theirs = _decoded(source.path, decoder, [stamp]).cpu()  # (1, 3, H, W)
    if theirs.shape != ours.shape:
        sizes = f"{tuple(theirs.shape[-2:])}, expected {tuple(ours.shape[-2:])} (height, width)"
        raise VideoError(_refused(source.path, f"its frames have the size {sizes}"))
    difference = float((theirs.float() - ours.float()).abs().mean())
    if difference > TOLERANCE:
        pixels = f"the pixels of frame {stamp.number} differ by {difference:.1f} of 255 on average"
        raise VideoError(_refused(source.path, f"{pixels}, expected at most {TOLERANCE}"))


def _refused(path: Path, reason: str) -> str:
    first = next(filter(None, reason.splitlines()), "no reason given")
    return f"{path} cannot be decoded by torchcodec as it should be ({first}): use decoder='pyav'"
