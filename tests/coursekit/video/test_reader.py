"""coursekit.video on real files, good and bad, against a plain PyAV loop."""

import os
import subprocess
import sys
import warnings
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import badfiles

from coursekit import data, layout, video
from coursekit.video._index import Stamp
from coursekit.video._selection import Selection

CLIPS = {
    "bigbuckbunny": (1280, 720, Fraction(25), 132, 5.28),
    "bikes": (640, 272, Fraction(25), 250, 10.0),
    "carphone_pristine": (176, 144, Fraction(30000, 1001), 120, 4.004),
    "carphone_distorted": (176, 144, Fraction(30000, 1001), 120, 4.004),
}
CARPHONE = data.clip("carphone_pristine")
BIKES = data.clip("bikes")


def plain_loop(path) -> tuple[torch.Tensor, list[float]]:
    """Frames (T, 3, H, W) and times by PyAV alone, with the ffmpeg program's interpolation."""
    with av.open(str(path)) as container:
        decoded = list(container.decode(video=0))
    pixels = np.stack([frame.to_ndarray(format="rgb24", interpolation="BICUBIC") for frame in decoded])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2), [frame.time for frame in decoded]


@pytest.fixture(scope="module")
def carphone() -> torch.Tensor:
    return video.read(CARPHONE)


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> Path:
    return badfiles.make_plain(tmp_path_factory.mktemp("marked"))


def numbers(clip) -> list[int]:
    return [badfiles.number(image) for image in clip]


# ---------------------------------------------------------------- good files


@pytest.mark.parametrize("name", CLIPS)
def test_probe_of_the_four_clips(name):
    info = video.probe(data.clip(name))
    width, height, fps, frames, duration = CLIPS[name]
    assert (info.width, info.height, info.fps, info.frames) == (width, height, fps, frames)
    assert info.duration == pytest.approx(duration, abs=1e-6)
    assert (info.codec, info.pixel_format, info.rotation) == ("h264", "yuv420p", 0)
    assert info.bytes == data.clip(name).stat().st_size


@pytest.mark.parametrize("name", ["bikes", "carphone_pristine", "carphone_distorted"])
def test_read_gives_pyavs_pixels_and_times(name):
    expected, seconds = plain_loop(data.clip(name))
    clip = video.read(data.clip(name))
    assert clip.dtype == torch.uint8
    assert clip.is_contiguous()
    assert torch.equal(clip, expected)
    assert video.times(data.clip(name)).tolist() == pytest.approx(seconds)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_deep_pixels_are_those_of_the_ffmpeg_program(suffix, tmp_path):
    path = badfiles.make_ten_bit(tmp_path, suffix)
    assert torch.equal(video.read(path), plain_loop(path)[0])


@pytest.mark.parametrize("maker", [badfiles.make_odd_size, badfiles.make_odd_size_420])
def test_odd_sizes_keep_every_row_and_column(maker, tmp_path):
    path = maker(tmp_path)
    clip = video.read(path)
    assert clip.shape == (20, 3, 91, 161)
    assert numbers(clip) == list(range(20))
    assert torch.equal(clip, plain_loop(path)[0])


def test_a_video_of_two_by_two_pixels_is_read(tmp_path):
    path = badfiles.make_tiny(tmp_path)
    clip = video.read(path)
    assert clip.shape == (20, 3, 2, 2)
    assert torch.equal(clip, plain_loop(path)[0])


