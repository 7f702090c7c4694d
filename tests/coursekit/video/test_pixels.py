"""The pixels are FFmpeg's own rgb24, for every size and pixel format, and upright as FFmpeg shows them."""

import struct
import subprocess

import av
import numpy as np
import pytest
import torch
from av.video.reformatter import VideoReformatter
from PIL import Image
from support import badfiles

from coursekit import video
from coursekit.video._decoder import ToRGB

EIGHT_BIT = [
    "yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv440p", "yuv444p", "yuvj444p", "yuv410p", "yuv411p",
    "yuva420p", "yuva422p", "yuva444p", "nv12", "nv21", "nv16", "yuyv422", "uyvy422",
]  # fmt: skip
DEEP = [
    "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv420p12le", "p010le", "gray10le", "gray16le", "gbrp10le",
    "rgb48le",
]  # fmt: skip
COLOURS = [
    "gray",
    "ya8",
    "gbrp",
    "gbrap",
    "rgb24",
    "bgr24",
    "rgba",
    "bgra",
    "rgb8",
    "rgb565le",
    "pal8",
    "monob",
]

NOISE = np.random.default_rng(0).bytes(1920 * 1920 * 4)


def noise(pixel_format: str, width: int, height: int, filling: int | None = None) -> av.VideoFrame:
    """A picture of noise; the bytes behind each row are `filling`, the pixels do not depend on it."""
    frame = av.VideoFrame(width, height, pixel_format)
    for number, plane in enumerate(frame.planes):
        start = 1000 * number
        pixels = NOISE[start : start + plane.buffer_size]
        if filling is not None and len(frame.planes) > 2:  # one sample in a byte or two
            sample = -(-frame.format.components[number].bits // 8)  # bytes
            rows = np.frombuffer(pixels, np.uint8).reshape(-1, plane.line_size).copy()
            rows[:, sample * (plane.width if number in (1, 2) else width) :] = filling
            pixels = rows.tobytes()
        plane.update(pixels)
    return frame


def ffmpegs_rgb24(frame: av.VideoFrame) -> torch.Tensor:
    """(3, H, W), by FFmpeg's own conversion to packed RGB."""
    pixels = (
        VideoReformatter().reformat(frame, format="rgb24", interpolation="BICUBIC", threads=1).to_ndarray()
    )
    return torch.from_numpy(pixels).permute(2, 0, 1)


@pytest.mark.parametrize(
    ("pixel_format", "widths"),
    [
        *((pixel_format, range(2, 201)) for pixel_format in EIGHT_BIT),
        *((pixel_format, range(2, 201, 3)) for pixel_format in [*DEEP, *COLOURS]),
    ],
)
def test_planar_and_packed_pixels_are_ffmpegs_rgb24_at_every_width(pixel_format, widths):
    different = []
    for width in widths:
        for height in (4, 5):
            expected = ffmpegs_rgb24(noise(pixel_format, width, height, filling=7))
            frame = noise(pixel_format, width, height, filling=240)
            for packed in (False, True)[: 1 + (width % 8 == 2)]:
                if not torch.equal(ToRGB(packed=packed)(frame), expected):
                    different.append((width, height, packed))
    assert different == []


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "nv12", "gray", "yuv420p10le"])
@pytest.mark.parametrize(("width", "height"), [(1080, 1920), (854, 480), (360, 641), (1918, 1078)])
def test_large_pictures_are_ffmpegs_rgb24(pixel_format, width, height):
    frame = noise(pixel_format, width, height)
    assert torch.equal(ToRGB()(frame), ffmpegs_rgb24(frame))


@pytest.mark.parametrize("matrix", [1, 5, 9], ids=["bt709", "bt470bg", "bt2020"])
@pytest.mark.parametrize("full_range", [1, 2], ids=["limited", "full"])
def test_the_colours_named_in_the_picture_are_used(matrix, full_range):
    for width in (64, 72, 75):
        frame = noise("yuv420p", width, 32)
        frame.colorspace, frame.color_range = matrix, full_range
        assert torch.equal(ToRGB()(frame), ffmpegs_rgb24(frame))


@pytest.mark.parametrize(
    "pixel_format", ["yuv420p", "yuv422p", "yuv444p", "nv12", "gray", "gbrp", "rgb24", "yuv420p10le"]
)
def test_resizing_writes_every_column_whatever_was_in_memory(pixel_format):
    for width in range(30, 60, 5):
        frame = noise(pixel_format, width, 37)
        for size in [(20, width), (37, width + 1), *((24, columns) for columns in range(2, 60, 3))]:
            once, again = ToRGB(size)(frame), ToRGB(size)(frame)
            assert once.shape == (3, *size)
            assert torch.equal(once, again)
            assert torch.equal(once, ToRGB(size, packed=True)(frame))


