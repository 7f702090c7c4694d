"""From packets of a video file to RGB pixels, and what can be wrong on the way.

All videos are read with PyAV. Its wheel contains FFmpeg, it gives each frame's true time and precise errors,
and with frame threads and planar conversion no other reader that was measured is faster
(`tools/benchmarks/decode.py`).
"""

from __future__ import annotations

import sys
import warnings
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import av
import numpy as np
import numpy.typing as npt
import torch
from av.packet import Packet
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

# The ffmpeg program's own interpolation, and one thread, since the decoder uses the others.
CONVERSION: Any = {"interpolation": Interpolation.BICUBIC, "threads": 1}

REORDERED = 32  # pictures; no decoder holds more of them to bring them in order (16 in H.264)

Image = npt.NDArray[np.uint8]


class DamagedVideoWarning(UserWarning):
    """Part of a video could not be decoded; all other frames are given."""


class Decoded(NamedTuple):
    """A decoded frame, still in FFmpeg's own pixel format."""

    number: int  # position in the file, 0, 1, 2, ... in the order of display
    time: Fraction  # seconds, when it is shown
    end: Fraction  # seconds, when the next one is shown
    picture: VideoFrame


class ToRGB:
    """Converts decoded pictures of one video to uint8 (3, H, W), upright and of one size.

    The values are those of FFmpeg's conversion to `rgb24` (bicubic; where it resizes, with the chroma at full
    resolution: `full_chroma_int`). FFmpeg can also convert to planes (G, B, R), which are copied to C, H, W
    in less time than pixels (H, W, C) are. For some sizes and pixel formats the planes differ, or their last
    columns are not written; a trial with noise tells which columns may be taken from them.

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
        self._rotation: int | None = None  # of the last picture, in degrees
        self._shown = UPRIGHT

    def __call__(self, picture: VideoFrame) -> torch.Tensor:
        """The picture as uint8 (3, H, W)."""
        if picture.rotation != self._rotation:  # looked at once: PyAV's side data keep a picture in memory
            self._rotation, self._shown = picture.rotation, Orientation.of(picture)
        shown = self._shown
        if self.size is None:
            self.size = shown.sides(picture.height, picture.width)
        height, width = shown.sides(*self.size)
        if self.packed and (height, width) == (picture.height, picture.width):
            pixels = self._pixels(picture)  # (H, W, 3)
        else:
            pixels = self._image(picture, height, width).transpose(1, 2, 0)  # (H, W, 3)
        pixels = shown.upright(pixels)
        if self.packed:
            return torch.from_numpy(np.array(pixels, order="C")).permute(2, 0, 1)  # (3, H, W), a view
        return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))  # (3, H, W)

    def _image(self, picture: VideoFrame, height: int, width: int) -> Image:
        """The picture as (3, H, W), as it is stored: from planes as far as they are exact."""
        same_size = (height, width) == (picture.height, picture.width)
        exact = _exact_columns(picture.format.name, height % 2, width) if same_size else width
        if exact == 0:
            return np.ascontiguousarray(self._pixels(picture).transpose(2, 0, 1))  # (3, H, W)
        planar = self._to_planes.reformat(picture, width, height, "gbrp", **CONVERSION)
        image = np.empty((3, height, width), np.uint8)  # (3, H, W)
        for channel, plane in zip((1, 2, 0), planar.planes, strict=True):
            image[channel] = _rows(plane)[:height, :width]
        if exact < width:
            image[..., exact:] = self._pixels(picture)[:, exact:].transpose(2, 0, 1)
        return image

    def _pixels(self, picture: VideoFrame) -> Image:
        """The picture as (H, W, 3), as it is stored; a view of FFmpeg's memory."""
        height, width = picture.height, picture.width
        rgb = self._to_pixels.reformat(picture, width, height, "rgb24", **CONVERSION)
        return _rows(rgb.planes[0])[:height, : 3 * width].reshape(height, width, 3)


def _rows(plane: VideoPlane) -> Image:
    """The rows of a plane, with the filling behind each: uint8 (H, W + filling)."""
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)


