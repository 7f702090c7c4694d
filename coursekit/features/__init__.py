"""A video becomes a sequence of features: T x 3 x H x W to T x k, frame by frame.

    found = features.extract("film.mp4")                 # EfficientNet-Lite0, k = 1280
    found.values, found.times                            # float32 (T, k), float64 (T,) in seconds
    features.save("film.h5", found)                      # or, for an hour of video, straight to the file:
    features.extract_to("film.h5", "film.mp4", fps=5)
    later = features.load("film.h5")

Frames are decoded and prepared in one thread while the network computes in another; neither holds more than
a few batches, however long the video.

A feature file is HDF5: rows can be appended while they are made and read in part afterwards, and what they
are stands beside them as attributes that any HDF5 reader shows (safetensors must know T before it writes,
and keeps only strings). Datasets `values` (T, k) float32, `times` (T,) float64, `frames` (T,) int64;
attributes `encoder`, `weights`, `weights_hash`, `preprocessing`, `selection`, `source`, `source_bytes`,
`source_sha256`.

Source: Lecture 56, 22:28.
"""

from coursekit._shared._dask import ClusterError
from coursekit._shared._lock import LockedError
from coursekit.features._batch import ERRORS, SUFFIXES, Report, extract_all
from coursekit.features._extract import describe, extract, extract_to, recipe, stream
from coursekit.features._file import Features, FeaturesError, Rows, header, load, save
from coursekit.features._manifest import Row

__all__ = [
    "ERRORS",
    "SUFFIXES",
    "ClusterError",
    "Features",
    "FeaturesError",
    "LockedError",
    "Report",
    "Row",
    "Rows",
    "describe",
    "extract",
    "extract_all",
    "extract_to",
    "header",
    "load",
    "recipe",
    "save",
    "stream",
]
