"""An opened video file that answers all questions about it: opened once, its packets read through once."""

from __future__ import annotations

import math
import os
from array import array
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, groupby, islice
from pathlib import Path
from typing import cast

import av
import numpy as np
import torch
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from typing_extensions import Self

from coursekit.video import _decoder, _sparse
from coursekit.video._decoder import Damage, Decoded
from coursekit.video._index import Row, Scan, Stamp, Table, scan
from coursekit.video._open import (
    MARKED_LATE,
    VideoError,
    as_video_error,
    check_packet,
    damaged,
    is_cut_off,
    no_frame,
    not_resized,
    one_thread,
    open_video,
    tracks,
)
from coursekit.video._selection import Selection

# Containers with a table of their packets. A seek back to the first packet gives the same packets with the
# same times again. Elsewhere (MPEG-TS, FLV, AVI, bare streams) FFmpeg searches for a place, and works times
# out from what it has read before.
MATROSKA = "matroska,webm"  # finds places by the time to show them, others by the time to decode them
REWINDABLE = ("mov,mp4,m4a,3gp,3g2,mj2", MATROSKA)
FARTHEST = 300  # packets between the place that a seek reaches and the packet that is looked for


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
        track: which video track of the file this is, 0, 1, 2, ...
        tracks: number of its video tracks; nearly always 1. A cover picture is none.
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
    track: int
    tracks: int


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