OPTIONS = [
    {},
    {"every": 7},
    {"frames": (10, 31)},
    {"frames": (10, 31), "every": 4},
    {"seconds": (1.0, 2.5)},
    {"fps": 5},
    {"fps": Fraction(30000, 1001)},
    {"size": (33, 47)},
    {"seconds": (2, 3), "fps": 10, "size": (20, 30)},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_streaming_equals_reading(options):
    clip = video.read(CARPHONE, **options)
    assert torch.equal(torch.stack(list(video.frames(CARPHONE, **options))), clip)
    assert torch.equal(torch.cat(list(video.frames(CARPHONE, batch=8, **options))), clip)
    streamed = list(video.stream(CARPHONE, **options))
    assert torch.equal(torch.stack([frame.image for frame in streamed]), clip)
    options = {name: value for name, value in options.items() if name != "size"}
    assert video.times(CARPHONE, **options).tolist() == [frame.time for frame in streamed]


@settings(max_examples=30, deadline=None)
@given(first=st.integers(0, 119), length=st.integers(1, 40), every=st.integers(1, 9))
def test_a_part_is_that_slice_of_the_whole(carphone, first, length, every):
    part = video.read(CARPHONE, frames=(first, first + length), every=every)
    assert torch.equal(part, carphone[first : first + length : every])


@settings(max_examples=20, deadline=None)
@given(start=st.floats(0, 3.9), length=st.floats(0.05, 2))
def test_seconds_choose_by_the_files_own_times(carphone, start, length):
    times = video.times(CARPHONE)
    wanted = (times >= start) & (times < start + length)
    part = video.read(CARPHONE, seconds=(start, start + length))
    assert torch.equal(part, carphone[wanted])


def test_a_part_knows_its_place_in_the_file():
    part = list(video.stream(BIKES, seconds=(6.0, 6.2)))
    assert [frame.index for frame in part] == [150, 151, 152, 153, 154]
    assert [frame.time for frame in part] == pytest.approx([6.0, 6.04, 6.08, 6.12, 6.16])


def test_target_rate_shows_what_is_on_the_screen():
    times = [Fraction(time, 100) for time in [0, 10, 15, 60, 61, 100, 130]]
    stamps = [Stamp(number, *times[number : number + 2]) for number in range(6)]
    chosen = [stamp.number for stamp in Selection(fps=4).choose(stamps)]  # ticks 0, .25, .5, ..., 1.25
    assert chosen == [0, 2, 2, 4, 5, 5]
    chosen = [stamp.number for stamp in Selection(fps=4, seconds=(0.1, 0.75)).choose(stamps)]
    assert chosen == [1, 2, 3]  # ticks .1, .35, .6


def test_target_rate_on_a_real_clip(marked):
    assert numbers(video.read(marked, fps=5)) == [0, 5, 10, 15]
    assert numbers(video.read(marked, fps=50))[:6] == [0, 0, 1, 1, 2, 2]


def test_resized_frames_keep_their_content(carphone):
    small = video.read(CARPHONE, frames=(0, 3), size=(72, 88)).float()
    expected = torch.nn.functional.interpolate(carphone[:3].float(), (72, 88), mode="bicubic", antialias=True)
    assert small.shape == (3, 3, 72, 88)
    assert (small - expected).abs().mean() < 2  # grey levels; two bicubic kernels differ a little
    assert (small.flip(-1) - expected).abs().mean() > 20


def test_batches_have_the_size_asked_for_and_a_rest():
    assert [len(batch) for batch in video.frames(CARPHONE, batch=50)] == [50, 50, 20]


STREAM_MEMORY = """
import resource, sys
from coursekit import video
count = sum(1 for _ in video.frames(sys.argv[1]))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss is in KiB on Linux only")
def test_streaming_memory_does_not_grow_with_length(tmp_path):
    once = video.read(BIKES, frames=(0, 50))
    short = video.write(tmp_path / "short.mp4", once, 25)
    long = video.write(tmp_path / "long.mp4", once.repeat(8, 1, 1, 1), 25)
    peaks = {}
    for path in (short, long):
        run = subprocess.run(
            [sys.executable, "-c", STREAM_MEMORY, str(path)], capture_output=True, text=True, check=True
        )
        count, peaks[path] = map(int, run.stdout.split())
    assert count == 400
    whole = 350 * once[0].numel() / 1024  # KiB that holding the additional frames would take
    assert peaks[long] - peaks[short] < 0.15 * whole


# ---------------------------------------------------------------- unusual files


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_rotated_phone_video_comes_upright(degrees, tmp_path):
    path = badfiles.make_rotated(tmp_path, degrees)
    info = video.probe(path)
    clip = video.read(path)
    assert info.rotation == degrees
    assert (info.height, info.width) == tuple(clip.shape[2:])
    assert badfiles.is_upright(clip[0])
    assert numbers(clip) == list(range(20))
    small = video.read(path, size=(30, 20))
    assert small.shape[2:] == (30, 20)
    assert badfiles.is_upright(small[0])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_frame_rate_has_its_true_times(suffix, tmp_path):
    path = badfiles.make_variable_rate(tmp_path, suffix)
    _, expected = plain_loop(path)
    times = video.times(path)
    assert times.tolist() == pytest.approx(expected)
    assert times.diff().max() > 1.5 * times.diff().min()
    assert [frame.time for frame in video.stream(path)] == times.tolist()
    late = video.read(path, seconds=(float(times[7]), float(times[9])))
    assert numbers(late) == [7, 8]


@pytest.mark.parametrize(
    "make",
    [
        badfiles.make_grey,
        badfiles.make_ten_bit,
        badfiles.make_alpha,
        badfiles.make_late_start,
        badfiles.make_wide_pixels,
        badfiles.make_cover,
        badfiles.make_old_avi,
        badfiles.make_no_timestamps,
        badfiles.make_unusual_name,
        badfiles.make_animation,
        badfiles.make_full_range,
        badfiles.make_size_change,
    ],
)
def test_unusual_files_give_all_frames_in_rgb(make, tmp_path):
    path = make(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clip = video.read(path)
    assert clip.shape == (20, 3, 48, 64)
    assert numbers(clip) == list(range(20))
    assert numbers(video.read(path, frames=(12, 15))) == [12, 13, 14]
    assert video.probe(path).frames == 20


def test_grey_has_three_equal_channels(tmp_path):
    red, green, blue = layout.channels(video.read(badfiles.make_grey(tmp_path)))
    assert (red.int() - green.int()).abs().max() <= 1
    assert (red.int() - blue.int()).abs().max() <= 1


def test_an_edit_list_hides_the_frames_it_cuts(tmp_path):
    path = badfiles.make_edit_list(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert numbers(video.read(path)) == list(range(5, 20))
    assert video.times(path).tolist() == [frame.time for frame in video.stream(path)]
    assert video.probe(path).frames == 15


@pytest.mark.parametrize("make", [badfiles.make_one_frame, badfiles.make_still])
def test_one_frame_is_a_clip_of_one(make, tmp_path):
    path = make(tmp_path)
    assert video.read(path).shape == (1, 3, 48, 64)
    assert video.probe(path).frames == 1
    assert len(list(video.frames(path, batch=8))) == 1


# ---------------------------------------------------------------- bad files

BAD = {
    badfiles.make_missing: "no such file",
    badfiles.make_directory: "is a folder",
    badfiles.make_empty: r"is empty \(0 bytes\)",
    badfiles.make_text: "is not a video that FFmpeg can read .* begins with the bytes b'<html>",
    badfiles.make_truncated_without_index: "its index is missing or damaged .* copy or download it again",
    badfiles.make_audio_only: r"has no video stream \(only audio: aac\)",
    badfiles.make_audio_with_cover: "has no video stream",
    badfiles.make_zero_frames: "is the first segment of a streamed MP4",
}


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
@pytest.mark.parametrize("use", [video.probe, video.read, video.times, lambda path: next(video.frames(path))])
def test_a_bad_file_is_one_clear_error(make, use, tmp_path):
    path = make(tmp_path)
    with pytest.raises(video.VideoError, match=BAD[make]) as caught:
        use(path)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_truncated_file_gives_the_frames_before_the_damage(suffix, tmp_path):
    path = badfiles.make_truncated(tmp_path, suffix)
    with pytest.warns(
        video.DamagedVideoWarning, match=r"damaged after its first 12 frames: 12 frames .*0\.48 s"
    ):
        clip = video.read(path)
    assert numbers(clip) == list(range(12))
    with pytest.warns(video.DamagedVideoWarning):
        assert numbers(video.frames(path)) == list(range(12))


@pytest.mark.parametrize(
    ("make", "whole"),
    [
        (badfiles.make_corrupt, [*range(8), *range(12, 20)]),  # the decoder raises
        (badfiles.make_corrupt_inside, [*range(8), *range(12, 20)]),  # it conceals
        (badfiles.make_corrupt_group, [*range(5), *range(10, 20)]),  # frames that build on the damage
    ],
)
def test_damage_in_the_middle_is_stepped_over(make, whole, tmp_path):
    path = make(tmp_path)
    with pytest.warns(
        video.DamagedVideoWarning, match=f"{len(whole)} frames are given, {20 - len(whole)} could"
    ):
        streamed = list(video.stream(path))
    assert numbers(frame.image for frame in streamed) == whole
    assert [frame.index for frame in streamed] == whole
    assert [frame.time for frame in streamed] == pytest.approx([number / 25 for number in whole])


def test_a_part_without_frames_says_what_there_is(marked):
    with pytest.raises(video.VideoError, match=r"seconds=\(9, 10\); it holds 20 frames, 0.00 s to 0.76 s"):
        video.read(marked, seconds=(9, 10))
    with pytest.raises(video.VideoError, match=r"frames=\(50, 60\)"):
        video.read(marked, frames=(50, 60))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": (5, 5)}, r"frames=\(5, 5\) must be \(first, stop\)"),
        ({"frames": (-3, 5)}, "begins before frame 0"),
        ({"frames": (0.5, 5)}, "two frame numbers"),
        ({"frames": 5}, "frames=5 must be"),
        ({"seconds": (2, 1)}, r"seconds=\(2, 1\) must be \(start, stop\)"),
        ({"every": 0}, "every=0 must be a whole number"),
        ({"every": 1.5}, "every=1.5 must be"),
        ({"fps": 0}, "fps=0 must be"),
        ({"fps": float("inf")}, "fps=inf must be"),
        ({"size": 224}, r"size=224 must be \(height, width\)"),
        ({"size": (0, 9)}, "two whole numbers above 0"),
        ({"size": (True, True)}, "two whole numbers above 0"),
        ({"size": (10**6, 10**6)}, r"size=\(1000000, 1000000\) is too large for FFmpeg"),
        ({"size": (2, 2_100_000)}, "is too large for FFmpeg"),
        ({"frames": (0, 5), "seconds": (0, 1)}, "give one of them"),
        ({"fps": 5, "every": 2}, "give one of them"),
    ],
)
def test_bad_arguments_are_named_at_once(options, message, marked):
    for use in (video.read, video.frames, video.stream):
        with pytest.raises(ValueError, match=message):
            use(marked, **options)


def test_a_bad_batch_and_a_missing_file_are_refused_before_the_first_frame(marked):
    with pytest.raises(ValueError, match="batch=0 must be"):
        video.frames(marked, batch=0)
    with pytest.raises(video.VideoError, match="no such file"):
        video.frames("nowhere.mp4")


def test_a_clip_larger_than_memory_is_refused(marked, monkeypatch):
    monkeypatch.setattr(os, "sysconf", lambda name: 1)
    with pytest.raises(video.VideoError, match=r"needs 0\.0 GB.*stream it with video.frames"):
        video.read(marked)


# ---------------------------------------------------------------- writing


@settings(max_examples=15, deadline=None)
@given(frames=st.integers(1, 4), height=st.integers(2, 20), width=st.integers(2, 20), seed=st.integers(0, 99))
def test_lossless_writing_gives_every_pixel_back(tmp_path_factory, frames, height, width, seed):
    random = torch.Generator().manual_seed(seed)
    clip = torch.randint(0, 256, (frames, 3, height, width), dtype=torch.uint8, generator=random)
    path = video.write(tmp_path_factory.mktemp("w") / "clip.mkv", clip, 25, lossless=True)
    assert torch.equal(video.read(path), clip)


@pytest.mark.parametrize("size", [(48, 64), (91, 161)])
def test_a_written_clip_looks_the_same(size, tmp_path):
    pictures = np.stack([badfiles.picture(n, *size) for n in range(6)])
    clip = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    path = video.write(tmp_path / "clip.mp4", clip, Fraction(30000, 1001))
    info = video.probe(path)
    assert (info.height, info.width, info.frames, info.fps) == (*size, 6, Fraction(30000, 1001))
    back = video.read(path)
    assert numbers(back) == list(range(6))
    assert (back.float() - clip.float()).abs().mean() < 4


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize(("fps", "count"), [(20_000, 4), (9999, 14), (Fraction(2999, 2), 7)])
def test_a_clip_that_is_over_in_a_millisecond_comes_back_whole(fps, count, suffix, tmp_path):
    pictures = np.stack([badfiles.picture(n, 48, 64) for n in range(count)])
    clip = torch.from_numpy(pictures).permute(0, 3, 1, 2)  # (T, 3, H, W)
    path = video.write(tmp_path / f"clip{suffix}", clip, fps)
    assert numbers(video.read(path)) == list(range(count))
    assert video.probe(path).frames == count


def test_a_size_that_ffmpeg_cannot_reach_is_not_called_damage(marked):
    with pytest.raises(video.VideoError, match=r"cannot be brought to this size .* ask for another size="):
        video.read(marked, frames=(0, 1), size=(2, 2_000_000))


@pytest.mark.skipif(os.name != "posix", reason="Windows forbids these names")
@pytest.mark.parametrize(
    "name", ["12:30.mp4", "file:a.mp4", "pipe:1.mp4", "a:b/c?d#e%03d.mkv", " a'b\"c.mov"]
)
def test_a_clip_is_written_under_every_name(name, tmp_path, monkeypatch, carphone):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:b").mkdir()
    for path in (Path(name), tmp_path / name):
        assert video.write(path, carphone[:2], 30) == path
        assert path.is_file()
        assert video.read(path).shape == (2, 3, 144, 176)


def test_the_same_clip_gives_the_same_bytes(tmp_path, carphone):
    one = video.write(tmp_path / "one.mp4", carphone[:9], 30)
    two = video.write(tmp_path / "two.mp4", carphone[:9], 30)
    assert one.read_bytes() == two.read_bytes()


def test_writing_refuses_what_is_no_clip(tmp_path):
    good = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    with pytest.raises(layout.LayoutError, match="is it CTHW"):
        video.write(tmp_path / "a.mp4", torch.zeros(3, 2, 8, 8, dtype=torch.uint8), 25)
    with pytest.raises(ValueError, match=r"dtype torch.float32, expected torch.uint8"):
        video.write(tmp_path / "a.mp4", good.float(), 25)
    with pytest.raises(ValueError, match="fps=0"):
        video.write(tmp_path / "a.mp4", good, 0)
    with pytest.raises(video.VideoError, match=r"must end in .mp4, .mov or .mkv"):
        video.write(tmp_path / "a.txt", good, 25)
    with pytest.raises(video.VideoError, match="there is no folder"):
        video.write(tmp_path / "nowhere" / "a.mp4", good, 25)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch, carphone):
    path = video.write(tmp_path / "clip.mp4", carphone[:2], 30)
    before = path.read_bytes()

    sound = av.VideoFrame.from_ndarray
    pictures = iter([sound] * 60)  # then the disk is full, when part of the file has been written

    def full(*arguments, **options):
        make = next(pictures, None)
        if make is None:
            raise OSError("disk full")
        return make(*arguments, **options)

    monkeypatch.setattr(av.VideoFrame, "from_ndarray", full)
    with pytest.raises(video.VideoError, match="could not be written: disk full"):
        video.write(path, carphone, 30)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    "make",
    [badfiles.make_plain, badfiles.make_rotated, badfiles.make_grey, badfiles.make_ten_bit,
     badfiles.make_odd_size, badfiles.make_alpha],
)  # fmt: skip
def test_packed_images_have_the_same_values_in_another_order_in_memory(make, tmp_path):
    path = make(tmp_path)
    for plain, packed in zip(video.stream(path), video.stream(path, packed=True), strict=True):
        assert torch.equal(plain.image, packed.image)
        assert (plain.index, plain.time) == (packed.index, packed.time)
        assert packed.image.permute(1, 2, 0).is_contiguous()
        assert packed.image[None].is_contiguous(memory_format=torch.channels_last)
    with pytest.raises(ValueError, match=r"leave out size=\(24, 32\), or packed"):
        video.stream(path, size=(24, 32), packed=True)
