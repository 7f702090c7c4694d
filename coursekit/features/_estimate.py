"""How much work lies before a run: about how many frames, and about how long that takes on this machine."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from coursekit.encoders import Encoder
from coursekit.features import _extract
from coursekit.video import Selection, VideoError, _decoder, _open, frame_rate

MOST_OPENED = 200  # videos; others are taken to have as many frames per byte as these
MEASURED_SECONDS = 2.0


def announcement(
    videos: Sequence[Path], encoder: Encoder, selection: Selection, track: int | None, *, measured: bool
) -> str:
    """The first line of a run: "about 1,230 frames of 3 videos, about 40 s on this machine".

    Args:
        videos: one or more.
        encoder: what computes.
        selection: which frames.
        track: which video track.
        measured: compute a few frames here, to tell the time.
    """
    frames = count(videos, selection, track)
    films = f"{len(videos):,} video{'s' * (len(videos) != 1)}"
    rate = frames_per_second(videos, encoder, selection, track, most=frames / 10) if measured else None
    tail = "" if rate is None else f", about {duration(frames / rate)} on this machine"
    return f"about {_rounded(frames):,} frames of {films}{tail}"


def count(videos: Sequence[Path], selection: Selection, track: int | None = None) -> float:
    """About how many frames of these videos are wanted, by what the files say of their length and rate."""
    opened = videos[:: -(-len(videos) // MOST_OPENED)]
    frames = sum(_frames(video, selection, track) for video in opened)
    if len(opened) == len(videos):
        return frames
    return frames * sum(map(_bytes, videos)) / max(1, sum(map(_bytes, opened)))


def frames_per_second(
    videos: Sequence[Path], encoder: Encoder, selection: Selection, track: int | None, *, most: float
) -> float | None:
    """Frames that this machine decodes and computes in a second; None if there are too few.

    The first batch is not counted: it waits for the network to start.

    Args:
        videos: those that cannot be read are passed over.
        encoder: what computes; it is started.
        selection: which frames.
        track: which video track.
        most: stop after so many frames, if not after `MEASURED_SECONDS`.
    """
    windows = encoder.windows
    frames_per_row = windows.step if windows and not windows.dense else 1
    frames, started, ended = 0, 0.0, 0.0
    for video in videos[:3]:
        try:
            with (
                warnings.catch_warnings(),
                closing(
                    _extract.stream(video, encoder, selection, track=track)  # type: ignore[type-var]
                ) as rows,
            ):
                warnings.simplefilter("ignore")
                for row in rows:
                    ended = time.perf_counter()
                    if not started:
                        started = ended
                        continue
                    frames += len(row.frames) * frames_per_row
                    if frames >= most or ended - started > MEASURED_SECONDS:
                        return frames / (ended - started)
        except Exception:  # when its turn comes, the video will say what is wrong
            continue
    return frames / (ended - started) if frames else None


def duration(seconds: float) -> str:
    """A time to be told in a few signs: 8 s, 3 min, 2.5 h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def _frames(video: Path, selection: Selection, track: int | None) -> float:
    """About how many frames of a video are wanted; 0 if it cannot be opened."""
    try:
        container, stream = _open.open_video(video, track)
    except VideoError:
        return 0
    with container:
        rate = float(_decoder.average_rate(stream))
        end = _decoder.promised_end(stream)
        if end is not None:
            length = float(end)
        elif container.duration:
            length = container.duration / 1e6  # FFmpeg counts microseconds
        else:
            length = stream.frames / rate
    first, stop = 0.0, length
    if selection.frames:
        first, stop = selection.frames[0] / rate, selection.frames[1] / rate
    if selection.seconds:
        first, stop = selection.seconds
    wanted = max(0.0, min(stop, length) - max(first, 0.0))
    if selection.numbers:
        return len(selection.numbers)
    if selection.fps is not None:
        return wanted * float(frame_rate(selection.fps))
    return wanted * rate / selection.every


def _bytes(video: Path) -> int:
    try:
        return video.stat().st_size
    except OSError:
        return 0


def _rounded(frames: float) -> int:
    """Three digits: more would not be true."""
    whole = round(frames)
    return round(whole, 3 - len(str(whole)))
