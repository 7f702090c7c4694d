"""One video of many: its features, or in one line why there are none. Runs here or on a worker."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import h5py

from coursekit._shared._text import reason
from coursekit.encoders import Encoder, WeightsError
from coursekit.features import _extract
from coursekit.features._file import FeaturesError
from coursekit.video import DamagedVideoWarning, VideoError

_CLEAR = (VideoError, FeaturesError, WeightsError, ValueError)


class Job(NamedTuple):
    """What is to be made of what."""

    video: Path
    target: Path


class Outcome(NamedTuple):
    """How a job ended."""

    error: str = ""  # empty: the feature file is there
    note: str = ""  # what is wrong with a video that could be read in part


def attempt(job: Job, encoder: Encoder, part: dict[str, Any], progress: bool = False) -> Outcome:
    """Write a video's features; whatever goes wrong becomes the outcome's `error`.

    Args:
        job: the video, and the file to write.
        encoder: made by `encoders.load`.
        part: which frames, as the arguments of `_extract.extract_to`.
        progress: show a bar for the frames of this video.
    """
    try:
        if is_foreign(job.target):
            return Outcome(f"{job.target} is another HDF5 file, not one of features: move it away")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DamagedVideoWarning)
            _extract.extract_to(job.target, job.video, encoder, progress=progress, **part)
    except Exception as error:  # a strange file may raise anything, and must not stop the others
        return Outcome(why(error))
    notes = [str(warning.message) for warning in caught if warning.category is DamagedVideoWarning]
    return Outcome(note="; ".join(dict.fromkeys(notes)))


def why(error: BaseException) -> str:
    """An error as one line; with its type, where the message was not made for reading."""
    return reason(error, _CLEAR)


def is_foreign(file: Path) -> bool:
    """Whether this is a sound HDF5 file of somebody else's, which must not be overwritten."""
    try:
        with h5py.File(file, "r") as hdf5:
            return len(hdf5) > 0 and "values" not in hdf5
    except (OSError, RuntimeError, KeyError):
        return False
