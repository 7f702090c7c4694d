"""How much work lies before a run: about how many frames, and about how long that takes on this machine."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from coursekit._shared._files import byte_count
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
    films = f"{len(videos):,} video{'s' * (len(videos) != 1)}"
    frames = count(videos, selection, track)
    if frames is None:
        return f"{films}, length unknown"
    rate = frames_per_second(videos, encoder, selection, track, most=frames / 10) if measured else None
    tail = "" if rate is None else f", about {duration(frames / rate)} on this machine"
    return f"about {_rounded(frames):,} frames of {films}{tail}"


def count(videos: Sequence[Path], selection: Selection, track: int | None = None) -> float | None:
    """About how many frames of these videos are wanted, by what the files say of their length and rate.

    Videos that do not say it are taken to have as many frames per byte as the others. None if no video does.
    """
    opened = videos[:: -(-len(videos) // MOST_OPENED)]
    frames = {video: _frames(video, selection, track) for video in opened}
    known = {video: number for video, number in frames.items() if number is not None}
    if not known:
        return None
    total = sum(known.values())
    if len(known) == len(videos):
        return total
    return total * sum(map(byte_count, videos)) / max(1, sum(map(byte_count, known)))


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


def _frames(video: Path, selection: Selection, track: int | None) -> float | None:
    """About how many frames of a video are wanted; None if it cannot be opened or does not say its length."""
    try:
        length, rate = _length_and_rate(video, track)
    except (VideoError, ArithmeticError):
        return None
    if not length:
        return None
    if selection.numbers:
        return len(selection.numbers)
    first, stop = 0.0, length
    if selection.frames:
        first, stop = selection.frames[0] / rate, selection.frames[1] / rate
    if selection.seconds:
        first, stop = selection.seconds
    wanted = max(0.0, min(stop, length) - max(first, 0.0))
    if selection.fps is not None:
        return wanted * float(frame_rate(selection.fps))
    return wanted * rate / selection.every


def _length_and_rate(video: Path, track: int | None) -> tuple[float, float]:
    """Seconds, 0 if unknown, and frames per second, by the head of the file."""
    container, stream = _open.open_video(video, track)
    with container:
        rate = float(_decoder.average_rate(stream))
        end = _decoder.promised_end(stream)
        if end is None:
            return (container.duration or 0) / 1e6, rate  # FFmpeg counts microseconds
        start = (stream.start_time or 0) * (stream.time_base or 1)  # streams for broadcasting begin later
        return float(end - start), rate


def _rounded(frames: float) -> int:
    """Rounded to three digits, because the estimate is not more exact."""
    whole = round(frames)
    return round(whole, 3 - len(str(whole)))
