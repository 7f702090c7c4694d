"""One video of many: its features, or in one line why there are none. Runs here or on a worker."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from coursekit._shared._text import reason
from coursekit.encoders import Encoder, WeightsError
from coursekit.features import _extract
from coursekit.features._formats import FeaturesError
from coursekit.video import DamagedVideoWarning, Selection, VideoError

_CLEAR = (VideoError, FeaturesError, WeightsError, ValueError)


class Job(NamedTuple):
    """A video, and the feature file to write."""

    video: Path
    target: Path
    track: int | None = None  # which video track; None for the one that `video.read` takes
    decoder: str = "pyav"  # or "torchcodec"


class JobResult(NamedTuple):
    """How a job ended."""

    error: str = ""  # empty: the feature file is there
    note: str = ""  # what is wrong with a video that could be read in part


def attempt(job: Job, encoder: Encoder, selection: Selection, progress: bool = False) -> JobResult:
    """Write a video's features; whatever goes wrong becomes the result's `error`.

    Args:
        job: the video, and the file to write.
        encoder: made by `encoders.load`.
        selection: which frames.
        progress: show a bar for the frames of this video.
    """
    try:
        make_folder(job.target.parent)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DamagedVideoWarning)
            _extract.extract_to(
                job.target, job.video, encoder, selection, track=job.track, decoder=job.decoder,
                progress=progress,
            )  # fmt: skip
    except Exception as error:  # a strange file may raise anything, and must not stop the others
        return JobResult(in_one_line(error))
    return JobResult(note=damage(caught))


def damage(caught: Iterable[warnings.WarningMessage]) -> str:
    """What the warnings about a video say is wrong with it; empty for nothing."""
    notes = [str(warning.message) for warning in caught if warning.category is DamagedVideoWarning]
    return "; ".join(dict.fromkeys(notes))


def in_one_line(error: BaseException) -> str:
    """An error as one line; with its type, where the message was not made for reading."""
    return reason(error, _CLEAR)


def make_folder(folder: Path) -> Path:
    """Make a folder, if it is not there.

    Raises:
        FeaturesError: it cannot be made, or not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError as error:
        raise FeaturesError(f"cannot make the folder {folder}: {error}") from error
    raise FeaturesError(f"cannot write to the folder {folder}: not allowed")