@cache
def _exact_columns(pixel_format: str, odd: int, width: int) -> int:
    """How many columns, from the left, are the same in FFmpeg's planes as in its `rgb24`; 0 if few are.

    FFmpeg's fast conversions of 8-bit 4:2:0 and 4:2:2 work on 16 columns at once, and leave up to eight
    columns at the end unwritten. It has another conversion for an odd number of rows (`odd` = 1).
    """
    height = 16 + odd
    noise = VideoFrame(width, height, pixel_format)
    random = np.random.default_rng(0)
    for plane in noise.planes:
        plane.update(random.bytes(plane.buffer_size))
    planar = VideoReformatter().reformat(noise, width, height, "gbrp", **CONVERSION)
    packed = VideoReformatter().reformat(noise, width, height, "rgb24", **CONVERSION)
    pixels = _rows(packed.planes[0])[:, : 3 * width].reshape(height, width, 3)
    planes = np.stack([_rows(planar.planes[place])[:, :width] for place in (2, 0, 1)], axis=-1)  # (H, W, 3)
    same = (pixels == planes).all(axis=(0, 2))  # (W,)
    exact = width if same.all() else int(same.argmin())
    return exact if 2 * exact > width else 0


class Orientation(NamedTuple):
    """How a stored picture is shown: turned on its diagonal first, then mirrored."""

    transposed: bool = False  # rows become columns
    left_right: bool = False
    up_down: bool = False

    @classmethod
    def of(cls, picture: VideoFrame) -> Orientation:
        """What the display matrix of the picture says (phones write one); angles are rounded to 90 degrees.

        The matrix [[a, b], [c, d]] moves the pixel at (x, y) to (a x + c y, b x + d y), ISO 14496-12, 8.3.2.
        """
        _accept_all_side_data()
        for data in cast("list[SideData]", picture.side_data):
            if data.type == SideDataType.DISPLAYMATRIX:
                a, b, _, c, d = np.frombuffer(memoryview(data), np.int32)[:5].tolist()
                if abs(b) + abs(c) > abs(a) + abs(d):
                    return cls(True, c < 0, b < 0)
                return cls(False, a < 0, d < 0)
        return UPRIGHT

    def sides(self, height: int, width: int) -> tuple[int, int]:
        """Height and width as shown, of a stored picture; and the other way round."""
        return (width, height) if self.transposed else (height, width)

    def upright(self, pixels: Image) -> Image:
        """The pixels (H, W, 3) as shown, (H, W, 3) or (W, H, 3); a view."""
        if self.transposed:
            pixels = pixels.transpose(1, 0, 2)
        return pixels[:: -1 if self.up_down else 1, :: -1 if self.left_right else 1]

    @property
    def degrees(self) -> int:
        """The turn in it: 0, 90, 180 or 270, clockwise (after mirroring left to right, if it mirrors)."""
        if self.transposed:
            return 90 if self.left_right else 270
        return 180 if self.up_down else 0


UPRIGHT = Orientation()


@cache
def _accept_all_side_data() -> None:
    """Let PyAV list the side data of a picture when FFmpeg has given it a kind that PyAV does not know.

    PyAV 17 and 18 raise a ValueError instead, for every photograph with EXIF data.
    """

    def unnamed(kinds: type[Any], value: int) -> Any:
        kind = object.__new__(kinds)
        kind._name_, kind._value_ = f"UNKNOWN_{value}", value
        return kind

    SideDataType._missing_ = classmethod(unnamed)  # type: ignore[assignment,method-assign]


@cache
def _settle_memory() -> None:
    """Make the C library reuse the memory of one frame for the next, instead of returning it each time.

    glibc returns only blocks above a limit, and raises this limit when a larger block is freed (mallopt(3),
    M_MMAP_THRESHOLD; at most 32 MB). Freeing one such block, which is never written to, costs nothing and
    halves the time of reading (`tools/benchmarks/decode.py`). In other C libraries it has no effect.
    """
    block = np.empty(31 * 2**20, np.uint8)
    del block


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

    def compare(self, stream: VideoStream, last: Decoded, *, is_cut_off: bool) -> None:
        """After the last frame: does the file promise more than came, or end where no file should?"""
        if is_cut_off:
            self.note(0)
            self.ends = "; it breaks off inside a frame, and some just before the last may be missing too"
        absent = stream.frames - self.good - self.lost
        end = promised_end(stream)
        step = 1 / average_rate(stream)
        reached = max(last.end, last.time + step)
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


class FirstDamageError(Exception):
    """The first sign that a file is damaged; there may be none."""


