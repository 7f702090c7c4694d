"""Makers of bad and unusual video files: real bytes on disk, with known content.

Each `make_NAME(folder)` writes one file into `folder` and returns its path; its docstring says what is
unusual and what a reader should do. Only PyAV is needed (no ffmpeg program, no pytest).

Content: frame i of every file is `picture(i)`, so that a test can tell *which* frames came back:

    red patch | blue patch     upper half: shows which way is up, and the order of the channels
    8 black or white blocks    lower half: i in binary, the highest bit on the left

`number(frame)` reads i back from a decoded (3, H, W) or (H, W, 3) frame, also after lossy coding,
resizing or in grey.

>>> number(picture(19))
19
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags
from av.video.stream import VideoStream

Image = npt.NDArray[np.uint8]

FRAMES = 20  # frames in a file, unless its docstring says otherwise
HEIGHT, WIDTH = 48, 64  # pixels; not square, so that a swap of the axes shows
FPS = Fraction(25)
RED, BLUE = (220, 30, 30), (30, 30, 220)
BITS = 8


# ---------------------------------------------------------------- content


def picture(index: int, height: int = HEIGHT, width: int = WIDTH) -> Image:
    """Frame `index` (0..255) as uint8 (height, width, 3), RGB."""
    image = np.zeros((height, width, 3), np.uint8)  # (H, W, 3)
    image[: height // 2, : width // 2] = RED
    image[: height // 2, width // 2 :] = BLUE
    for bit in range(BITS):
        if index >> (BITS - 1 - bit) & 1:
            image[height // 2 :, bit * width // BITS : (bit + 1) * width // BITS] = 255
    return image


def _rows_first(frame: object) -> Image:
    """A torch or numpy frame, (3, H, W) or (H, W, 3), as numpy (H, W, 3)."""
    image = np.asarray(frame)
    return image.transpose(1, 2, 0) if image.shape[0] in (1, 3) else image


def number(frame: object) -> int:
    """The index that is drawn into a decoded frame; the middle of each block is looked at."""
    image = _rows_first(frame)
    height, width = image.shape[:2]
    row = image[3 * height // 4].mean(axis=-1)  # (W,), the middle of the lower half
    bits = [int(row[(2 * bit + 1) * width // (2 * BITS)] > 127) for bit in range(BITS)]
    return int("".join(map(str, bits)), 2)


def is_upright(frame: object) -> bool:
    """True if the red patch is at the top left and the blue one at the top right (of a colour frame)."""
    image = _rows_first(frame).astype(int)
    height, width = image.shape[:2]
    left, right = image[height // 4, width // 4], image[height // 4, 3 * width // 4]
    return bool(left[0] > left[2] + 60 and right[2] > right[0] + 60)


# ---------------------------------------------------------------- writing


def write(
    path: Path,
    *,
    indices: Iterable[int] = range(FRAMES),
    size: tuple[int, int] = (HEIGHT, WIDTH),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    pts: Sequence[int] | None = None,
    rate: Fraction = FPS,
    time_base: Fraction | None = None,
    shift: int = 0,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    prepare: Callable[[VideoStream], None] | None = None,
) -> Path:
    """Write `picture(i)` for each i in `indices`; returns `path`.

    Args:
        size: (height, width) in pixels.
        pts: presentation time of each frame, in ticks of `time_base` (default: 0, 1, 2, ... at `rate`).
        shift: added to pts and dts of each encoded packet, in frames.
        prepare: called with the stream before the first frame.
    """
    height, width = size
    base = time_base or 1 / rate
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=dict(options or {}))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.time_base = base
        if prepare is not None:
            prepare(stream)
        container.start_encoding()  # writes the header even if no frame follows
        for place, index in enumerate(indices):
            frame = av.VideoFrame.from_ndarray(picture(index, height, width), format="rgb24")
            frame.pts, frame.time_base = (place if pts is None else pts[place]), base
            _mux(container, stream, stream.encode(frame), shift)
        _mux(container, stream, stream.encode(None), shift)
    return path


def _mux(container: av.container.OutputContainer, stream: VideoStream, packets: list, shift: int) -> None:
    for packet in packets:
        if shift:
            ticks = round(shift / (FPS * packet.time_base))
            packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
        container.mux(packet)


def _cut(path: Path, size: int) -> Path:
    """Keep the first `size` bytes of a file, as an interrupted download does."""
    path.write_bytes(path.read_bytes()[:size])
    return path


def _boxes(data: bytes, name: bytes) -> list[int]:
    """Where the payload of each mp4 box `name` starts."""
    places, place = [], data.find(name)
    while place >= 0:
        places.append(place + 4)
        place = data.find(name, place + 1)
    return places


def _packet_places(path: Path) -> list[tuple[int, int]]:
    """(offset in the file, size in bytes) of each video packet."""
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.video[0])
        return [(packet.pos, packet.size) for packet in packets if packet.size and packet.pos is not None]


def _sine(samples: int = 22050, rate: int = 44100) -> av.AudioFrame:
    wave = np.sin(2 * math.pi * 440 * np.arange(samples) / rate) * 8000  # (samples,)
    frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    return frame


# ---------------------------------------------------------------- not a video at all: an error that says so


def make_missing(folder: Path) -> Path:
    """No such file. Error: not found, with the path."""
    return folder / "missing.mp4"


def make_directory(folder: Path) -> Path:
    """A folder with a video's name. Error: is a directory."""
    path = folder / "directory.mp4"
    path.mkdir(exist_ok=True)
    return path


