"""A player that is embedded in the notebook. The notebook contains the video; it needs no file or server.

It shows the number of the frame and steps by one frame: with its buttons, its slider, or the keys left and
right. Where scripts are removed, the browser's own controls remain. GitHub and paper do not play videos, so a
player also shows a filmstrip of the video as a separate picture.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib import resources
from os import PathLike
from pathlib import Path

import av
import numpy as np
import torch
from IPython.display import HTML, display
from PIL import Image, ImageDraw, ImageFont

from coursekit._shared._rate import frame_rate
from coursekit.show._figure import Picture
from coursekit.show._frames import filmstrip
from coursekit.show._pixels import check_clip
from coursekit.video import Info, Selection
from coursekit.video._source import Source

LARGEST = 400_000  # bytes of video in a notebook
WIDEST = 480  # columns
_PAIRED = 320  # columns of each of several clips that play side by side
_NAME_ROWS, _GAP = 40, 8  # rows for the name above such a clip, columns between two clips; both even
_LONGEST = 20.0  # s
_SMALLEST = 120  # columns; a clip that is too large even at this width does not belong into a notebook


@dataclass(frozen=True)
class Player:
    """A short video with its filmstrip; a cell that ends in one shows both.

    Attributes:
        mp4: the video as the bytes of an H.264 mp4 file, which all browsers play.
        filmstrip: eight of its frames as a picture.
        label: what the video shows, for screen readers.
        width, height: its size in pixels.
        frames, fps: how many frames it has, and how many a second.
        playing: whether it starts by itself; not for readers who have asked for reduced motion.
    """

    mp4: bytes = field(repr=False)
    filmstrip: Picture
    label: str
    width: int
    height: int
    frames: int
    fps: Fraction
    playing: bool = False

    def html(self) -> str:
        """The `<video>` element, with the video inside it, and the controls with their script."""
        label = html.escape(self.label)
        data = base64.b64encode(self.mp4).decode("ascii")
        zoom = max(1, WIDEST // self.width)  # a small video is shown twice or three times as large
        wide = zoom * self.width
        video = (
            f'<video controls loop muted playsinline width="{wide}" height="{zoom * self.height}" '
            f'style="max-width:100%;height:auto;display:block" aria-label="{label}" '
            f'src="data:video/mp4;base64,{data}">{label}</video>'
        )
        return (
            f'<div class="ck-player" role="group" aria-label="Player" '
            f'data-fps="{float(self.fps)!r}" data-frames="{self.frames}" '
            f'data-playing="{"yes" if self.playing else "no"}">{video}'
            f"{_CONTROLS.format(wide=wide, last=self.frames - 1)}"
            f"<script>{_script()}</script></div>"
        )

    def _ipython_display_(self) -> None:
        display(self.filmstrip)
        display(HTML(self.html()))


_LOOK = (
    "font:inherit;color:inherit;background:transparent;border:1px solid;border-radius:4px;padding:3px 10px"
)
_KEYS = 'data-lm-suppress-shortcuts="true"'  # JupyterLab leaves the keys to the element with the focus
_CONTROLS = (
    '<div data-part="controls" hidden style="max-width:{wide}px;margin-top:6px">'
    f'<button type="button" {_KEYS} data-part="play" style="{_LOOK};min-width:5em">Play</button> '
    f'<button type="button" {_KEYS} data-part="back" style="{_LOOK}">Previous frame</button> '
    f'<button type="button" {_KEYS} data-part="on" style="{_LOOK}">Next frame</button> '
    '<span data-part="number" style="white-space:nowrap;font-variant-numeric:tabular-nums"></span>'
    f'<input type="range" {_KEYS} data-part="frame" aria-label="Frame" min="0" max="{{last}}" '
    'step="1" value="0" style="display:block;width:100%;margin:6px 0 0"></div>'
)


def _script() -> str:
    """What the controls do."""
    return resources.files("coursekit.show").joinpath("player.js").read_text(encoding="utf-8")


def player(
    source: str | PathLike[str] | torch.Tensor | Mapping[str, torch.Tensor],
    *,
    fps: float | Fraction | None = None,
    seconds: tuple[float, float] | None = None,
    track: int | None = None,
    title: str | None = None,
    playing: bool = False,
) -> Player:
    """A player for a file or a clip, small enough to be stored in a notebook.

    Args:
        source: path of a video file, or a clip, uint8 (T, C, H, W), or {"name": clip} with clips of one shape
            that play side by side, in step, each under its name.
        fps: frame rate in frames/s; needed with a clip, taken from the file otherwise.
        seconds: the part of a file to play, (start, stop) in s.
        track: which video track of a file, as in `video.read`.
        title: what the video shows.
        playing: start by itself, except for readers who have asked for reduced motion.

    A small file that every browser plays (H.264, 4:2:0, mp4, one video track) is embedded as it is. Any other
    is encoded again, at most 480 columns wide (each of several clips: 320), without sound. A film whose
    frames do not come at equal times is sampled at its frame rate (`video.probe`), so that it lasts as long.

    Raises:
        TypeError, ValueError: a clip without fps, or with seconds or track; fps with a file; more than 20 s;
            clips of several shapes.
        VideoError: a file that cannot be read.
    """
    return replace(_player(source, fps, seconds, track, title), playing=playing)


def _player(
    source: str | PathLike[str] | torch.Tensor | Mapping[str, torch.Tensor],
    fps: float | Fraction | None,
    seconds: tuple[float, float] | None,
    track: int | None,
    title: str | None,
) -> Player:
    if isinstance(source, (torch.Tensor, np.ndarray, Mapping)):
        if fps is None:
            raise ValueError("a clip needs fps, its frames per second: player(clip, fps=25)")
        if seconds is not None:
            raise ValueError(f"seconds={seconds} is for a file; of a clip show a part: clip[first:end]")
        if track is not None:
            raise ValueError(f"track={track}: a clip has no tracks; leave track out")
        rate = frame_rate(fps)
        if isinstance(source, Mapping):
            clip = _beside(source)  # (T, 3, H, W)
        else:
            clip = check_clip(source, "source")  # (T, C, H, W)
            clip = _shrunk(clip, min(clip.shape[3], WIDEST))  # (T, 3, H', W')
        _check_length(len(clip) / rate, "source[:n] is a shorter clip")
        return _finish(clip, None, rate, title)
    if not isinstance(source, (str, PathLike)):
        raise TypeError(f"source must be a path or a clip (torch tensor), got {type(source).__name__}")
    if fps is not None:
        raise ValueError(f"fps={fps}: a file has its own frame rate; leave fps out")
    return _of_file(Path(source), track, Selection(seconds=seconds), title)


def _of_file(path: Path, track: int | None, part: Selection, title: str | None) -> Player:
    with Source(path, track) as source:
        info = source.info()
        start, stop = part.seconds or (0.0, info.duration)
        _check_length(stop - start, "seconds=(0, 10) plays a part")
        regular = _is_regular(source, info.fps)
        as_it_is = part.seconds is None and _plays_everywhere(info) and regular
        stored = path.read_bytes() if as_it_is else None
        columns = min(info.width, WIDEST)
        size = (_even(info.height * columns / info.width), _even(columns))
        if stored:
            size = (info.height, info.width)
        clip = source.read(replace(part, size=size, fps=None if regular else info.fps))  # (T, 3, H, W)
    return _finish(clip, stored, info.fps, title)


def _finish(clip: torch.Tensor, stored: bytes | None, fps: Fraction, title: str | None) -> Player:
    mp4 = stored or _encode(clip, fps)
    while len(mp4) > LARGEST:
        if clip.shape[3] < _SMALLEST:
            raise ValueError(
                f"source takes {len(mp4):,} bytes even at {clip.shape[3]} columns, a notebook should hold at "
                f"most {LARGEST:,} for a video: play a shorter part of it"
            )
        clip = _shrunk(clip, clip.shape[3] * 3 // 4)
        mp4 = _encode(clip, fps)
    frames, _, height, width = clip.shape
    size = f"{frames} frames at {float(fps):.5g} frames per second, {width} by {height} pixels, without sound"
    label = f"Video: {title}; {size}" if title else f"Video of {size}"
    strip = filmstrip(clip, fps=fps, count=6 if width > 3 * height else 8, title=title)
    return Player(mp4, strip, label, width, height, frames, fps)


def _beside(clips: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Clips of one shape side by side, each under its name, (T, 3, H, W) with even sizes."""
    if not clips:
        raise ValueError("source must hold at least one clip, got none")
    checked = {name: check_clip(clip, f'source["{name}"]') for name, clip in clips.items()}
    shapes = {name: tuple(clip.shape) for name, clip in checked.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"clips that play side by side must have one shape, got {shapes}")
    parts: list[torch.Tensor] = []
    for name, clip in checked.items():
        small = _shrunk(clip, min(clip.shape[3], _PAIRED))  # (T, 3, h, w)
        head = _name(name, small.shape[3]).expand(len(small), -1, -1, -1)  # (T, 3, _NAME_ROWS, w)
        under = torch.cat([head, small], dim=2)  # (T, 3, _NAME_ROWS + h, w)
        gap = torch.full((*under.shape[:3], _GAP), 255, dtype=torch.uint8)  # (T, 3, _NAME_ROWS + h, _GAP)
        parts += [under, gap]
    return torch.cat(parts[:-1], dim=3)  # (T, 3, H, W)


