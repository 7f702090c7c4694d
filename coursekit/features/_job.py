"""One video of many: its features, or in one line why there are none. Runs here or on a worker."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import NamedTuple

import h5py

from coursekit._shared._text import reason
from coursekit.encoders import Encoder, WeightsError
from coursekit.features import _extract
from coursekit.features._file import FeaturesError
from coursekit.video import DamagedVideoWarning, Selection, VideoError

_CLEAR = (VideoError, FeaturesError, WeightsError, ValueError)


class Job(NamedTuple):
    """A video, and the feature file to write."""

    video: Path
    target: Path


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
        if is_other_hdf5(job.target):
            return JobResult(f"{job.target} is another HDF5 file, not one of features: move it away")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DamagedVideoWarning)
            _extract.extract_to(job.target, job.video, encoder, selection, progress=progress)
    except Exception as error:  # a strange file may raise anything, and must not stop the others
        return JobResult(in_one_line(error))
    notes = [str(warning.message) for warning in caught if warning.category is DamagedVideoWarning]
    return JobResult(note="; ".join(dict.fromkeys(notes)))


def in_one_line(error: BaseException) -> str:
    """An error as one line; with its type, where the message was not made for reading."""
    return reason(error, _CLEAR)


def is_other_hdf5(file: Path) -> bool:
    """Whether this is a sound HDF5 file without features, which must not be overwritten."""
    try:
        with h5py.File(file, "r") as hdf5:
            return len(hdf5) > 0 and "values" not in hdf5
    except (OSError, RuntimeError, KeyError):
        return False
