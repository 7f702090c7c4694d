"""File <-> tensor: probe a video, read it whole or in part, stream it, write it.

    info = video.probe("film.mp4")           # size, frame rate, duration, ... (opens, decodes one frame)
    clip = video.read("film.mp4")            # uint8 (T, 3, H, W)
    for image in video.frames("film.mp4"):   # uint8 (3, H, W) each; memory does not grow with T
        ...
    few = video.read("film.mp4", indices=[7, 2000, 31])   # these frames, in this order
    part = video.Selection(seconds=(2, 4), fps=5)   # one object that read, frames, stream and times take
    video.write("copy.mp4", clip, fps=25)

Frames are RGB, upright (a phone's rotation is applied), and contiguous: the order T, 3, H, W is the order
in memory. Grey, 10-bit and transparent videos come as 8-bit RGB too; transparency is dropped. Pixels that
are not square are given as they are stored.

Source: Lecture 56, 05:41 (T x 3 x M x N, as a reader hands it over).
"""

from coursekit._shared._rate import frame_rate
from coursekit.video._decoder import DamagedVideoWarning
from coursekit.video._open import VideoError
from coursekit.video._reader import frames, probe, read, scikit_video, stream, times, write
from coursekit.video._selection import Selection, SelectionOptions
from coursekit.video._source import Frame, Info

__all__ = [
    "DamagedVideoWarning",
    "Frame",
    "Info",
    "Selection",
    "SelectionOptions",
    "VideoError",
    "frame_rate",
    "frames",
    "probe",
    "read",
    "scikit_video",
    "stream",
    "times",
    "write",
]
