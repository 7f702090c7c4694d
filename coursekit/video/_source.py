"""An opened video file that answers all questions about it: opened once, its packets read through once."""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import av
import torch
from av.packet import Packet
from av.video.stream import VideoStream
from typing_extensions import Self

from coursekit.video import _decoder
from coursekit.video._decoder import Damage, Decoded, Stamp, VideoError
from coursekit.video._selection import Selection

# Containers with a table of their packets. A seek back to the first packet gives the same packets with the
# same times again. Elsewhere (MPEG-TS, FLV, AVI, bare streams) FFmpeg searches for a place, and works times
# out from what it has read before.
REWINDABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")


@dataclass(frozen=True)
class Info:
    """What a video file says about itself.

    Attributes:
        path: the file.
        width: columns of a frame as it is shown (after rotation), in pixels.
        height: rows, likewise.
        fps: average frame rate in frames per second, as a fraction (30000/1001 for 29.97).
        frames: number of frames that the file lists.
        duration: seconds from the first frame to the end of the last.
        codec: name of the codec, e.g. "h264".
        pixel_format: FFmpeg's name, e.g. "yuv420p".
        rotation: degrees, clockwise, by which stored frames are turned upright (0, 90, 180, 270).
        bytes: size of the file, sound included.
    """

    path: Path
    width: int
    height: int
    fps: Fraction
    frames: int
    duration: float
    codec: str
    pixel_format: str
    rotation: int
    bytes: int


@dataclass(frozen=True)
class Frame:
    """One frame of a stream.

    Attributes:
        index: its number in the file, 0, 1, 2, ...
        time: when it is shown, in seconds, as the file says (not index / fps).
        image: uint8 (3, H, W).
    """

    index: int
    time: float
    image: torch.Tensor


class Place(NamedTuple):
    """What identifies a packet in its file."""

    position: int | None  # byte in the file
    size: int  # bytes
    pts: int | None  # time to show it, in ticks
    discard: bool  # decoded but not shown


class Scan(NamedTuple):
    """What the packets say, read through without decoding them."""

    times: list[Fraction] | None  # s, of all frames in the order of display; None if a packet has no time
    first: Place | None
    whole: bool  # no packet was damaged


