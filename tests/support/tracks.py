"""Films with several video tracks."""

from pathlib import Path

import av
import numpy as np


def with_tracks(path: Path, sizes: list[tuple[int, int]], default: int | None = None) -> Path:
    """A film with several tracks of sizes (H, W); in track i all frames have the grey value 50 (i + 1)."""
    with av.open(str(path), "w") as container:
        streams = []
        for height, width in sizes:
            stream = container.add_stream("libx264", 25)
            stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
            streams.append(stream)
        if default is not None:
            streams[default].disposition = av.stream.Disposition.default.value  # PyAV 17 wants the number
        for _ in range(3):
            for number, stream in enumerate(streams):
                grey = np.full((stream.height, stream.width, 3), 50 * (number + 1), np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(grey)))
        for stream in streams:
            container.mux(stream.encode(None))
    return path