def make_empty(folder: Path) -> Path:
    """0 bytes, as a failed download leaves. Error: empty."""
    path = folder / "empty.mp4"
    path.write_bytes(b"")
    return path


def make_text(folder: Path) -> Path:
    """A text renamed .mp4 (an error page saved as a video). Error: not a video."""
    path = folder / "text.mp4"
    path.write_text("<html><body>404 Not Found</body></html>\n" * 40, encoding="utf-8")
    return path


def make_audio_only(folder: Path, suffix: str = ".mp4") -> Path:
    """Half a second of a real tone, no video stream: .mp4 (AAC), .mp3 or .wav. Error: no video stream."""
    codec = {".mp4": "aac", ".mp3": "libmp3lame", ".wav": "pcm_s16le"}[suffix]
    path = folder / f"audio_only{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=44100)
        for packet in [*stream.encode(_sine()), *stream.encode(None)]:
            container.mux(packet)
    return path


def make_audio_with_cover(folder: Path) -> Path:
    """An mp3 song with a cover picture, listed as a video stream. Error: no video, only a cover."""
    path = folder / "song_with_cover.mp3"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("libmp3lame", rate=44100)
        cover = _add_cover(container)
        frame = av.VideoFrame.from_ndarray(picture(255), format="rgb24")
        frame.pts = 0
        for packet in [*cover.encode(frame), *cover.encode(None)]:
            container.mux(packet)
        for packet in [*audio.encode(_sine()), *audio.encode(None)]:
            container.mux(packet)
    return path


def _add_cover(container: av.container.OutputContainer) -> VideoStream:
    cover = container.add_stream("png", rate=FPS)
    assert isinstance(cover, VideoStream)
    cover.width, cover.height, cover.pix_fmt = WIDTH, HEIGHT, "rgb24"
    cover.disposition = av.stream.Disposition.attached_pic.value  # PyAV 17.0 takes no enum
    return cover


def make_zero_frames(folder: Path, suffix: str = ".mp4") -> Path:
    """A header (size, codec, rate) and no frame: .mp4, .mkv or .avi. Error: no frames."""
    keep_stream = {"movflags": "empty_moov"} if suffix == ".mp4" else {}
    return write(folder / f"zero_frames{suffix}", indices=(), container_options=keep_stream)


# ------------------------------------------------- damaged: give the frames before the damage, and warn