@pytest.mark.parametrize("size", [(48, 72), (91, 161), (90, 162), (64, 360)])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "gray", "yuvj420p"])
def test_a_film_has_the_pixels_of_the_ffmpeg_program(size, pixel_format, tmp_path):
    codec = "mjpeg" if pixel_format == "yuvj420p" else "ffv1"
    path = tmp_path / "film.mkv"
    badfiles.write(path, indices=range(3), size=size, codec=codec, pix_fmt=pixel_format)
    assert torch.equal(video.read(path), by_the_program(path, size))


def test_a_resized_film_has_the_pixels_of_the_ffmpeg_program_with_full_chroma(tmp_path):
    path = badfiles.write(tmp_path / "film.mkv", indices=range(3), size=(96, 160), codec="ffv1")
    scale = "scale=104:60:flags=bicubic+full_chroma_int"
    assert torch.equal(video.read(path, size=(60, 104)), by_the_program(path, (60, 104), "-vf", scale))


def by_the_program(path, size, *options) -> torch.Tensor:
    """All frames (T, 3, H, W) as the ffmpeg program gives them."""
    command = ["ffmpeg", "-v", "error", "-i", path, *options, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = subprocess.run(command, capture_output=True, check=True).stdout
    return torch.from_numpy(np.frombuffer(pixels, np.uint8).reshape(-1, *size, 3).copy()).permute(0, 3, 1, 2)


# ---------------------------------------------------------------- orientation

CORNERS = np.zeros((48, 64, 3), np.uint8)  # red, blue; green, black: each corner tells where it went
CORNERS[:24, :32], CORNERS[:24, 32:], CORNERS[24:, :32] = (220, 30, 30), (30, 30, 220), (30, 220, 30)

SHOWN = {  # by EXIF orientation: the picture as it must be shown, and its matrix [[a, b], [c, d]]
    1: (CORNERS, (1, 0, 0, 1)),
    2: (CORNERS[:, ::-1], (-1, 0, 0, 1)),
    3: (CORNERS[::-1, ::-1], (-1, 0, 0, -1)),
    4: (CORNERS[::-1], (1, 0, 0, -1)),
    5: (CORNERS.transpose(1, 0, 2), (0, 1, 1, 0)),
    6: (np.rot90(CORNERS, -1), (0, 1, -1, 0)),
    7: (np.rot90(CORNERS, -1)[:, ::-1][::-1, ::-1], (0, -1, -1, 0)),
    8: (np.rot90(CORNERS), (0, -1, 1, 0)),
}


def assert_shown(path, expected):
    clip, info = video.read(path), video.probe(path)
    assert (info.height, info.width) == tuple(clip.shape[2:]) == expected.shape[:2]
    assert (clip[0].permute(1, 2, 0).int() - torch.from_numpy(expected.copy()).int()).abs().max() < 40
    packed = next(video.stream(path, packed=True)).image
    assert torch.equal(packed, clip[0])
    assert packed.permute(1, 2, 0).is_contiguous()
    small = video.read(path, size=(33, 22))
    assert small.shape[2:] == (33, 22)


@pytest.mark.parametrize("orientation", SHOWN)
def test_a_display_matrix_turns_and_mirrors(orientation, tmp_path):
    expected, (a, b, c, d) = SHOWN[orientation]
    path = tmp_path / "phone.mp4"
    with av.open(str(path), "w") as container:
        track = container.add_stream("libx264", 25, options={"qp": "1"})
        track.height, track.width, track.pix_fmt = 48, 64, "yuv444p"
        container.mux(track.encode(av.VideoFrame.from_ndarray(CORNERS, format="rgb24")))
        container.mux(track.encode(None))
    data = path.read_bytes()
    at = data.index(b"tkhd") + 44  # ISO 14496-12, 8.3.2
    matrix = struct.pack(">9i", *(number << 16 for number in (a, b, 0, c, d, 0, 0, 0)), 1 << 30)
    path.write_bytes(data[:at] + matrix + data[at + 36 :])
    assert_shown(path, expected)
    assert torch.equal(video.read(path), by_the_program(path, expected.shape[:2]))


@pytest.mark.parametrize("orientation", SHOWN)
def test_a_photograph_with_an_exif_orientation_comes_upright(orientation, tmp_path):
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x112] = orientation
    Image.fromarray(CORNERS).save(path, exif=exif, quality=95, subsampling=0)
    assert_shown(path, SHOWN[orientation][0])
    assert (
        video.read(path)[0].int() - by_the_program(path, SHOWN[orientation][0].shape[:2])[0].int()
    ).abs().max() < 4
