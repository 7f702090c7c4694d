"""Opening a video file: is it one, which of its tracks is read, and what can be wrong with it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

# What FFmpeg also takes for video: lists of other files or addresses, and text that it draws.
REFUSED = frozenset(
    (
        "concat", "dash", "hls", "imf", "rtp", "rtsp", "sap", "sdp", "vobsub", "webm_dash_manifest",
        "adf", "bin", "idf", "tty", "xbin",
    )
)  # fmt: skip
LIST_HEADS = (b"#EXTM3U", b"ffconcat", b"v=0\n", b"v=0\r", b"[playlist]", b"<MPD", b"<smil", b"<asx")
# Codecs whose decoder, with several threads, may give a damaged picture before it has marked it. So it
# is told to raise an error at damage, since errors come in order; some come without damage. See `one_thread`.
MARKED_LATE = ("h264", "mpeg4")
MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip")
SEGMENT_BOXES = (b"styp", b"sidx", b"moof")
LARGEST_INDEX = 2**26  # bytes of an MP4 index that are searched for the cause of an error


class VideoError(Exception):
    """A file that cannot be read or written as video; the message says what happened and what to do."""


def open_video(path: Path, track: int | None = None) -> tuple[InputContainer, VideoStream]:
    """Open `path` and choose its video track. The caller closes the container.

    FFmpeg gets a name that can only be a path, and may open this one file and no address.

    Args:
        path: a video file.
        track: position in `tracks`; None takes the one that `best` names.

    Raises:
        VideoError: the file is missing, is no file, is empty, is no video, or has no such track.
        TypeError: `track` is something else than a whole number or None.
    """
    check_track(track)
    check_file(path)
    with as_video_error(path, _not_opened):
        container = av.open(
            f"file:{path.absolute()}",
            container_options={
                "format_whitelist": _formats(),
                "protocol_whitelist": "file",
                "pattern_type": "none",  # "%03d.png" is the name of one file
            },
            metadata_errors="replace",  # a title may be in Latin-1
        )
    try:
        with as_video_error(path):
            stream = _choose(path, container, track)
            stream.thread_type = "AUTO"  # decode the next frames while this one is being used
            if stream.codec_context.codec.canonical_name in MARKED_LATE:
                stream.codec_context.options = {"err_detect": "explode"}
    except BaseException:
        container.close()
        raise
    return container, stream


def one_thread(stream: VideoStream) -> None:
    """Before the first picture: decode in one thread, which marks each damaged picture and raises less."""
    stream.codec_context.thread_count = 1
    stream.codec_context.options = {}


def is_cut_off(path: Path, container: InputContainer) -> bool:
    """Does this MPEG-TS end inside one of its packets, which all have the same length and first byte?"""
    if container.format.name != "mpegts":
        return False
    head = _head(path)
    for length, start in ((188, 0), (192, 4), (204, 0)):  # plain, with times in front, with a checksum behind
        if len(head) > 3 * length and set(head[start::length]) == {0x47}:
            rest = path.stat().st_size % length
            with path.open("rb") as file:
                file.seek(-rest, os.SEEK_END)
                return rest > start and file.read(rest)[start] == 0x47  # something else is filling
    return False


def tracks(container: InputContainer) -> list[VideoStream]:
    """The video tracks of a file, in its order. A cover picture is none."""
    return [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]


def best(streams: list[VideoStream]) -> VideoStream:
    """The track that the ffmpeg program takes: the largest, with 5,000,000 pixels added to the default.

    Unlike there, a track of one image comes after the others, and one that cannot be decoded comes last.
    """

    def rank(stream: VideoStream) -> tuple[bool, bool, int]:
        context = stream.codec_context
        pixels = context.width * context.height if context else 0
        default = bool(stream.disposition & Disposition.default)
        return bool(context), stream.frames != 1, pixels + 5_000_000 * default

    return max(streams, key=rank)  # the first of equal ones


def described(stream: VideoStream) -> str:
    """A track in a few words, such as "h264, 1280 x 720, default"."""
    context = stream.codec_context
    size = f", {context.width} x {context.height}" if context else ""
    default = ", default" if stream.disposition & Disposition.default else ""
    return f"{_codec(stream)}{size}{default}"


def check_packet(path: Path, packet: Packet[VideoStream]) -> None:
    """Raise a VideoError if the packet is encrypted: it would give no picture, or wrong pixels."""
    if packet.has_sidedata("encryption_info"):
        raise VideoError(f"{path} {ENCRYPTED}")


def check_track(track: object) -> None:
    """Raise a TypeError if this can be no number of a track, nor None."""
    if track is not None and (isinstance(track, bool) or not hasattr(track, "__index__")):
        raise TypeError(
            f"track={track!r} must be the number of a video track (0, 1, 2, ...), or None for the one that "
            "the ffmpeg program takes"
        )


def check_file(path: Path) -> None:
    """Raise a VideoError if there is no file with content at `path`."""
    try:
        if not path.exists():
            raise VideoError(_missing(path))
        if path.is_dir():
            raise VideoError(f"{path} is a folder, expected a video file")
        if not path.is_file():
            raise VideoError(f"{path} is no ordinary file, expected a video file")
        if path.stat().st_size == 0:
            raise VideoError(f"{path} is empty (0 bytes): copy or download it again")
    except OSError as error:  # the name is too long, or a folder may not be entered
        raise VideoError(f"{path} cannot be opened: {error.strerror}; check the path") from error


# ------------------------------------------------------------------------------------ what can go wrong

ENCRYPTED = (
    "is encrypted (copy protection, DRM), and no program can read its pictures without the key: "
    "use a copy that is not protected"
)


def not_resized(path: Path, reason: str) -> str:
    """What to say when FFmpeg cannot bring a decoded picture to the size asked for."""
    return f"a frame of {path} cannot be brought to this size ({reason}): ask for another size="


def damaged(path: Path, reason: str) -> str:
    """What to say when FFmpeg cannot read a file."""
    return f"{path} is damaged, FFmpeg cannot read it ({reason}): copy or download it again"


@contextmanager
def as_video_error(path: Path, explain: Callable[[Path, str], str] = damaged) -> Iterator[None]:
    """Turn whatever PyAV raises inside the `with` block into one VideoError about `path`.

    A strange file can make PyAV raise nearly everything: an OSError of any kind, UnicodeDecodeError,
    ValueError, AttributeError, MemoryError. Put this around single calls of PyAV, so that it hides no error
    of our own code. Write `next(packets, None)` inside: a StopIteration would become a VideoError as well.

    Args:
        path: the file that is being read.
        explain: makes the message from the path and the reason that PyAV gave.
    """
    try:
        yield
    except (VideoError, Warning):
        raise
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise VideoError(explain(path, reason)) from error


def no_frame(path: Path, stream: VideoStream) -> str:
    """Why a file that could be opened gives no frame, as the message of a VideoError."""
    head = _head(path)
    if head[8:12] == b"WEBP" and b"ANIM" in head:
        return (
            f"{path} is an animated WebP, and this FFmpeg decodes only WebP images that do not move: "
            "convert it to GIF or MP4 first"
        )
    boxes = _mp4_boxes(path)
    if b"mvex" in boxes.get(b"moov", b"") and b"moof" not in boxes:
        return (
            f"{path} is the first segment of a streamed MP4 (an init segment): it describes the video, and "
            f"the frames are in the segments after it. Join them first: cat {path.name} *.m4s > film.mp4"
        )
    if _is_encrypted(boxes):
        return f"{path} {ENCRYPTED}"
    return (
        f"{path} has a video stream ({described(stream)}) but no frame that can be decoded: "
        "copy or download it again, or record it anew"
    )


def _missing(path: Path) -> str:
    address = re.match(r"(?P<scheme>[a-z][a-z0-9+.-]+):/", str(path), re.IGNORECASE)  # "c:/" is a drive
    if address and address["scheme"].lower() == "file":
        return f"no such file: {path}; give the path alone, without file:"
    if address:
        url = str(path).replace(":/", "://", 1)  # Path has made one slash of two
        return f"{url} is an address, expected a file: download it first, and give the path of the file"
    return f"no such file: {path}; the folder read from is {Path.cwd()}"


def _not_opened(path: Path, reason: str) -> str:
    try:
        head = _head(path)
    except OSError as error:
        return f"{path} cannot be opened: {error.strerror}; check that you may read it"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(LIST_HEADS) or (text.startswith(b"<?xml") and b"<MPD" in text):
        return (
            f"{path} is a playlist: it names other files or addresses and has no pictures itself. "
            f"Give one of those files, or join them first: ffmpeg -i {path.name} -c copy film.mp4"
        )
    if head[4:8] in SEGMENT_BOXES:
        return (
            f"{path} is one segment of a streamed MP4, and its index is in another file (the init segment). "
            f"Join them first: cat init.mp4 {path.name} > film.mp4"
        )
    if head[4:8] in MP4_BOXES:
        return (
            f"{path} looks like an MP4 file, but its index is missing or damaged ({reason}): "
            "it was probably cut off while it was copied or recorded; copy or download it again"
        )
    return f"{path} is not a video that FFmpeg can read ({reason}); it begins with the bytes {head[:12]!r}"


def _choose(path: Path, container: InputContainer, track: int | None) -> VideoStream:
    streams = tracks(container)
    if not streams:
        kinds = sorted({f"{stream.type}: {_codec(stream)}" for stream in container.streams})
        only = f"only {', '.join(kinds)}" if kinds else "no stream at all"
        raise VideoError(f"{path} has no video stream ({only}): choose a file with pictures")
    if track is not None and not 0 <= track < len(streams):
        listed = "; ".join(f"track {number}: {described(s)}" for number, s in enumerate(streams))
        raise VideoError(f"{path} has no video track {track}, it has {listed}")
    stream = best(streams) if track is None else streams[track]
    if stream.codec_context is None:  # decoding it would end the process in PyAV 17.0
        raise VideoError(_unknown_codec(path, stream))
    if "enc_key_id" in stream.metadata:  # so FFmpeg marks WebM and Matroska
        raise VideoError(f"{path} {ENCRYPTED}")
    return stream


def _unknown_codec(path: Path, stream: VideoStream) -> str:
    boxes = _mp4_boxes(path)
    if _is_encrypted(boxes):
        return f"{path} {ENCRYPTED}"
    codes = _sample_entries(boxes)
    name = f" ({codes[stream.index].decode('latin-1')!r})" if stream.index < len(codes) else ""
    return (
        f"{path} has a video stream in a codec{name} that this FFmpeg does not know: "
        "convert it with the program that made it, for example to H.264"
    )


def _codec(stream: Stream) -> str:
    return stream.codec_context.name if stream.codec_context else "unknown codec"


@cache
def _formats() -> str:
    """The formats that FFmpeg may find in a file, in the form of its option."""
    return ",".join(sorted(av.formats_available - REFUSED))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _mp4_boxes(path: Path) -> dict[bytes, bytes]:
    """The boxes of an MP4 file by kind; the content is given of "moov" alone, which is the index."""
    boxes: dict[bytes, bytes] = {}
    end, start = path.stat().st_size, 0
    with path.open("rb") as file:
        while start < end:
            file.seek(start)
            header = file.read(16)
            size, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if size == 1:  # the size follows, in 64 bits
                size = int.from_bytes(header[8:], "big")
            file.seek(start + 8)
            boxes[kind] = file.read(min(size, LARGEST_INDEX)) if kind == b"moov" else b""
            if size < 8:  # up to the end of the file, or no MP4
                break
            start += size
    return boxes


def _sample_entries(boxes: dict[bytes, bytes]) -> list[bytes]:
    """The code of four letters by which each stream of an MP4 file names its codec."""
    return re.findall(rb"stsd\0{7}.{5}(.{4})", boxes.get(b"moov", b""), re.DOTALL)


def _is_encrypted(boxes: dict[bytes, bytes]) -> bool:
    return not {b"encv", b"drmi"}.isdisjoint(_sample_entries(boxes))