def make_truncated(folder: Path, suffix: str = ".mp4") -> Path:
    """Cut off in the middle of frame 12; the file still opens: .mp4 (index in front), .mkv or .ts.

    The header of .mp4 promises 20 frames, .mkv a duration, .ts nothing. Give the frames 0-11, and warn.
    (.ts has no way to tell: its end is ragged, no more.)
    """
    in_front = {"movflags": "faststart"} if suffix == ".mp4" else {}
    path = folder / f"truncated{suffix}"
    write(path, options={"g": "4", "bf": "0"}, container_options=in_front)
    offset, size = _packet_places(path)[12]
    return _cut(path, offset + size // 2)


def make_truncated_without_index(folder: Path) -> Path:
    """An .mp4 whose end is missing, and with it the index (`moov`). Error: damaged, cannot be opened."""
    path = write(folder / "truncated_without_index.mp4")
    return _cut(path, path.read_bytes().index(b"moov") - 8)


def make_corrupt(folder: Path) -> Path:
    """Frames 8 to 11 are overwritten by noise, their length fields too: the decoder raises at them.

    Every frame is a key frame, so 0-7 and 12-19 are sound. Give at least 0-7, and warn.
    """
    path = write(folder / "corrupt.mp4", options={"g": "1", "bf": "0"})
    return overwrite(path, packets=range(8, 12), skip=0)


def make_corrupt_inside(folder: Path) -> Path:
    """Noise within frames 8 to 11, behind intact length fields: the decoder conceals it and raises nothing.

    Every frame is a key frame. Give 0-7, and warn: PyAV's `frame.is_corrupt` is set on 8-11.
    """
    path = write(folder / "corrupt_inside.mp4", size=(96, 128), options={"g": "1", "bf": "0", "qp": "4"})
    return overwrite(path, packets=range(8, 12), skip=64)


def make_corrupt_group(folder: Path) -> Path:
    """Frame 5 is noise, and 6 to 9 build on it; 10 is the next key frame. Give 0-4 and 10-19, and warn."""
    path = write(folder / "corrupt_group.mp4", options={"g": "10", "bf": "0", "sc_threshold": "0"})
    return overwrite(path, packets=range(5, 6), skip=0)


def overwrite(path: Path, packets: range, skip: int) -> Path:
    noise = np.random.default_rng(0)
    data, places = bytearray(path.read_bytes()), _packet_places(path)
    for packet in packets:
        offset, size = places[packet]
        data[offset + skip : offset + size] = noise.integers(0, 256, max(size - skip, 0), np.uint8).tobytes()
    path.write_bytes(data)
    return path


# ---------------------------------------------------------------- sound, but unusual: read them rightly


def make_plain(folder: Path) -> Path:
    """Nothing unusual: H.264 in .mp4 with B-frames, 20 frames, 25 fps, 48 x 64. The reference."""
    return write(folder / "plain.mp4", options={"bf": "2"})


def make_one_frame(folder: Path) -> Path:
    """A video of a single frame: shape (1, 3, 48, 64)."""
    return write(folder / "one_frame.mp4", indices=(7,))


def make_odd_size(folder: Path, suffix: str = ".mkv") -> Path:
    """91 x 161 pixels: FFV1 4:4:4 in .mkv, H.264 4:4:4 in .mp4. The size comes back odd, not cropped."""
    codec = {".mkv": "ffv1", ".mp4": "libx264"}[suffix]
    return write(folder / f"odd_size{suffix}", size=(91, 161), codec=codec, pix_fmt="yuv444p")


def make_odd_size_420(folder: Path) -> Path:
    """91 x 161 pixels with half-size chroma planes (46 x 81): height and width come back odd."""
    return write(folder / "odd_size_420.mkv", size=(91, 161), codec="ffv1", pix_fmt="yuv420p")


def make_tiny(folder: Path) -> Path:
    """2 x 2 pixels (too small for a marker). Read it."""
    return write(folder / "tiny.mkv", size=(2, 2), codec="ffv1", pix_fmt="yuv444p")


def make_rotated(folder: Path, degrees: int = 90) -> Path:
    """A phone's video: stored 48 x 64, with the note "turn by `degrees` clockwise to show" (90, 180 or 270).

    `ffplay` and `ffmpeg` turn it; so should a reader: (3, 64, 48) for 90 and 270. The pictures are stored
    turned the other way: a frame that comes back the right way satisfies `is_upright`, and `number` reads it.
    """
    path = folder / f"rotated_{degrees}.mp4"
    stored = _write_turned(path, quarter_turns=degrees // 90)
    data = bytearray(stored.read_bytes())
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    matrix = struct.pack(">9i", *(v << 16 for v in (cos, sin, 0, -sin, cos, 0, 0, 0)), 1 << 30)
    (header,) = _boxes(bytes(data), b"tkhd")
    start = header + (52 if data[header] == 1 else 40)  # ISO 14496-12, 8.3.2: version 1 has 64-bit times
    data[start : start + 36] = matrix
    path.write_bytes(data)
    return path


def _write_turned(path: Path, quarter_turns: int) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(FRAMES):
            upright = picture(index, WIDTH, HEIGHT) if quarter_turns % 2 else picture(index)
            turned = np.ascontiguousarray(np.rot90(upright, quarter_turns))  # counter-clockwise, (48, 64, 3)
            frame = av.VideoFrame.from_ndarray(turned, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


VARIABLE_MS = tuple(sum((20, 20, 100, 40)[k % 4] for k in range(i)) for i in range(FRAMES))
"""Time of each frame of `make_variable_rate`, in ms: 0, 20, 40, 140, 180, 200, ..."""


def make_variable_rate(folder: Path, suffix: str = ".mp4") -> Path:
    """Frames 20, 20, 100, 40, ... ms apart (`VARIABLE_MS`): .mp4 or .mkv. The times are the file's own."""
    ms = Fraction(1, 1000)
    return write(folder / f"variable_rate{suffix}", pts=VARIABLE_MS, time_base=ms, options={"bf": "0"})


def make_grey(folder: Path, suffix: str = ".mp4") -> Path:
    """One channel (pix_fmt gray): H.264 in .mp4, FFV1 in .mkv. Three equal channels come back."""
    codec, pix_fmt = {".mp4": ("libx264", "gray"), ".mkv": ("ffv1", "gray")}[suffix]
    return write(folder / f"grey{suffix}", codec=codec, pix_fmt=pix_fmt)


def make_ten_bit(folder: Path, suffix: str = ".mp4") -> Path:
    """10 bits a sample (yuv420p10le): H.264 High 10 in .mp4, FFV1 in .mkv. uint8 comes back."""
    codec = {".mp4": "libx264", ".mkv": "ffv1"}[suffix]
    return write(folder / f"ten_bit{suffix}", codec=codec, pix_fmt="yuv420p10le")


def make_full_range(folder: Path) -> Path:
    """Luma 0..255 instead of 16..235 (yuvj420p, as phones write). Black comes back as 0, white as 255."""
    return write(folder / "full_range.mp4", pix_fmt="yuvj420p")


def make_alpha(folder: Path, suffix: str = ".mov") -> Path:
    """With an alpha channel: PNG RGBA in .mov, FFV1 BGRA in .mkv, VP9 yuva420p in .webm. Give the colours."""
    codec, pix_fmt = {
        ".mov": ("png", "rgba"),
        ".mkv": ("ffv1", "bgra"),
        ".webm": ("libvpx-vp9", "yuva420p"),
    }[suffix]
    return write(folder / f"alpha{suffix}", codec=codec, pix_fmt=pix_fmt)


def make_late_start(folder: Path, suffix: str = ".mkv") -> Path:
    """The first frame is at 2.0 s, not at 0: .mkv, .ts or .mp4. Frame 0 is picture 0, nothing before it."""
    ticks = [50 + i for i in range(FRAMES)]
    return write(folder / f"late_start{suffix}", pts=ticks, options={"bf": "0"})


def make_edit_list(folder: Path) -> Path:
    """An .mp4 cut without re-encoding: frames 0-4 are stored but lie before time 0 (edit list).

    A player shows 5, 6, ..., 19, the first of them at 0 s; so should a reader (15 frames).
    """
    return write(folder / "edit_list.mp4", shift=-5, options={"bf": "0", "g": "20"})


def make_wide_pixels(folder: Path) -> Path:
    """Sample aspect ratio 2:1 (stored 48 x 64, shown 48 x 128). The stored pixels come back: 48 x 64."""

    def wide(stream: VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)

    return write(folder / "wide_pixels.mp4", prepare=wide)


def make_still(folder: Path, suffix: str = ".png") -> Path:
    """A still picture (.png or .jpg) given as a video. One frame, or an error that says it is a picture."""
    codec, pix_fmt = {".png": ("png", "rgb24"), ".jpg": ("mjpeg", "yuvj420p")}[suffix]
    path = folder / f"still{suffix}"
    context = av.VideoCodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt, context.time_base = WIDTH, HEIGHT, pix_fmt, 1 / FPS
    frame = av.VideoFrame.from_ndarray(picture(7), format="rgb24").reformat(format=pix_fmt)
    frame.pts = 0
    path.write_bytes(b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)]))
    return path


