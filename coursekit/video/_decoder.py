"""From packets of a video file to RGB pixels, and what can be wrong on the way.

All videos are read with PyAV. Its wheel contains FFmpeg, it gives each frame's true time and precise errors,
and with frame threads and planar conversion no other reader that was measured is faster
(`tools/benchmarks/decode.py`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import torch
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from coursekit.video._open import VideoError as VideoError
from coursekit.video._open import check_file as check_file
from coursekit.video._open import open_video as open_video

# The ffmpeg program's own interpolation, and one thread, since the decoder uses the others.
CONVERSION: Any = {"interpolation": Interpolation.BICUBIC, "threads": 1}


class DamagedVideoWarning(UserWarning):
    """Part of a video could not be decoded; all other frames are given."""


class Stamp(NamedTuple):
    """The place of a frame in its video."""

    number: int  # 0, 1, 2, ... in the order of display
    time: Fraction  # seconds, as the file says


class Decoded(NamedTuple):
    """A decoded frame, still in FFmpeg's own pixel format."""

    number: int  # position in the file, 0, 1, 2, ... in the order of display
    time: Fraction  # seconds, as the file says
    picture: VideoFrame


class ToRGB:
    """Converts decoded pictures of one video to uint8 (3, H, W), upright and of one size.

    FFmpeg converts to planes (G, B, R), and each plane is copied to its place in C, H, W. This gives the same
    values as converting to pixels (H, W, C) and permuting them, in less time. Pictures of more than 8 bits
    are first converted to RGB pixels, because only then the values equal those of the ffmpeg program.

    Args:
        size: (H, W) to resize to, in pixels; None keeps the size of the first picture.
        packed: leave the pixels in FFmpeg's order in memory, H, W, 3, with the same shape (3, H, W).
            Resizing works on this order, so it does not need to copy them.
    """

    def __init__(self, size: tuple[int, int] | None = None, *, packed: bool = False) -> None:
        _settle_memory()
        self.size = size
        self.packed = packed
        self._to_pixels = VideoReformatter()  # made once: each one holds tables that take time to make
        self._to_planes = VideoReformatter()

    def __call__(self, picture: VideoFrame) -> torch.Tensor:
        """The picture as uint8 (3, H, W)."""
        turns = quarter_turns(picture)
        if self.size is None:
            sides = (picture.height, picture.width)
            self.size = sides[::-1] if turns % 2 else sides
        height, width = self.size[::-1] if turns % 2 else self.size
        if self.packed or any(component.bits > 8 for component in picture.format.components):
            picture = self._to_pixels.reformat(picture, width, height, "rgb24", **CONVERSION)
        if self.packed:
            pixels = np.rot90(picture.to_ndarray(), turns)  # (H, W, 3)
            return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)  # (3, H, W), a view
        planar = self._to_planes.reformat(picture, width, height, "gbrp", **CONVERSION)
        image = np.empty((3, height, width), np.uint8)  # (3, H, W)
        for channel, plane in zip((1, 2, 0), planar.planes, strict=True):
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)  # (H, W + filling)
            image[channel] = rows[:height, :width]
        if turns:
            image = np.ascontiguousarray(np.rot90(image, turns, axes=(1, 2)))  # (3, W, H) for a quarter
        return torch.from_numpy(image)


@cache
def _settle_memory() -> None:
    """Make the C library reuse the memory of one frame for the next, instead of returning it each time.

    glibc returns only blocks above a limit, and raises this limit when a larger block is freed (mallopt(3),
    M_MMAP_THRESHOLD; at most 32 MB). Freeing one such block, which is never written to, costs nothing and
    halves the time of reading (`tools/benchmarks/decode.py`). In other C libraries it has no effect.
    """
    block = np.empty(31 * 2**20, np.uint8)
    del block


def quarter_turns(picture: VideoFrame) -> int:
    """How many quarter turns, counter-clockwise, bring the picture upright (phones store this)."""
    return round(picture.rotation / 90) % 4


class Damage:
    """What could not be decoded on the way through a file."""

    def __init__(self) -> None:
        self.good = 0  # frames that were decoded
        self.lost = 0  # frames that were left out
        self.before: int | None = None  # good frames before the first damage
        self.ends = ""  # where the file breaks off, in words

    def note(self, lost: int = 1) -> None:
        """Note that `lost` frames could not be decoded here."""
        self.lost += lost
        if self.before is None:
            self.before = self.good

    def compare(self, stream: VideoStream, last: Decoded) -> None:
        """After the last frame: does the file promise more than came?"""
        absent = stream.frames - self.good - self.lost
        end = promised_end(stream)
        step = 1 / average_rate(stream)
        reached = last.time + max(step, (last.picture.duration or 0) * (stream.time_base or 0))
        short = end is not None and end - reached > max(2 * step, Fraction(1, 10))
        if short and end is not None:
            self.note(max(absent, 0))
            self.ends = f"; it breaks off at {float(reached):.2f} s of {float(end):.2f} s"

    def warn(self, path: Path) -> None:
        """Warn once with a DamagedVideoWarning that says what is missing; no warning if nothing is."""
        if self.before is None:
            return
        lost = f", {self.lost} could not be decoded and are left out" if self.lost else ""
        warnings.warn(
            f"{path} is damaged after its first {self.before} frames: {self.good} frames are given"
            f"{lost}{self.ends}. Copy or download it again to have all.",
            DamagedVideoWarning,
            stacklevel=2,
        )


def average_rate(stream: VideoStream) -> Fraction:
    """Average frames per second; 25 where the file says nothing (a still image)."""
    return stream.average_rate or stream.guessed_rate or Fraction(25)


def promised_end(stream: VideoStream) -> Fraction | None:
    """When the stream ends, in seconds, if its container says so."""
    base = stream.time_base or Fraction(1)
    if stream.duration is not None:
        return (stream.duration + (stream.start_time or 0)) * base
    written = stream.metadata.get("DURATION")  # Matroska: "00:00:05.280000000"
    if not written:
        return None
    try:
        hours, minutes, seconds = written.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    except ValueError:
        return None


def pictures(packets: Iterator[Packet[VideoStream]], damage: Damage) -> Iterator[VideoFrame]:
    """Whole pictures in the order of display; `damage` counts the others."""
    waiting = False  # for a key frame, after damage
    while True:
        try:
            packet = next(packets, None)
            decoded = packet.decode() if packet is not None else []
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            damage.note()
            waiting = True
            continue
        if packet is None:
            return
        for picture in decoded:
            waiting = picture.is_corrupt or (waiting and not picture.key_frame)
            if waiting:
                damage.note()
            else:
                yield picture


def time_of(picture: VideoFrame, stream: VideoStream, index: int) -> Fraction:
    """Seconds at which the file shows this picture; index / fps if the file does not say."""
    if picture.pts is None:
        return index / average_rate(stream)
    return picture.pts * (picture.time_base or stream.time_base or Fraction(1))
