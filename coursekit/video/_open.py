"""Opening a video file: is it one, and which of its streams is the video?"""

from __future__ import annotations

from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream


class VideoError(Exception):
    """A file that cannot be read or written as video; the message says what happened and what to do."""


def open_video(path: Path) -> tuple[InputContainer, VideoStream]:
    """Open `path` and find its video stream (a cover picture is none). The caller closes the container.

    Raises:
        VideoError: the file is missing, is no file, is empty, is no video, or has no video stream.
    """
    check_file(path)
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(_unreadable(path, error)) from error
    try:
        stream = _video_stream(path, container)
    except VideoError:
        container.close()
        raise
    stream.thread_type = "AUTO"  # decode the next frames while this one is being used
    return container, stream


def check_file(path: Path) -> None:
    """Raise a VideoError if there is no file with content at `path`."""
    if not path.exists():
        raise VideoError(f"no such file: {path}; the folder read from is {Path.cwd()}")
    if path.is_dir():
        raise VideoError(f"{path} is a folder, expected a video file")
    if not path.is_file():
        raise VideoError(f"{path} is no ordinary file, expected a video file")
    if path.stat().st_size == 0:
        raise VideoError(f"{path} is empty (0 bytes): copy or download it again")


def _video_stream(path: Path, container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    kinds = sorted({f"{stream.type}: {_codec(stream)}" for stream in container.streams})
    streams = f"only {', '.join(kinds)}" if kinds else "no stream at all"
    raise VideoError(f"{path} has no video stream ({streams}): choose a file with pictures")


def _codec(stream: Stream) -> str:
    return stream.codec_context.name if stream.codec_context else "unknown codec"


def _unreadable(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        head = file.read(12)
    reason = getattr(error, "strerror", None) or str(error)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide"):
        return (
            f"{path} looks like an MP4 file, but its index is missing or damaged ({reason}): "
            "it was probably cut off while it was copied or recorded; copy or download it again"
        )
    return f"{path} is not a video that FFmpeg can read ({reason}); it begins with the bytes {head!r}"