def make_animation(folder: Path) -> Path:
    """An animated .gif (colours from a palette). Read it like any video."""
    return write(folder / "animation.gif", codec="gif", pix_fmt="rgb8")


def make_palette(folder: Path, codec: str = "rawvideo", suffix: str = ".avi") -> Path:
    """Colours from a palette, which comes with the first packet only: rawvideo, png or smc."""
    path = folder / f"palette_{codec}{suffix}"
    palette = np.full((256, 4), 255, np.uint8)  # (256, ARGB)
    palette[:4, 1:] = (0, 0, 0), (255, 255, 255), RED, BLUE
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "pal8"
        for place in range(FRAMES):
            image = picture(place)  # (H, W, 3)
            entries = (image == 255).all(axis=-1).astype(np.uint8)  # (H, W), 1 for white
            entries[(image == RED).all(axis=-1)], entries[(image == BLUE).all(axis=-1)] = 2, 3
            frame = av.VideoFrame.from_ndarray((entries, palette), format="pal8")
            frame.pts, frame.time_base = place, 1 / FPS
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def make_cover(folder: Path) -> Path:
    """A clip with a cover picture (number 255), listed as a second video stream. Give the film."""
    path = folder / "cover.mp4"
    with av.open(str(path), "w") as container:
        cover, film = _add_cover(container), container.add_stream("libx264", rate=FPS)
        assert isinstance(film, VideoStream)
        film.width, film.height, film.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for stream, indices in ((cover, [255]), (film, range(FRAMES))):
            for place, index in enumerate(indices):
                frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
                frame.pts, frame.time_base = place, 1 / FPS
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def make_old_avi(folder: Path) -> Path:
    """MPEG-4 with B-frames in .avi, which stores no presentation times. Frames in the right order."""
    return write(folder / "old.avi", codec="mpeg4", options={"bf": "2", "qscale": "2"})


