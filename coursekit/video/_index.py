"""Which pictures a video shows and when, as far as its packets tell without being decoded.

A container stores packets in the order of decoding, each with the time to show it (pts). In most files each
packet gives one picture, and the sorted times are the times of the pictures. In others they are not: a packet
may hold one field of a picture, a picture that is never shown, or one whose references are missing; times may
be absent, wrong or repeated. A palette comes with one packet and serves those after it, and a seek loses it.
Then only decoding from the beginning tells. `table` is strict: in doubt it gives None.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from heapq import heappush, heappushpop
from itertools import pairwise
from typing import NamedTuple

import av
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream

# Containers that store the time to show each packet, or the like.
TIMED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "flv")
# Codecs in which each packet gives one picture, apart from what is looked for.
PREDICTED = ("h264", "hevc", "vp8", "vp9", "av1", "mpeg4")
# Codecs in which each packet is a picture by itself. The times of AVI (numbers of packets) are right then.
WHOLE = ("mjpeg", "prores", "dnxhd", "ffv1", "huffyuv", "ffvhuff", "utvideo", "png", "rawvideo", "v210")
PROGRESSIVE = (0, 1)  # FFmpeg's AVFieldOrder: unknown, progressive
ABSENT = -(2**63)  # FFmpeg's AV_NOPTS_VALUE


class Stamp(NamedTuple):
    """The place of a picture in its video."""

    number: int  # 0, 1, 2, ... in the order of display
    time: Fraction  # s, when it is shown
    end: Fraction  # s, when the next one is shown, or the last one vanishes


class Row(NamedTuple):
    """What the container says about a packet."""

    pts: int  # when its picture is shown, in ticks of the stream
    dts: int | None  # when it is decoded, in ticks
    is_key: bool

    @classmethod
    def of(cls, packet: Packet[VideoStream]) -> Row:
        """The row of a packet that has a pts."""
        return cls(packet.pts or 0, packet.dts, packet.is_keyframe)

    def is_same(self, other: Row) -> bool:
        """The same packet, met again after a seek? Some containers work out another dts then."""
        return (self.pts, self.is_key) == (other.pts, other.is_key)


class Rows:
    """The rows of all packets, in the order of decoding: a column of numbers for each field.

    A film of hours has half a million packets. A row takes 17 bytes here, and about 150 as an object.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.pts, self._dts, self.are_keys = array("q"), array("q"), array("b")
        for row in rows:
            self.append(row)

    def __len__(self) -> int:
        return len(self.pts)

    def __getitem__(self, place: int) -> Row:
        dts = self._dts[place]
        return Row(self.pts[place], None if dts == ABSENT else dts, bool(self.are_keys[place]))

    def append(self, row: Row) -> None:
        self.pts.append(row.pts)
        self._dts.append(ABSENT if row.dts is None else row.dts)
        self.are_keys.append(row.is_key)


class Table(NamedTuple):
    """Packets and pictures of a video in which each packet gives one picture."""

    rows: Rows
    ticks: array[int]  # pts of each picture, in the order of display
    base: Fraction  # s, length of a tick
    end: Fraction  # s, when the last picture vanishes

    def stamps(self) -> Iterator[Stamp]:
        """The pictures in the order of display; not kept, since a long film has many."""
        return map(self.stamp, range(len(self.ticks)))

    def stamp(self, number: int) -> Stamp:
        """The picture with this number."""
        is_last = number + 1 == len(self.ticks)
        end = self.end if is_last else self.ticks[number + 1] * self.base
        return Stamp(number, self.ticks[number] * self.base, end)


class Scan(NamedTuple):
    """What reading through the packets gives."""

    packets: int  # those that hold something
    table: Table | None  # None if only decoding tells which pictures are shown


def scan(packets: Iterable[Packet[VideoStream]], stream: VideoStream, rate: Fraction) -> Scan:
    """Read through all packets of a video; nothing is decoded.

    Args:
        packets: from the first one on.
        stream: to which they belong.
        rate: pictures per second, for the length of the last one where the file does not say.
    """
    rows = Rows()
    durations = set()
    last = (ABSENT, 0)  # pts and duration of the picture that is shown last
    count = 0
    sound = _is_known(stream)
    codec = stream.codec_context.codec.canonical_name
    try:
        for packet in packets:
            if packet.size == 0:
                continue
            count += 1
            sound = sound and _gives_one_picture(packet, codec, is_first=count == 1)
            if sound:
                rows.append(Row.of(packet))
                durations.add(packet.duration or 0)
                last = max(last, (packet.pts or 0, packet.duration or 0))
    except av.error.FFmpegError:
        sound = False
    if stream.container.format.name == "mpegts" and len(durations) > 1:
        sound = False  # the parser makes packets of frames and of fields
    if not sound or not is_sound(rows, stream.codec_context.reorder_depth):
        return Scan(count, None)
    base = stream.time_base or Fraction(1)
    end = last[0] * base + (last[1] * base or 1 / rate)
    ticks = array("q", rows.pts)
    np.frombuffer(ticks, np.int64).sort()  # in place: a list of the numbers would take five times as much
    return Scan(count, Table(rows, ticks, base, end))


