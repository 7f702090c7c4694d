"""A video becomes a sequence of features: T x 3 x H x W to T x k, frame by frame.

    film = features.extract("film.mp4")                  # EfficientNet-Lite0, k = 1280
    film.values, film.times                              # float32 (T, k), float64 (T,) in seconds
    features.save("film.h5", film)                       # or, for an hour of video, straight to the file:
    features.extract_to("film.h5", "film.mp4", fps=5)
    later = features.load("film.h5")

Frames are decoded and prepared in one thread while the network computes in another; neither holds more than
a few batches, however long the video.

A feature file is HDF5, unless its suffix is .npy or .safetensors. It holds `values` (T, k) float32, `times`
(T,) float64 and `frames` (T,) int64. Beside them stands how they were made: `encoder`, `weights`,
`weights_hash`, `preprocessing`, `selection`, `source`, `source_bytes`, `source_sha256`. All of this beside
an .npy is in a .json of the same name. HDF5 is the default because rows can be appended while they are
made. The two others must know T before the first row; until then, the rows wait in a temporary file.

Many videos go to a folder of feature files:

    report = features.extract_all(["films", "extra/film.mp4"], "features", fps=5)
    report.failed                                        # the videos without features, with the reason

or, on the command line, `coursekit features films extra/film.mp4 --out features --fps 5`. The folder gets
one feature file for each video: that of `films/waving/anna.mp4` is `waving/anna.h5`. It also gets
`manifest.csv` with one line for each (see `Row`). Each file is there whole or not at all, even if the run
is killed. The same call again does what is missing. It also makes a feature file again if it cannot be
read, if it was made with another encoder, other weights, other preprocessing or another selection of
frames, or if the content of its video has changed. A video whose size and time of change are those of the
manifest counts as unchanged and is not read. The network is loaded once for all videos.

The videos may stand in a list, with their labels:

    features.extract_all(features.read_list("films/list.csv"), "features", format="npy")

A folder of feature files is training data, with one class in each subfolder:

    films = features.dataset("features")                 # items: values (T, k), label, times (T,)
    batches = DataLoader(films, batch_size=8, shuffle=True, collate_fn=features.collate)
    values, lengths, labels = next(iter(batches))        # (B, T, k), padded behind the end; (B,); (B,)
    there = features.mask(lengths)                       # bool (B, T): False for padding

On its way to a feature file a video passes three packages: `video` decodes it, `encoders` computes, and four
modules of this one do the rest: `_batch` (which folder, and what is missing there),
`_job` (one video, and what can go wrong), `_extract` (frames to rows) and `_file` (rows to a file, in one of
the `_formats`). `_videos` finds the videos that are meant, `_estimate` says how long they will take,
`_manifest` is the CSV, `_prefetch` the thread that decodes, `_decoders` the processes that decode for one
network, and `_workers` does jobs in other processes or on other machines. `_dataset` reads the folder for
training.

Source: Lecture 56, 22:28.
"""

from coursekit._shared._dask import ClusterError
from coursekit._shared._lock import LockedError
from coursekit.features._batch import ERRORS, Report, extract_all
from coursekit.features._dataset import FeatureFiles, collate, dataset, mask, pad
from coursekit.features._extract import describe, extract, extract_to, recipe, stream
from coursekit.features._file import Features, header, load, save
from coursekit.features._formats import FORMATS, FeaturesError, Rows
from coursekit.features._manifest import Row
from coursekit.features._videos import SUFFIXES, Listed, is_video, read_list, videos_in

__all__ = [
    "ERRORS",
    "FORMATS",
    "SUFFIXES",
    "ClusterError",
    "FeatureFiles",
    "Features",
    "FeaturesError",
    "Listed",
    "LockedError",
    "Report",
    "Row",
    "Rows",
    "collate",
    "dataset",
    "describe",
    "extract",
    "extract_all",
    "extract_to",
    "header",
    "is_video",
    "load",
    "mask",
    "pad",
    "read_list",
    "recipe",
    "save",
    "stream",
    "videos_in",
]