def make_unusual_name(folder: Path) -> Path:
    """A name with spaces, quotes, a percent sign (image patterns), a colon and letters outside ASCII."""
    return write(folder / "my clip: 100%d – Übung 'é' 视频.mp4")


def make_no_timestamps(folder: Path) -> Path:
    """A bare H.264 stream without a container: no times, duration or frame count. Times from the rate."""
    return write(folder / "no_timestamps.h264", options={"bf": "0"})


def make_size_change(folder: Path) -> Path:
    """Ten frames of 48 x 64, then ten of 96 x 128 in one stream (a broadcast, a video call).

    A clip has one size: resize to the first, or an error that says where the size changes.
    """
    path = folder / "size_change.h264"
    small = write(folder / "size_change_1.h264", indices=range(10), options={"bf": "0"})
    large = write(folder / "size_change_2.h264", indices=range(10, 20), size=(96, 128), options={"bf": "0"})
    path.write_bytes(small.read_bytes() + large.read_bytes())
    small.unlink()
    large.unlink()
    return path


# ------------------------------------------------- files whose packets are not their pictures, one for one

LONG = range(60)  # frames of most of these files, 2.4 s
OPEN_GOP = "open-gop=1:bframes=3:b-adapt=0:scenecut=0:keyint=15:min-keyint=15"