def _name(name: str, columns: int) -> torch.Tensor:
    """The name of a clip, black on white, uint8 (3, _NAME_ROWS, columns)."""
    board = Image.new("RGB", (columns, _NAME_ROWS), "white")
    fits = 34 * 0.95 * columns / max(1.0, ImageFont.load_default(size=34).getlength(name))
    font = ImageFont.load_default(size=min(34, fits))  # smaller for a long name over a narrow clip
    ImageDraw.Draw(board).text((columns / 2, _NAME_ROWS / 2), name, fill="black", font=font, anchor="mm")
    return torch.from_numpy(np.array(board)).permute(2, 0, 1)  # (3, _NAME_ROWS, columns)


def _plays_everywhere(info: Info) -> bool:
    mp4 = info.path.suffix.lower() == ".mp4" and info.codec == "h264" and info.pixel_format == "yuv420p"
    return mp4 and info.tracks == 1 and info.rotation == 0 and info.width <= WIDEST and info.bytes <= LARGEST


def _is_regular(source: Source, fps: Fraction) -> bool:
    """Whether frame n comes n / fps after the first one; the player counts frames by their times."""
    stamps = source.stamps()
    return all(abs(s.time - stamps[0].time - s.number / fps) < 1 / (4 * fps) for s in stamps)