class Source:
    """An opened video file, for use in a `with` statement.

    Its pictures, in the order of display, are numbered 0, 1, 2, ...; every question speaks of this one list.
    In most files the packets tell it (see `_index`), and parts are decoded from the key frame before them. In
    the others the list is what decoding from the beginning gives, and so is each part of it.

    Times are those of the file, and they rise: a picture that the file does not show later than the one
    before (joined recordings, whose clock begins again) is shown when the one before ends.

    Args:
        path: a video file.
        track: which of its video tracks, 0, 1, 2, ...; None for the one that `_open.best` takes.

    Raises:
        VideoError: the file is missing, is no file, is empty, is no video, or has no such track.
    """

    def __init__(self, path: Path, track: int | None = None) -> None:
        self.path = path
        self.track = track
        self._container, self._stream = open_video(path, track)
        self._is_cut_off = is_cut_off(path, self._container)
        self._careful = self._is_cut_off  # the file is damaged: decode all of it, in one thread
        if self._careful:
            one_thread(self._stream)
        context = self._stream.codec_context
        self._promised = context.height, context.width  # by the file, of its pictures before they are turned
        self._fresh = True  # no packet has been read since the file was opened
        self._scan: Scan | None = None
        self._stored: tuple[int, int] | None = None  # height and width of the first picture, likewise
        self._stamps: list[Stamp] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    # ------------------------------------------------------------------------------------ the questions

    @property
    def stream_index(self) -> int:
        """Position of the track among all streams of the file, sound included; FFmpeg counts in this way."""
        return self._stream.index

    def info(self) -> Info:
        """Size, rate, length and format.

        Raises:
            VideoError: no frame can be decoded.
        """
        stamps = self.stamps()
        picture = next(self.decode()).picture
        stream = self._stream
        shown = _decoder.Orientation.of(picture)
        height, width = shown.sides(picture.height, picture.width)
        end = stamps[-1].end
        promised = _decoder.promised_end(stream)
        if promised is not None and promised > stamps[-1].time:
            end = promised
        return Info(
            path=self.path,
            width=width,
            height=height,
            fps=_decoder.average_rate(stream),
            frames=len(stamps),
            duration=float(end - stamps[0].time),
            codec=stream.codec_context.codec.canonical_name,
            pixel_format=picture.format.name,
            rotation=shown.degrees,
            bytes=self.path.stat().st_size,
            track=tracks(self._container).index(stream),
            tracks=len(tracks(self._container)),
        )

    def stamps(self) -> list[Stamp]:
        """Number and time of each frame: from the packets if they tell, else by decoding the file once."""
        if self._stamps is None:
            table = self._scanned().table
            decoded = _until_the_next(self.decode())
            self._stamps = list(table.stamps() if table else (Stamp(*frame[:3]) for frame in decoded))
        return self._stamps

    def chosen(self, selection: Selection) -> list[Stamp]:
        """Number and time of each selected frame, in the order asked for.

        Raises:
            VideoError: no frame can be decoded, or the file has not all frames of `indices`.
        """
        if not selection.numbers:
            return list(selection.choose(self.stamps()))
        stamps = {stamp.number: stamp for stamp in self.stamps()}
        for number in selection.numbers:
            if number not in stamps:
                raise VideoError(self._no_number(number))
        return [stamps[number] for number in selection.numbers]

    def read(self, selection: Selection) -> torch.Tensor:
        """The selected frames as one tensor, uint8 (T, 3, H, W).

        Raises:
            VideoError: no frame of the selection can be decoded, one of `indices` cannot, or they would not
                fit in memory.
        """
        if selection.numbers:
            return self._read_numbers(selection)
        room = self._expected(selection)
        clip = np.empty((0, 3, 0, 0), np.uint8)
        count = 0
        for frame in self.stream(selection):
            if count == len(clip):
                shape = (room if count == 0 else count + count // 4 + 1, *frame.image.shape)
                _check_memory(self.path, shape)
                if count == 0:
                    clip = np.empty(shape, np.uint8)  # (T, 3, H, W)
                else:  # more frames than were expected
                    clip.resize(shape, refcheck=False)
            clip[count] = frame.image.numpy()
            count += 1
        clip.resize((count, *clip.shape[1:]), refcheck=False)  # (T, 3, H, W), without a copy
        return torch.from_numpy(clip)

    def _read_numbers(self, selection: Selection) -> torch.Tensor:
        """`indices` as one tensor (T, 3, H, W): each frame is decoded once, in the order of display."""
        numbers = np.array(selection.numbers)  # (T,)
        clip = np.empty((0, 3, 0, 0), np.uint8)
        for frame in self.stream(replace(selection, indices=sorted(set(selection.numbers)))):
            if len(clip) == 0:
                shape = (len(numbers), *frame.image.shape)
                _check_memory(self.path, shape)
                clip = np.empty(shape, np.uint8)  # (T, 3, H, W)
            clip[numbers == frame.index] = frame.image.numpy()
        return torch.from_numpy(clip)

    def stream(self, selection: Selection, *, packed: bool = False) -> Iterator[Frame]:
        """The selected frames as they are decoded; see `video.stream` for `packed`.

        Raises:
            VideoError: no frame of the selection can be decoded, or one of `indices` cannot.
        """
        to_rgb = _decoder.ToRGB(selection.size, packed=packed)
        count = 0
        for frame in self._selected(selection):
            count += 1
            to_rgb.size = to_rgb.size or self._shown_size(frame)
            with as_video_error(self.path, not_resized if selection.size else damaged):
                image = to_rgb(frame.picture)  # (3, H, W)
            yield Frame(frame.number, float(frame.time), image)
        if count == 0:
            raise VideoError(self._no_frame(selection))

    def decode(self) -> Iterator[Decoded]:
        """All frames in the order of display, from the first one on, each as soon as it is decoded.

        So `end` is worked out from the length of the frame itself; see `_until_the_next`.

        Damaged frames, and those that build on them up to the next key frame, are left out; one
        DamagedVideoWarning at the end says how many.

        Raises:
            VideoError: not one frame of the file can be decoded.
        """
        damage = Damage()
        last: Decoded | None = None
        numbers: dict[int, int] | None = None  # by pts, asked for where frames are missing
        for picture in self._pictures(damage):
            stream = self._stream
            number = damage.good + damage.lost
            time = _decoder.time_of(picture, stream, number)
            length = _decoder.length_of(picture, stream)
            if numbers is None and (damage.lost or (last and time - last.end > length / 2)):
                numbers = self._numbers()
            if numbers:
                number = numbers.get(picture.pts or 0, number)
            if last is not None:
                number = max(number, last.number + 1)
                time = time if time > last.time else last.end
            damage.good += 1
            if last is None:
                self._stored = picture.height, picture.width
            last = Decoded(number, time, time + length, picture)
            yield last
        if last is None:
            raise VideoError(no_frame(self.path, self._stream))
        damage.compare(self._stream, last, is_cut_off=self._is_cut_off)
        damage.warn(self.path)

    def _pictures(self, damage: Damage) -> Iterator[VideoFrame]:
        """Whole pictures in the order of display; `damage` counts the others.

        At the first sign of damage, codecs of `MARKED_LATE` are decoded anew from the beginning, carefully.
        """
        given = 0
        if not self._careful and self._stream.codec_context.codec.canonical_name in MARKED_LATE:
            try:
                for picture in _decoder.pictures_until_damage(self._packets()):
                    given += 1
                    yield picture
                return
            except _decoder.FirstDamageError:
                self._careful = True
                self._open_anew()
        packets = _decoder.but_the_last(self._packets()) if self._is_cut_off else self._packets()
        for place, picture in enumerate(_decoder.pictures(packets, damage)):
            if place + damage.lost >= given:
                yield picture

    # ------------------------------------------------------------------------------------ parts

    def _shown_size(self, frame: Decoded) -> tuple[int, int]:
        """(H, W) of all frames that are given: that of the film's first picture, turned as `frame` is."""
        if self._stored is None:
            self._stored = frame.picture.height, frame.picture.width
            is_sure = self._container.format.name in REWINDABLE and self._stored == self._promised
            if frame.number > 0 and not is_sure:  # the size may change in the film
                with Source(self.path, self.track) as other:
                    first = next(other.decode()).picture
                    self._stored = first.height, first.width
        return _decoder.Orientation.of(frame.picture).sides(*self._stored)

    def _selected(self, selection: Selection) -> Iterator[Decoded]:
        """The selected frames in the order asked for; each of `indices`, or an error."""
        numbers = selection.numbers
        if numbers and (table := self._scanned().table) and max(numbers) >= len(table.ticks):
            raise VideoError(self._no_number(max(numbers)))
        for run in selection.runs():
            expected = iter(run.numbers)
            for frame in self._rising(run):
                if numbers and (number := next(expected)) != frame.number:
                    raise VideoError(self._no_number(number))
                yield frame
            for number in expected:
                raise VideoError(self._no_number(number))

    def _rising(self, selection: Selection) -> Iterator[Decoded]:
        """The selected frames: those alone where the packets tell which, else out of all frames."""
        table = None if selection.is_everything or self._careful else self._scanned().table
        given = 0
        if table:
            chosen = (stamp.number for stamp in selection.choose(table.stamps()))
            wanted = array("q", selection.numbers or chosen)
            try:
                for frame in self._decode_only(wanted, table):
                    yield frame
                    given += 1
                return
            except (_sparse.UnplannedError, av.error.FFmpegError):
                pass  # damaged, or other than its packets say
        frames = self.decode() if selection.fps is None else _until_the_next(self.decode())
        yield from islice(selection.choose(frames), given, None)

    def _decode_only(self, wanted: array[int], table: Table) -> Iterator[Decoded]:
        """The frames with the numbers `wanted`, which rise; one may be there several times."""
        ticks = {table.ticks[number] for number in wanted}
        stamps, are_keys = memoryview(table.rows.pts), memoryview(table.rows.are_keys)
        context = self._stream.codec_context
        codec = context.codec.canonical_name
        steps, threads = _sparse.prepare(codec, _sparse.Entries(stamps, are_keys), ticks)
        if context.is_open and codec in _sparse.FRAGILE:
            self._open_anew()
        start = _sparse.first(steps)
        packets = self._packets_from(table.rows[start]) if start else self._packets()
        if packets is None:  # the file cannot be entered there
            self._open_anew()
            packets, start = self._packets(), 0
        entries = _sparse.Entries(stamps[start:], are_keys[start:])  # views
        context = self._stream.codec_context
        decoded = _sparse.pictures(packets, context, entries, steps[start:], threads)
        pictures = cast("Generator[VideoFrame]", decoded)
        with closing(pictures):
            for number, again in groupby(wanted):
                picture = next(pictures, None)
                if picture is None:
                    raise _sparse.UnplannedError("fewer pictures than planned")
                for _ in again:
                    yield Decoded(*table.stamp(number), picture)

    def _packets_from(self, row: Row) -> Iterator[Packet[VideoStream]] | None:
        """The packets from `row` on; None where the file cannot be entered there."""
        self._fresh = False
        by_display = self._container.format.name == MATROSKA or row.dts is None
        try:
            self._container.seek(row.pts if by_display else row.dts or 0, stream=self._stream)
            packets = self._container.demux(self._stream)
            for packet in islice(packets, FARTHEST):
                if packet.pts is not None and Row.of(packet).is_same(row):
                    return chain([packet], packets)
        except av.error.FFmpegError:
            pass
        return None

    # ------------------------------------------------------------------------------------ packets

    def _scanned(self) -> Scan:
        if self._scan is None:
            rate = _decoder.average_rate(self._stream)
            self._scan = scan(self._packets(), self._stream, rate)
        return self._scan

    def _numbers(self) -> dict[int, int]:
        """The number of each picture by its pts, for use while decoding; {} if packets do not tell."""
        if self._scan is None:
            container, stream = open_video(self.path, self.track)
            with closing(container):
                self._scan = scan(container.demux(stream), stream, _decoder.average_rate(stream))
        table = self._scan.table
        return {tick: number for number, tick in enumerate(table.ticks)} if table else {}

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """All packets of the video stream, from the first one on."""
        packets = None if self._fresh else self._rewound()
        if packets is None:
            if not self._fresh:
                self._open_anew()
            packets = self._container.demux(self._stream)
        self._fresh = False
        return self._checked(packets)

    def _checked(self, packets: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
        for packet in packets:
            check_packet(self.path, packet)
            yield packet

    def _open_anew(self) -> None:
        self._container.close()
        self._container, self._stream = open_video(self.path, self.track)
        if self._careful:
            one_thread(self._stream)
        self._fresh = True

    def _rewound(self) -> Iterator[Packet[VideoStream]] | None:
        """All packets, after a seek back to the first one; None where that is not exact."""
        table = self._scan.table if self._scan else None
        if table is None or self._container.format.name not in REWINDABLE:
            return None
        try:
            self._container.seek(table.rows[0].pts, stream=self._stream)
            packets = self._container.demux(self._stream)
            packet = next(packets)
        except (av.error.FFmpegError, StopIteration):
            return None
        return chain([packet], packets) if Row.of(packet) == table.rows[0] else None

    # ------------------------------------------------------------------------------------ lengths

    def _expected(self, selection: Selection) -> int:
        """How many frames `read` will meet if all is well, by the table or by the number of packets."""
        count, table = self._scanned()
        step = 1 / _decoder.average_rate(self._stream)
        guess = (Stamp(number, number * step, (number + 1) * step) for number in range(count))
        return max(1, sum(1 for _ in selection.choose(table.stamps() if table else guess)))

    def _no_frame(self, selection: Selection) -> str:
        part = f"frames={selection.frames}" if selection.frames else f"seconds={selection.seconds}"
        return f"{self.path} has no frame that can be decoded in {part}; it holds {self._held()}"

    def _no_number(self, number: int) -> str:
        return f"{self.path} has no frame {number} that can be decoded; it holds {self._held()}"

    def _held(self) -> str:
        times = [float(stamp.time) for stamp in self.stamps()]
        return f"{len(times)} frames, {times[0]:.2f} s to {times[-1]:.2f} s" if times else "none"


def _until_the_next(frames: Iterator[Decoded]) -> Iterator[Decoded]:
    """The same frames, each of which ends when the next one is shown."""
    last: Decoded | None = None
    for frame in frames:
        if last is not None:
            yield last._replace(end=frame.time)
        last = frame
    if last is not None:
        yield last


def _check_memory(path: Path, shape: tuple[int, ...]) -> None:
    """Raise a VideoError if a uint8 tensor of this shape is larger than the memory of the machine."""
    needed = math.prod(shape)
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return
    present = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > present:
        raise VideoError(
            f"{path} as one tensor ({', '.join(map(str, shape))}) needs "
            f"{needed / 1e9:.1f} GB, this machine has {present / 1e9:.1f} GB: stream it with "
            "video.frames, or read less of it with seconds=, every=, fps= or size="
        )