def make_open_gop(folder: Path, suffix: str = ".mp4", codec: str = "libx264") -> Path:
    """Groups of 15 whose first frames in display build on the group before. Give all 60."""
    options = {f"{codec.removeprefix('lib')}-params": f"{OPEN_GOP}{':log-level=none' * (codec == 'libx265')}"}
    return write(folder / f"open_gop_{codec}{suffix}", indices=LONG, codec=codec, options=options)


def make_intra_refresh(folder: Path, suffix: str = ".mp4") -> Path:
    """Key frames are whole only some frames later (periodic intra refresh). Give all 60."""
    options = {"x264-params": "intra-refresh=1:keyint=20"}
    return write(folder / f"intra_refresh{suffix}", indices=LONG, options=options)


def make_groups(folder: Path, suffix: str) -> Path:
    """60 frames in groups of 15 with B-frames, in a container that is entered in its own way."""
    codec, options = {
        ".mpg": ("mpeg2video", {"bf": "2", "g": "15"}),
        ".avi": ("mpeg4", {"bf": "2", "g": "15"}),
        ".webm": ("libvpx-vp9", {"g": "15", "deadline": "realtime", "cpu-used": "8"}),
        ".nut": ("ffv1", {"g": "15"}),
    }.get(suffix, ("libx264", {"bf": "3", "g": "15", "b-pyramid": "normal"}))
    return write(folder / f"groups{suffix}", indices=LONG, codec=codec, options=options)


def make_mpeg4(folder: Path, suffix: str = ".mp4") -> Path:
    """MPEG-4 part 2 with B-frames; in .mkv, its headers are repeated at each key frame."""

    def repeat_headers(stream: VideoStream) -> None:
        stream.codec_context.flags &= ~Flags.global_header

    prepare = repeat_headers if suffix == ".mkv" else None
    options = {"bf": "2", "g": "15", "qscale": "2"}
    return write(folder / f"mpeg4{suffix}", indices=LONG, codec="mpeg4", options=options, prepare=prepare)


def make_unordered(folder: Path, suffix: str) -> Path:
    """H.264 with B-frames and the times of decoding as those of display. In order, with times that rise."""
    path = folder / f"unordered{suffix}"
    with av.open(str(make_groups(folder, suffix))) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        track = target.add_stream_from_template(stream)
        stamps = sorted(packet.pts or 0 for packet in source.demux(stream) if packet.size)
        source.seek(0)
        packets = (packet for packet in source.demux(stream) if packet.size)
        for stamp, packet in zip(stamps, packets, strict=True):
            packet.pts = packet.dts = stamp
            packet.stream = track
            target.mux(packet)
    return path


def make_h264_avi(folder: Path) -> Path:
    """H.264 with B-frames in .avi, which cannot say when a frame is shown. In order, with times that rise."""
    return write(folder / "h264.avi", indices=LONG, options={"bf": "3"})