def _check_length(seconds: float | Fraction, advice: str) -> None:
    if not 0 < seconds <= _LONGEST:
        got = f"{float(seconds):.4g} s"
        raise ValueError(
            f"a video in a notebook lasts more than 0 and up to {_LONGEST:g} s, got {got}; {advice}"
        )


def _shrunk(clip: torch.Tensor, width: int) -> torch.Tensor:
    """The clip (T, C, H, W) in colour, `width` columns wide or a little less, both sizes even."""
    colour = clip.expand(-1, 3, -1, -1)  # (T, 3, H, W): grey becomes three equal channels
    size = (_even(clip.shape[2] * width / clip.shape[3]), _even(width))
    if size == tuple(clip.shape[2:]):
        return colour
    return torch.nn.functional.interpolate(colour, size, mode="bilinear", antialias=True)  # (T, 3, H', W')


def _even(length: float) -> int:
    """The nearest even number from 2 on: 4:2:0 video stores one colour for two by two pixels."""
    return max(2, 2 * round(length / 2))


def _encode(clip: torch.Tensor, fps: Fraction) -> bytes:
    """A clip (T, 3, H, W) as mp4, good enough to watch (a third of the bytes that `video.write` takes).

    "veryfast" takes half the time of x264's own choice, for the same bytes and 0.4 dB of quality.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        track = container.add_stream("libx264", fps, options={"preset": "veryfast", "crf": "27"})
        track.height, track.width, track.pix_fmt = clip.shape[2], clip.shape[3], "yuv420p"
        track.codec_context.thread_count = 1  # the same bytes on any number of cores
        for image in clip.permute(0, 2, 3, 1).contiguous().numpy():  # (H, W, 3)
            container.mux(track.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(track.encode(None))
    return file.getvalue()
