"""Pictures of frames, clips and numbers, each with an alternative text for readers who cannot see it.

    from coursekit import data, show, video

    clip = video.read(data.clip("bikes"), frames=(0, 60))  # uint8 (T, C, H, W)
    show.filmstrip(clip, fps=25)  # at the end of a cell: shows the picture

Each function checks its input, draws, and returns a `Picture` (`player` a `Player`, `table` a `Table`). Clips
are uint8 tensors (T, C, H, W), images (C, H, W), with C = 1 or 3, as `video.read` returns them. `progress`
draws nothing: it shows how far a loop is.
"""

from coursekit.show._charts import bars, curves, matrix
from coursekit.show._figure import Picture
from coursekit.show._frames import (
    channels,
    differences,
    filmstrip,
    frame,
    frames,
    neighbours,
    patch,
    sequence,
    signed,
)
from coursekit.show._gallery import gallery
from coursekit.show._kernels import gliding, places, results, space_time
from coursekit.show._pixels import with_features
from coursekit.show._player import Player, player
from coursekit.show._progress import progress
from coursekit.show._strides import memory, strides
from coursekit.show._table import Table, table
from coursekit.show._trials import confusions, spread
from coursekit.show._volumes import volumes

__all__ = [
    "Picture",
    "Player",
    "Table",
    "bars",
    "channels",
    "confusions",
    "curves",
    "differences",
    "filmstrip",
    "frame",
    "frames",
    "gallery",
    "gliding",
    "matrix",
    "memory",
    "neighbours",
    "patch",
    "places",
    "player",
    "progress",
    "results",
    "sequence",
    "signed",
    "space_time",
    "spread",
    "strides",
    "table",
    "volumes",
    "with_features",
]