def make_late_transport(folder: Path, codec: str = "libx264") -> Path:
    """MPEG-TS that begins inside a group (a broadcast). Give the frames from the next key frame on."""
    data = make_open_gop(folder, ".ts", codec).read_bytes()
    path = folder / "late.ts"
    path.write_bytes(data[len(data) // 188 // 4 * 188 :])
    return path


def make_joined_transport(folder: Path) -> Path:
    """Two MPEG-TS recordings in one file: the clock begins again. Give 120 frames, and times that rise."""
    path = folder / "joined.ts"
    path.write_bytes(2 * make_groups(folder, ".ts").read_bytes())
    return path


def make_joined_program(folder: Path) -> Path:
    """Likewise in MPEG-PS (.mpg)."""
    path = folder / "joined.mpg"
    path.write_bytes(2 * make_groups(folder, ".mpg").read_bytes())
    return path


def make_begun_inside(folder: Path) -> Path:
    """A .mkv cut out of open groups: the first key frame is shown after frames that lack their references."""
    whole = make_open_gop(folder, ".mkv")
    path = folder / "begun_inside.mkv"
    keys = 0
    with av.open(str(whole)) as source, av.open(str(path), "w") as target:
        track = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            keys += packet.is_keyframe
            if keys >= 2 and packet.size:
                packet.dts, packet.stream = None, track
                target.mux(packet)
    return path


def make_wrong_time(folder: Path, shift: int) -> Path:
    """A .mkv in which frame 30 has a time `shift` frames too late (1: that of another frame)."""
    plain = write(folder / "right_times.mkv", indices=LONG, options={"bf": "0"})
    path = folder / "wrong_time.mkv"
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        track = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(source.streams.video[0])):
            if packet.size:
                if number == 30:
                    packet.pts += round(shift / FPS / packet.time_base)
                packet.stream = track
                target.mux(packet)
    return path


def make_interlaced(folder: Path) -> Path:
    """H.264 of two fields a frame, in MPEG-TS. Give all 60 frames, not fields."""
    return write(folder / "interlaced.ts", indices=LONG, options={"x264-params": "tff=1:bframes=2:keyint=15"})


REFUSED: dict[str, Callable[[Path], Path]] = {
    "missing": make_missing,
    "directory": make_directory,
    "empty": make_empty,
    "text": make_text,
    "audio only, mp4": make_audio_only,
    "audio only, mp3": lambda folder: make_audio_only(folder, ".mp3"),
    "audio only, wav": lambda folder: make_audio_only(folder, ".wav"),
    "audio with a cover": make_audio_with_cover,
    "zero frames, mp4": make_zero_frames,
    "zero frames, mkv": lambda folder: make_zero_frames(folder, ".mkv"),
    "zero frames, avi": lambda folder: make_zero_frames(folder, ".avi"),
    "truncated without index": make_truncated_without_index,
}
"""Nothing to give: one clear error."""

DAMAGED: dict[str, Callable[[Path], Path]] = {
    "truncated, mp4": make_truncated,
    "truncated, mkv": lambda folder: make_truncated(folder, ".mkv"),
    "truncated, ts": lambda folder: make_truncated(folder, ".ts"),
    "corrupt": make_corrupt,
    "corrupt inside": make_corrupt_inside,
}
"""The frames before the damage (0-11 of a truncated file, 0-7 of a corrupt one), and a warning."""

SOUND: dict[str, Callable[[Path], Path]] = {
    "plain": make_plain,
    "odd size, mkv": make_odd_size,
    "odd size, mp4": lambda folder: make_odd_size(folder, ".mp4"),
    "odd size, 4:2:0": make_odd_size_420,
    "rotated 90": make_rotated,
    "rotated 180": lambda folder: make_rotated(folder, 180),
    "rotated 270": lambda folder: make_rotated(folder, 270),
    "variable rate, mp4": make_variable_rate,
    "variable rate, mkv": lambda folder: make_variable_rate(folder, ".mkv"),
    "grey, mp4": make_grey,
    "grey, mkv": lambda folder: make_grey(folder, ".mkv"),
    "10 bit, mp4": make_ten_bit,
    "10 bit, mkv": lambda folder: make_ten_bit(folder, ".mkv"),
    "full range": make_full_range,
    "alpha, mov": make_alpha,
    "alpha, mkv": lambda folder: make_alpha(folder, ".mkv"),
    "alpha, webm": lambda folder: make_alpha(folder, ".webm"),
    "late start, mkv": make_late_start,
    "late start, ts": lambda folder: make_late_start(folder, ".ts"),
    "late start, mp4": lambda folder: make_late_start(folder, ".mp4"),
    "wide pixels": make_wide_pixels,
    "animation": make_animation,
    "cover": make_cover,
    "old avi": make_old_avi,
    "unusual name": make_unusual_name,
    "no timestamps": make_no_timestamps,
}
"""Twenty frames, numbered 0 to 19."""