class Source:
    """An opened video file, for use in a `with` statement.

    Two private methods decide which frames a part consists of: `_scan_packets` gives the times of all frames,
    and `_enter` goes to the key frame from which a part can be decoded.

    Raises:
        VideoError: the file is missing, is no file, is empty, is no video, or has no video stream.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._container, self._stream = _decoder.open_video(path)
        self._fresh = True  # no packet has been read since the file was opened
        self._scan: Scan | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    # ------------------------------------------------------------------------------------ the questions

    def info(self) -> Info:
        """Size, rate, length and format.

        Raises:
            VideoError: no frame can be decoded.
        """
        times = [stamp.time for stamp in self.stamps()]
        picture = next(self.decode()).picture
        stream = self._stream
        shown = _decoder.Orientation.of(picture)
        height, width = shown.sides(picture.height, picture.width)
        end = times[-1] + 1 / _decoder.average_rate(stream)
        promised = _decoder.promised_end(stream)
        if promised is not None and promised > times[-1]:
            end = promised
        return Info(
            path=self.path,
            width=width,
            height=height,
            fps=_decoder.average_rate(stream),
            frames=len(times),
            duration=float(end - times[0]),
            codec=stream.codec_context.codec.canonical_name,
            pixel_format=picture.format.name,
            rotation=shown.degrees,
            bytes=self.path.stat().st_size,
        )

    def stamps(self) -> Iterator[Stamp]:
        """Number and time of each frame, from the packets if they tell, else by decoding."""
        times = self._packet_times()
        if times:
            yield from (Stamp(number, time) for number, time in enumerate(times))
        else:
            yield from (Stamp(frame.number, frame.time) for frame in self.decode())

    def read(self, selection: Selection) -> torch.Tensor:
        """The selected frames as one tensor, uint8 (T, 3, H, W).

        Raises:
            VideoError: no frame of the selection can be decoded, or they would not fit in memory.
        """
        expected = self._expected(selection)
        clip = torch.empty(0)
        count = 0
        for frame in self.stream(selection):
            if count == 0:
                _check_memory(self.path, expected, frame.image)
                clip = frame.image.new_empty(expected, *frame.image.shape)  # (T, 3, H, W)
            elif count == len(clip):  # more frames than the file lists
                clip = torch.cat([clip, torch.empty_like(clip)])  # (2 T, 3, H, W)
            clip[count] = frame.image
            count += 1
        return clip if count == len(clip) else clip[:count].clone()  # (T, 3, H, W)

    def stream(self, selection: Selection, *, packed: bool = False) -> Iterator[Frame]:
        """The selected frames as they are decoded; see `video.stream` for `packed`.

        Raises:
            VideoError: no frame of the selection can be decoded.
        """
        to_rgb = _decoder.ToRGB(selection.size, packed=packed)
        count = 0
        for frame in selection.choose(self.decode(self._start(selection))):
            count += 1
            yield Frame(frame.number, float(frame.time), to_rgb(frame.picture))
        if count == 0:
            raise VideoError(self._no_frame(selection))

    def decode(self, start: Fraction | None = None) -> Iterator[Decoded]:
        """The frames in the order of display, from the first one, or from a key frame before `start`.

        Damaged frames, and those that build on them up to the next key frame, are left out; one
        DamagedVideoWarning at the end says how many.

        Args:
            start: seconds; decoding begins at the key frame before it, where the file can be entered there.

        Raises:
            VideoError: not one frame of the file can be decoded.
        """
        times = None if start is None else self._packet_times()
        if start is not None and times and self._enter(start, times):
            return self._decode_part(times)
        return self._decode_all()

    # ------------------------------------------------------------------------------------ times and places

    def _packet_times(self) -> list[Fraction] | None:
        """Times of all frames in seconds, in the order of display; None if only decoding can tell."""
        if self._scan is None:
            self._scan = self._scan_packets()
        return self._scan.times

    def _scan_packets(self) -> Scan:
        """Read through the packets; nothing is decoded."""
        stamps = []
        first = None
        whole = True
        try:
            for packet in self._packets():
                first = first or _place(packet)
                if packet.size == 0 or packet.is_discard:
                    continue
                if packet.pts is None:
                    return Scan(None, first, whole)
                stamps.append(packet.pts)
        except av.error.FFmpegError:
            whole = False  # damaged: what lies before is known
        base = self._stream.time_base or Fraction(1)
        return Scan([stamp * base for stamp in sorted(stamps)], first, whole)

    def _start(self, selection: Selection) -> Fraction | None:
        """Where decoding may begin, in seconds; None for the beginning."""
        if selection.seconds:
            return Fraction(selection.seconds[0])
        if selection.frames and selection.frames[0] > 0:
            times = self._packet_times()
            return times[min(selection.frames[0], len(times) - 1)] if times else None
        return None

    def _enter(self, start: Fraction, times: list[Fraction]) -> bool:
        """Go to the key frame before `start`; False if the file cannot be entered there."""
        wanted = times[max(bisect_right(times, start) - 1, 0)]
        offset = int(wanted / (self._stream.time_base or 1))
        self._fresh = False
        try:
            self._container.seek(offset, stream=self._stream)
            packets = self._container.demux(self._stream)
            first = next(_decoder.pictures(packets, Damage()), None)
            if first is None or _decoder.time_of(first, self._stream, 0) > wanted:
                return False
            self._container.seek(offset, stream=self._stream)
        except av.error.FFmpegError:
            return False
        return True

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """All packets of the video stream, from the first one on."""
        if not self._fresh:
            packets = self._rewound()
            if packets is not None:
                return packets
            self._container.close()
            self._container, self._stream = _decoder.open_video(self.path)
        self._fresh = False
        return self._container.demux(self._stream)

    def _rewound(self) -> Iterator[Packet[VideoStream]] | None:
        """All packets, after a seek back to the first one; None where that is not exact."""
        scan = self._scan
        if scan is None or scan.first is None or scan.first.pts is None or not scan.whole:
            return None
        if self._container.format.name not in REWINDABLE:
            return None
        try:
            self._container.seek(scan.first.pts, stream=self._stream)
            packets = self._container.demux(self._stream)
            packet = next(packets)
        except (av.error.FFmpegError, StopIteration):
            return None
        return chain([packet], packets) if _place(packet) == scan.first else None

    # ------------------------------------------------------------------------------------ decoding

    def _decode_all(self) -> Iterator[Decoded]:
        damage = Damage()
        last = None
        for picture in _decoder.pictures(self._packets(), damage):
            index = damage.good + damage.lost
            last = Decoded(index, _decoder.time_of(picture, self._stream, index), picture)
            damage.good += 1
            yield last
        if last is None:
            stream = self._stream
            raise VideoError(
                f"{self.path} has a video stream ({stream.codec_context.name}, {stream.width} x "
                f"{stream.height}) but no frame that can be decoded: copy or download it again, "
                "or record it anew"
            )
        damage.compare(self._stream, last)
        damage.warn(self.path)

    def _decode_part(self, times: list[Fraction]) -> Iterator[Decoded]:
        damage = Damage()
        for picture in _decoder.pictures(self._container.demux(self._stream), damage):
            damage.good += 1
            time = _decoder.time_of(picture, self._stream, 0)
            yield Decoded(bisect_left(times, time), time, picture)
        damage.warn(self.path)

    def _expected(self, selection: Selection) -> int:
        """How many frames `read` will meet if all is well; at least 1."""
        stamps = (Stamp(number, time) for number, time in enumerate(self._packet_times() or []))
        return max(1, sum(1 for _ in selection.choose(stamps)))

    def _no_frame(self, selection: Selection) -> str:
        times = [float(stamp.time) for stamp in self.stamps()]
        part = f"frames={selection.frames}" if selection.frames else f"seconds={selection.seconds}"
        held = f"{len(times)} frames, {times[0]:.2f} s to {times[-1]:.2f} s" if times else "none"
        return f"{self.path} has no frame that can be decoded in {part}; it holds {held}"


def _place(packet: Packet[VideoStream]) -> Place:
    return Place(packet.pos, packet.size, packet.pts, packet.is_discard)


def _check_memory(path: Path, count: int, image: torch.Tensor) -> None:
    needed = count * image.numel()
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return
    present = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > present:
        raise VideoError(
            f"{path} as one tensor ({count}, {', '.join(map(str, image.shape))}) needs "
            f"{needed / 1e9:.1f} GB, this machine has {present / 1e9:.1f} GB: stream it with "
            "video.frames, or read less of it with seconds=, every=, fps= or size="
        )