def is_sound(rows: Rows, depth: int) -> bool:
    """Are the sorted times those of the pictures that a decoder gives?

    The first packet must be a key frame and shown first, no two pictures may have one time, and the times
    must be in order after a decoder has reordered its pictures, which it does with `depth` of them in hand.
    If it reorders pictures, but the times already rise from packet to packet, then either no picture of the
    film needs reordering, or its writer gave the times in the order of decoding, which is wrong.
    """
    if not rows or not rows[0].is_key or min(rows.pts) != rows.pts[0]:
        return False
    if depth > 0 and all(tick < following for tick, following in pairwise(rows.pts)):
        return False
    last = rows.pts[0] - 1
    for tick in _reordered(rows.pts, depth):
        if tick <= last:
            return False
        last = tick
    return True


def _reordered(ticks: Iterable[int], depth: int) -> Iterator[int]:
    """The times as a decoder gives them back that always holds `depth` pictures, and lets the earliest go."""
    waiting: list[int] = []
    for tick in ticks:
        if len(waiting) < depth:
            heappush(waiting, tick)
        else:
            yield heappushpop(waiting, tick)
    yield from sorted(waiting)


def _is_known(stream: VideoStream) -> bool:
    context = stream.codec_context
    codec, container = context.codec.canonical_name, stream.container.format.name
    timed = (codec in PREDICTED and container in TIMED) or (codec in WHOLE and container in (*TIMED, "avi"))
    return timed and _is_progressive(stream)


def _is_progressive(stream: VideoStream) -> bool:
    """Is a picture stored as a whole, and not as two fields?

    PyAV 17, the newest one for Python 3.10, does not have FFmpeg's answer. There the first picture tells.
    """
    context = stream.codec_context
    if hasattr(context, "field_order"):
        return context.field_order in PROGRESSIVE
    place = stream.container.streams.video.index(stream)
    with closing(av.open(stream.container.name, metadata_errors="replace")) as container:
        try:
            return not next(container.decode(video=place)).interlaced_frame
        except (av.error.FFmpegError, StopIteration):
            return False


def _gives_one_picture(packet: Packet[VideoStream], codec: str, *, is_first: bool) -> bool:
    if packet.pts is None or packet.is_discard or packet.is_corrupt or packet.has_sidedata("palette"):
        return False
    if codec == "h264" and is_first:
        return _holds_idr(bytes(packet))
    if codec == "mpeg4":
        return _is_one_vop(bytes(packet))
    return codec not in ("vp8", "vp9") or _is_shown(memoryview(packet), codec)


def _holds_idr(data: bytes) -> bool:
    """Is this H.264 picture one from which a decoder can begin (NAL type 5)? Others may give nothing."""
    if data.startswith((b"\0\0\1", b"\0\0\0\1")):
        return re.search(rb"\x00\x00\x01[\x05\x25\x45\x65]", data) is not None
    place = 0
    while place + 4 < len(data):
        if data[place + 4] & 31 == 5:
            return True
        place += 4 + int.from_bytes(data[place : place + 4], "big")
    return False


# Start codes of MPEG-4 part 2: of a picture (VOP), and of what may stand before the first of a group.
_VOP, _GROUP = b"\0\0\1\xb6", b"\0\0\1\xb3"
_SMALLEST_VOP = 20  # bytes; FFmpeg takes fewer for a mark that no picture is shown


def _is_one_vop(data: bytes) -> bool:
    """Does an MPEG-4 packet hold one picture and nothing else that a decoder must know of?

    AVI files pack two pictures into one packet, and the next packet is a mark without a picture. Headers
    inside the stream can change how later pictures are decoded, so one has to begin at the first.

    Source: ISO/IEC 14496-2, 6.2.1 (start codes) and 6.2.5 (vop_coded).
    """
    head = len(_GROUP) + 3 if data.startswith(_GROUP) else 0
    return data.startswith(_VOP, head) and data.count(_VOP) == 1 and len(data) - head >= _SMALLEST_VOP


def _is_shown(data: memoryview, codec: str) -> bool:
    """Does a VP8 or VP9 packet give a picture that is shown? Others are references only.

    Source: RFC 6386, 9.1 (VP8: bit show_frame); VP9 bitstream specification, 6.2 and annex B (superframes).
    """
    if codec == "vp8":
        return bool(data[0] >> 4 & 1)
    if data[-1] & 0xE0 == 0xC0:  # several in one packet, the last of which is shown
        return True
    header = data[0] << 8 | data[1] if len(data) > 1 else data[0] << 8
    shift = 10 if header >> 12 & 3 == 3 else 11  # profile 3 has one bit more
    shows_earlier, shows_this = header >> shift & 1, header >> (shift - 2) & 1
    return bool(shows_earlier or shows_this)
