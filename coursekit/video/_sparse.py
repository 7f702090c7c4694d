"""Decode a few pictures of a video, and skip those that are not needed.

Here each packet holds one picture, and a picture's time stamp (pts, in ticks of the stream) identifies it.
Packets are stored in the order of decoding, in groups that each begin with a key frame. Two things are saved,
and no pixel of a wanted picture changes by them:

- groups without a wanted picture, and in the other groups what follows their last wanted picture;
- pictures that are not wanted and that no other picture is built from. The decoder knows them from the
  stream and leaves them out if it is told to (FFmpeg's `skip_frame`, set for each packet). In H.264 the first
  bytes of a packet tell it, so the decoder does not get these packets at all: with several threads, each
  packet takes the turn of one, also where there is nothing to decode.

Before the decoder jumps to a later group, it is emptied, and its threads wait for each other. In H.264 this
is not needed if the group begins with an IDR picture, at which a decoder forgets all pictures before.

Whether the pictures come as planned is checked. If one does not, `UnplannedError` is raised, and the caller
must decode everything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import islice, pairwise
from typing import NamedTuple

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

# Codecs whose decoder in FFmpeg can crash if it has several threads, was emptied, and begins again at a key
# frame that is damaged, or is none. With one thread it does not.
FRAGILE = ("vp9",)

# Codecs whose packets say that no other picture is built from theirs: nal_ref_idc = 0, and B-pictures.
MARKED = ("h264", "mpeg1video", "mpeg2video", "mpeg4")


class UnplannedError(Exception):
    """The decoder gave another picture than planned, a damaged one, or none."""


class Entries(NamedTuple):
    """What the table of a video says about its packets, in the order of decoding."""

    stamps: Sequence[int]  # pts of their pictures, in ticks; no two are the same
    are_keys: Sequence[int]  # 1 for key frames, else 0


class Step(IntEnum):
    """What to do with a packet."""

    DROP = 0  # no wanted picture needs it
    PASS_ON = 1  # a wanted picture may be built from its picture: the decoder decides
    CHECK = 2  # a key frame from which decoding begins: it must come, and be one, if the table is right
    WANTED = 3  # its picture must come, and is given


def prepare(codec: str, entries: Entries, wanted: Collection[int]) -> tuple[bytearray, int]:
    """The `plan` for a codec, and how many threads its decoder gets."""
    steps = plan(entries, wanted)
    if codec in FRAGILE:
        through = plan(entries, wanted, in_groups=False)
        return (through, _threads()) if _count(through) <= _threads() * _count(steps) else (steps, 1)
    # In H.264 more threads than cores: each picture waits for parts of the one before it, since those that no
    # other waits for are left out. The decoders of other codecs are emptied often, where threads wait anyway.
    return steps, _threads(2, 1) if codec == "h264" else _threads()


def _count(steps: bytearray) -> int:
    """How many packets are decoded."""
    return len(steps) - steps.count(Step.DROP)


def plan(entries: Entries, wanted: Collection[int], *, in_groups: bool = True) -> bytearray:
    """What to do with each packet so that all wanted pictures can be decoded.

    Args:
        entries: the packets. Those before the first key frame form a group too.
        wanted: time stamps of the wanted pictures.
        in_groups: the decoder may begin anew at each key frame. It then gives the same pictures, from this
            key frame on, as one that began earlier: the standards of all codecs that are read in this way
            demand it. If not, it begins at one and decodes everything up to the last wanted picture.

    Returns:
        A `Step` for each packet.
    """
    stamps, are_keys = entries
    steps = bytearray(len(stamps))  # DROP
    starts = [place for place, is_key in enumerate(are_keys) if is_key or place == 0]
    if not in_groups and wanted:  # one group, from a key frame before all wanted pictures
        place = next(place for place, stamp in enumerate(stamps) if stamp in wanted)
        earliest = min(wanted)
        starts = [max((start for start in starts if start <= place and stamps[start] <= earliest), default=0)]
    needs_whole = False  # does the group that follows need all of this one?
    for start, stop in reversed(list(pairwise([*starts, len(stamps)]))):
        places = [place for place in range(start, stop) if stamps[place] in wanted]
        end = stop if needs_whole else places[-1] + 1 if places else start
        for place in range(start, end):
            steps[place] = Step.PASS_ON
        if end > start and are_keys[start]:
            steps[start] = Step.CHECK
        for place in places:
            steps[place] = Step.WANTED
        # Pictures that are shown before the key frame of their group are also built from the group before.
        needs_whole = any(stamps[place] < stamps[start] for place in places)
    return steps


def first(steps: bytearray) -> int:
    """Place of the first packet that is not dropped; 0 if all are."""
    return next((place for place, step in enumerate(steps) if step != Step.DROP), 0)


def pictures(
    packets: Iterable[Packet[VideoStream]],
    context: VideoCodecContext,
    entries: Entries,
    steps: Sequence[int],
    threads: int,
) -> Iterator[VideoFrame]:
    """The wanted pictures in the order of display, as decoding everything would give them.

    Args:
        packets: those of the video stream, from the first of `entries` on.
        context: the decoder of the stream.
        entries: what the table says about these packets.
        steps: what to do with each, see `prepare`.
        threads: of the decoder, see `prepare`; without effect if it is at work already.

    Raises:
        UnplannedError: the file does not decode as its table promises; what was given is right.
    """
    if not context.is_open:
        context.thread_count = threads
    wanted = {stamp for stamp, step in zip(entries.stamps, steps, strict=True) if step == Step.WANTED}
    keys = {
        stamp for stamp, is_key, step in zip(*entries, steps, strict=True) if is_key and step >= Step.CHECK
    }
    expected = iter(sorted(keys.union(wanted)))
    try:
        for picture in _decoded(packets, context, entries.stamps, steps):
            if picture.is_corrupt:
                raise UnplannedError(f"damaged picture at {picture.pts}")
            if picture.pts in keys and not picture.key_frame:
                raise UnplannedError(f"the table has a key frame at {picture.pts}, the stream has none")
            if (picture.pts in wanted or picture.pts in keys) and picture.pts != next(expected, None):
                raise UnplannedError(f"the picture at {picture.pts} comes too early, or a second time")
            if picture.pts in wanted:
                yield picture
    except av.error.FFmpegError as error:
        raise UnplannedError("damaged packet") from error
    finally:
        context.skip_frame = "DEFAULT"
    absent = next(expected, None)
    if absent is not None:
        raise UnplannedError(f"no picture at {absent}")


def _threads(each: int = 1, more: int = 0) -> int:
    """`each` for every core that this process may use, and `more`; 16 at most, as FFmpeg chooses."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(each * cores + more, 16)


