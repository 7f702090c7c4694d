"""Pictures of frames and clips, and the door to all other pictures of the course.

Each function checks its input, draws, and returns a `Picture` (the player: a `Player`). Clips are
uint8 tensors (T, C, H, W), images (C, H, W), with C = 1 or 3, as `video.read` gives them.
"""

from coursekit.show._charts import bars, curves, matrix
from coursekit.show._figure import Picture
from coursekit.show._frames import channels, differences, filmstrip, frame, frames, sequence
from coursekit.show._player import Player, player
from coursekit.show._strides import memory
from coursekit.show._table import Table, table
from coursekit.show._volumes import volumes

__all__ = [
    "Picture",
    "Player",
    "Table",
    "bars",
    "channels",
    "curves",
    "differences",
    "filmstrip",
    "frame",
    "frames",
    "matrix",
    "memory",
    "player",
    "sequence",
    "table",
    "volumes",
]