def pictures_until_damage(packets: Iterator[Packet[VideoStream]]) -> Iterator[VideoFrame]:
    """The pictures in the order of display, from a decoder that raises at damage.

    At the end it may swallow its errors. Then a few pictures are missing, which is a sign too.

    Raises:
        FirstDamageError: something is, or may be, damaged here; the pictures before are whole.
    """
    absent = 0  # packets whose pictures are not here yet

    def whole() -> Iterator[Packet[VideoStream]]:
        nonlocal absent
        for packet in packets:
            if packet.is_corrupt:
                raise FirstDamageError
            absent += packet.size > 0 and not packet.is_discard
            yield packet

    for decoded in _decoded(whole()):
        if decoded is None or any(picture.is_corrupt for picture in decoded):
            raise FirstDamageError
        absent -= len(decoded)
        yield from decoded
    if 0 < absent <= REORDERED:
        raise FirstDamageError


def but_the_last(packets: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """All packets but the last one that holds something; in a file that is cut off, it is not whole."""
    waiting = None
    for packet in packets:
        if packet.size == 0:
            yield packet
            continue
        if waiting is not None:
            yield waiting
        waiting = packet


def pictures(packets: Iterator[Packet[VideoStream]], damage: Damage) -> Iterator[VideoFrame]:
    """Whole pictures in the order of display; `damage` counts the others.

    Those that build on a damaged picture are left out up to the next key frame. B-pictures that build on it
    are shown before it: so each picture waits until those whose packets came before its own are here.
    """
    coming: dict[int, int] = {}  # place of each packet whose picture is not here yet, by pts
    waiting: deque[tuple[int, VideoFrame | None]] = deque()  # place and picture, None for a damaged one
    is_lost = False  # until a key frame, after damage
    for decoded in _decoded(_placed(packets, coming)):
        if decoded is None:
            is_lost = True
            waiting.append((0, None))
        for picture in decoded or ():
            place = _take(coming, picture)
            if picture.is_corrupt and place:
                waiting = deque((other, None if other > place else image) for other, image in waiting)
            is_lost = picture.is_corrupt or (is_lost and not picture.key_frame)
            waiting.append((place, None if is_lost else picture))
        while waiting and (
            len(waiting) > REORDERED or waiting[0][0] < min(coming.values(), default=sys.maxsize)
        ):
            yield from _released(waiting, damage)
    while waiting:
        yield from _released(waiting, damage)


def _placed(packets: Iterator[Packet[VideoStream]], coming: dict[int, int]) -> Iterator[Packet[VideoStream]]:
    """The same packets; the place of each, 1, 2, 3, ..., is noted in `coming` by its pts."""
    for place, packet in enumerate(packets, 1):
        if packet.size and packet.pts is not None:
            coming[packet.pts] = place
        yield packet


def _take(coming: dict[int, int], picture: VideoFrame) -> int:
    """The place of the packet of a picture, 0 if unknown; those shown earlier, or long ago, come no more."""
    if picture.pts is None:
        return 0
    place = coming.get(picture.pts, 0)
    for pts, other in list(coming.items()):
        if pts <= picture.pts or other < place - REORDERED:
            del coming[pts]
    return place


def _released(waiting: deque[tuple[int, VideoFrame | None]], damage: Damage) -> Iterator[VideoFrame]:
    """The first of those that wait, if it is whole."""
    _, picture = waiting.popleft()
    if picture is None:
        damage.note()
    else:
        yield picture


def _decoded(packets: Iterator[Packet[VideoStream]]) -> Iterator[list[VideoFrame] | None]:
    """What the decoder gives for each packet; None for an error.

    An empty packet makes it give all that it holds, and ends its work. AVI has such packets in between, too:
    only one after the last packet is passed on.
    """
    empty = None
    last = False
    while not last:
        try:
            packet = next(packets, None)
            last = packet is None
            if packet is not None and packet.size == 0:
                empty = packet
            elif packet is not None:
                yield packet.decode()
            elif empty is not None:
                yield empty.decode()
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            yield None


def time_of(picture: VideoFrame, stream: VideoStream, index: int) -> Fraction:
    """Seconds at which the file shows this picture; index / fps if the file does not say."""
    if picture.pts is None:
        return index / average_rate(stream)
    return picture.pts * (picture.time_base or stream.time_base or Fraction(1))


def length_of(picture: VideoFrame, stream: VideoStream) -> Fraction:
    """Seconds for which the file shows this picture; 1 / fps if the file does not say."""
    ticks = max(picture.duration or 0, 0)
    return ticks * (picture.time_base or stream.time_base or Fraction(1)) or 1 / average_rate(stream)