def _decoded(
    packets: Iterable[Packet[VideoStream]],
    context: VideoCodecContext,
    stamps: Sequence[int],
    steps: Sequence[int],
) -> Iterator[VideoFrame]:
    """Follow the plan; wanted pictures come, and others."""
    may_skip, parts_of = _is_marked(context), _h264_parts(context)
    end = max((place for place, step in enumerate(steps, 1) if step >= Step.CHECK), default=0)
    filled = dropped = False  # does the decoder hold pictures; was the packet before this one dropped?
    holding = (packet for packet in packets if packet.size)
    planned = islice(zip(stamps, steps, strict=True), end)
    for packet, (stamp, step) in zip(holding, planned, strict=False):
        if packet.pts != stamp:
            raise UnplannedError(f"packet at {packet.pts}, expected {stamp}")
        if step == Step.DROP:
            dropped = True
            continue
        parts = parts_of(packet)
        if filled and dropped and not _begins_anew(parts):
            yield from context.decode(None)  # what it holds
            context.flush_buffers()
        elif filled and step == Step.PASS_ON and _is_disposable(parts):
            continue
        context.skip_frame = "NONREF" if may_skip and step == Step.PASS_ON else "DEFAULT"
        yield from packet.decode()
        filled, dropped = True, False
    if filled:
        yield from context.decode(None)
        context.flush_buffers()


# Kinds of parts (NAL units) of an H.264 packet (ITU-T H.264, table 7-1).
_SLICE, _IDR, _NO_PICTURE = 1, 5, {6, 9, 12}  # slices of a picture; SEI, delimiter, filler

Part = tuple[int, bool]  # its kind, and whether other pictures may be built from it


def _h264_parts(context: VideoCodecContext) -> Callable[[Packet[VideoStream]], list[Part]]:
    """Tells the parts of a packet; none of another codec, and where they are not stored as in MP4 and MKV."""
    record = context.extradata or b""
    if context.codec.canonical_name != "h264" or len(record) < 7 or record[0] != 1:
        return lambda packet: []
    size = (record[4] & 3) + 1  # bytes of the length before each part

    def parts(packet: Packet[VideoStream]) -> list[Part]:
        data, place = memoryview(packet), 0
        found = []
        while place + size < len(data):
            length, header = int.from_bytes(data[place : place + size], "big"), data[place + size]
            found.append((header & 31, bool(header & 96)))
            place += size + length
        return found

    return parts


def _begins_anew(parts: list[Part]) -> bool:
    """Is this an IDR picture, at which a decoder forgets all pictures before?"""
    return any(kind == _IDR for kind, _ in parts)


def _is_disposable(parts: list[Part]) -> bool:
    """Is it a picture that no other is built from, and nothing that others need?

    FFmpeg's H.264 decoder takes nothing from such a packet under `skip_frame`, so it need not get it.
    """
    slices = [is_reference for kind, is_reference in parts if kind == _SLICE]
    others = {kind for kind, _ in parts} - _NO_PICTURE - {_SLICE}
    return bool(slices) and not any(slices) and not others


def _is_marked(context: VideoCodecContext) -> bool:
    """Does each packet say whether other pictures are built from its own?"""
    name = context.codec.canonical_name
    if name == "hevc":
        # In HEVC, "not used for reference" holds within a temporal layer only. The configuration record
        # (ISO/IEC 14496-15, 8.3.3.1) says in 3 bits how many layers there are; 1 in nearly all files.
        record = context.extradata or b""
        return len(record) > 21 and record[0] == 1 and record[21] >> 3 & 7 == 1
    return name in MARKED
