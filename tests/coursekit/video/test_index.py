"""Counts, times and parts all speak of one list of pictures, those that are shown, in every container."""

import random
import subprocess
import sys
import warnings
from fractions import Fraction

import pytest
import torch
from PIL import Image
from support import badfiles

from coursekit import video
from coursekit.video._index import Row, Rows, _is_one_vop, is_sound
from coursekit.video._source import Source

FILMS = {  # and whether the packets alone may tell the pictures
    "mp4": (lambda folder: badfiles.make_groups(folder, ".mp4"), True),
    "mkv": (lambda folder: badfiles.make_groups(folder, ".mkv"), True),
    "ts": (lambda folder: badfiles.make_groups(folder, ".ts"), True),
    "m2ts": (lambda folder: badfiles.make_groups(folder, ".m2ts"), True),
    "flv": (lambda folder: badfiles.make_groups(folder, ".flv"), True),
    "mpg": (lambda folder: badfiles.make_groups(folder, ".mpg"), False),
    "avi, mpeg4": (lambda folder: badfiles.make_groups(folder, ".avi"), False),
    "avi, h264": (badfiles.make_h264_avi, False),
    "mp4, mpeg4": (badfiles.make_mpeg4, True),
    "mkv, mpeg4 with its headers in the stream": (lambda folder: badfiles.make_mpeg4(folder, ".mkv"), False),
    "webm": (lambda folder: badfiles.make_groups(folder, ".webm"), True),
    "nut": (lambda folder: badfiles.make_groups(folder, ".nut"), False),
    "no times": (lambda folder: badfiles.make_groups(folder, ".h264"), False),
    "open groups, mp4": (badfiles.make_open_gop, True),
    "open groups, mkv": (lambda folder: badfiles.make_open_gop(folder, ".mkv"), True),
    "open groups, ts": (lambda folder: badfiles.make_open_gop(folder, ".ts"), True),
    "open groups, hevc": (lambda folder: badfiles.make_open_gop(folder, ".mp4", "libx265"), True),
    "open groups, hevc ts": (lambda folder: badfiles.make_open_gop(folder, ".ts", "libx265"), True),
    "intra refresh, mp4": (badfiles.make_intra_refresh, True),
    "intra refresh, ts": (lambda folder: badfiles.make_intra_refresh(folder, ".ts"), True),
    "edit list": (badfiles.make_edit_list, False),
    "late": (badfiles.make_late_transport, False),
    "late, hevc": (lambda folder: badfiles.make_late_transport(folder, "libx265"), False),
    "joined, ts": (badfiles.make_joined_transport, False),
    "joined, mpg": (badfiles.make_joined_program, False),
    "times in the order of decoding, mp4": (lambda folder: badfiles.make_unordered(folder, ".mp4"), False),
    "times in the order of decoding, mkv": (lambda folder: badfiles.make_unordered(folder, ".mkv"), False),
    "begun inside a group": (badfiles.make_begun_inside, False),
    "one time too late": (lambda folder: badfiles.make_wrong_time(folder, 12), False),
    "two frames with one time": (lambda folder: badfiles.make_wrong_time(folder, 1), False),
    "interlaced": (badfiles.make_interlaced, False),
    "gif": (badfiles.make_animation, False),
}


@pytest.fixture(scope="module", params=FILMS)
def film(request, tmp_path_factory):
    """Path of a film, its frames as the stream gives them, and whether its packets may tell the pictures."""
    make, sound = FILMS[request.param]
    path = make(tmp_path_factory.mktemp("film"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", video.DamagedVideoWarning)
        return path, list(video.stream(path)), sound


def assert_same(part, expected):
    assert [(frame.index, frame.time) for frame in part] == [(frame.index, frame.time) for frame in expected]
    assert all(torch.equal(one.image, other.image) for one, other in zip(part, expected, strict=True))


def test_counts_and_times_are_those_of_the_frames(film):
    path, whole, _ = film
    times = [frame.time for frame in whole]
    assert [frame.index for frame in whole] == list(range(len(whole)))
    assert times == sorted(set(times))
    assert video.times(path).tolist() == times
    assert video.probe(path).frames == len(whole)


def test_frames_come_in_the_order_in_which_they_are_shown(film):
    _, whole, _ = film
    numbers = [badfiles.number(frame.image) for frame in whole]
    count = numbers[-1] + 1
    assert numbers == [number % count for number in range(numbers[0], numbers[0] + len(numbers))]


def test_a_part_is_that_slice_of_the_whole(film):
    path, whole, _ = film
    for first in range(0, len(whole), 7):
        assert_same(list(video.stream(path, frames=(first, first + 2))), whole[first : first + 2])
    for every in (2, 31):
        assert_same(list(video.stream(path, every=every)), whole[::every])
    for start in (0.33, 1.5):
        start, stop = whole[0].time + start, whole[0].time + start + 0.2
        expected = [frame for frame in whole if start <= frame.time < stop]
        if expected:
            assert_same(list(video.stream(path, seconds=(start, stop))), expected)
        else:  # the film is over by then
            with pytest.raises(video.VideoError, match="no frame that can be decoded in seconds="):
                list(video.stream(path, seconds=(start, stop)))


def test_chosen_frames_come_in_the_order_asked_for(film):
    path, whole, _ = film
    chance = random.Random(0)
    last = len(whole) - 1
    drawn = [chance.choices(range(len(whole)), k=7) for _ in range(3)]
    for indices in ([last], [0, 0], [last, 0, last], [5, 3, 4, 4, 9], *drawn):
        expected = [whole[index] for index in indices]
        assert_same(list(video.stream(path, indices=indices)), expected)
        assert torch.equal(
            video.read(path, indices=indices), torch.stack([frame.image for frame in expected])
        )
        assert video.times(path, indices=indices).tolist() == [frame.time for frame in expected]


def test_a_frame_after_the_last_one_is_an_error_that_says_how_many_there_are(film):
    path, whole, _ = film
    for use in (video.read, video.times, lambda *args, **rest: list(video.frames(*args, **rest))):
        with pytest.raises(
            video.VideoError, match=f"no frame {len(whole)} that .* it holds {len(whole)} frames"
        ):
            use(path, indices=[1, len(whole), 0])


def test_a_target_rate_shows_the_frame_that_is_then_on_the_screen(film):
    path, whole, _ = film
    for fps in (4, 60):
        shown = list(video.stream(path, fps=fps))
        ticks = [Fraction(whole[0].time) + Fraction(count, fps) for count in range(len(shown))]
        for tick, frame in zip(ticks, shown, strict=True):
            assert frame.index == max(index for index, one in enumerate(whole) if one.time <= tick + 1e-9)
        assert ticks[-1] < whole[-1].time + 0.2
        assert [frame.time for frame in shown] == video.times(path, fps=fps).tolist()


def test_only_packets_that_prove_it_spare_the_decoding(film):
    path, _, sound = film
    with Source(path) as source:
        assert (source._scanned().table is not None) == sound


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".flv"])
def test_a_part_near_the_end_is_entered_at_its_group(suffix, tmp_path):
    path = badfiles.make_groups(tmp_path, suffix)
    with Source(path) as source:
        table = source._scanned().table
        key = table.rows[[place for place, is_key in enumerate(table.rows.are_keys) if is_key][3]]
        packets = source._packets_from(key)
        assert Row.of(next(packets)).is_same(key)


@pytest.mark.parametrize(
    ("ticks", "keys", "depth", "sound"),
    [
        ([0, 1, 2, 3], {0}, 0, True),
        ([0, 3, 1, 2, 6, 4, 5], {0}, 1, True),
        ([0, 1, 2, 3], {0}, 1, False),  # a decoder that reorders would not give them in this order
        ([0, 3, 1, 2, 6, 4, 5], {0}, 0, False),  # a decoder without reordering would give 3 before 1
        ([0, 1, 1, 2], {0}, 1, False),
        ([1, 2, 3], set(), 0, False),
        ([4, 1, 2, 8, 5], {0}, 2, False),  # frames before the first key frame
        ([0, 1, 2, 9, 3, 4, 5, 6], {0}, 2, True),
        ([0, 9, 8, 7, 3, 4, 5, 6], {0}, 2, False),
        ([], set(), 0, False),
    ],
)
def test_times_are_trusted_only_if_a_decoder_gives_its_pictures_in_their_order(ticks, keys, depth, sound):
    rows = Rows(Row(tick, None, place in keys) for place, tick in enumerate(ticks))
    assert is_sound(rows, depth) == sound


VOP, GROUP = b"\0\0\1\xb6", b"\0\0\1\xb3"


@pytest.mark.parametrize(
    ("data", "one"),
    [
        (VOP + bytes(range(1, 17)), True),
        (GROUP + b"\0\x10\7" + VOP + bytes(range(1, 17)), True),
        (VOP + bytes(range(1, 16)), False),  # so short: a mark that no picture is shown
        (2 * (VOP + bytes(range(1, 17))), False),  # two pictures in one packet
        (b"\0\0\1\xb2XviD" + VOP + bytes(range(1, 17)), False),  # tells the decoder how to go on
        (b"", False),
    ],
)
def test_an_mpeg4_packet_is_trusted_only_if_it_is_one_picture_and_nothing_else(data, one):
    assert _is_one_vop(data) == one


def test_frames_after_damage_keep_their_numbers_in_the_whole_and_in_parts(tmp_path):
    path = badfiles.make_open_gop(tmp_path, ".mp4", "libx265")
    data = bytearray(path.read_bytes())
    with Source(path) as source:
        packets = [(packet.pos, packet.size) for packet in source._packets() if packet.size]
    offset, size = packets[17]
    data[offset + 5 : offset + size] = bytes(size - 5)  # the decoder leaves frames out and says nothing
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", video.DamagedVideoWarning)
        whole = {frame.index: frame for frame in video.stream(path)}
        assert 40 < len(whole) < 60
        assert all(frame.time == pytest.approx(index / 25) for index, frame in whole.items())
        part = list(video.stream(path, frames=(50, 53)))
        lost = next(index for index in range(60) if index not in whole)
        chosen = list(video.stream(path, indices=[52, 3, 50]))
        with pytest.raises(video.VideoError, match=f"no frame {lost} that can be decoded"):
            video.read(path, indices=[0, lost])
    assert_same(part, [whole[50], whole[51], whole[52]])
    assert_same(chosen, [whole[52], whole[3], whole[50]])


def test_empty_packets_of_an_avi_do_not_end_the_decoding(tmp_path):
    pts = [0, 1, 2, 6, 7, *range(10, 25)]  # the container fills the gaps with packets of 0 bytes
    path = badfiles.write(tmp_path / "gaps.avi", codec="mpeg4", pts=pts, options={"qscale": "2"})
    frames = list(video.stream(path))
    assert [badfiles.number(frame.image) for frame in frames] == list(range(20))
    times = [round(25 * (frame.time - frames[0].time)) for frame in frames]
    assert times == pts
    assert_same(list(video.stream(path, frames=(12, 14))), frames[12:14])


# ---------------------------------------------------------------- the last picture


def test_the_last_picture_of_a_gif_lasts_as_long_as_the_file_says(tmp_path):
    path = tmp_path / "hold.gif"
    images = [Image.new("RGB", (64, 48), colour) for colour in ("red", "green", "blue")]
    images[0].save(path, save_all=True, append_images=images[1:], duration=[1000, 2000, 3000])
    assert [frame.index for frame in video.stream(path, fps=1)] == [0, 1, 1, 2, 2, 2]
    assert [frame.index for frame in video.stream(path, fps=1, frames=(0, 2))] == [0, 1, 1]
    assert [frame.index for frame in video.stream(path, fps=1, seconds=(0, 2))] == [0, 1]
    assert video.probe(path).duration == 6


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts", ".h264"])
def test_twice_the_frame_rate_gives_twice_the_frames(suffix, tmp_path):
    path = badfiles.write(tmp_path / f"film{suffix}", options={"bf": "0"})
    assert len(video.read(path, fps=50)) == 40
    assert len(video.read(path, fps=50, frames=(5, 9))) == 8
    assert len(video.read(path, fps=Fraction(25, 2))) == 10


# ---------------------------------------------------------------- memory

PEAK = """
import sys
from pathlib import Path
from coursekit import video

def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) * 1024

before = memory("VmRSS:")
Path("/proc/self/clear_refs").write_text("5")
clip = video.read(sys.argv[1])
assert clip.untyped_storage().nbytes() == clip.numel()
print((memory("VmHWM:") - before) / clip.numel())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("suffix", [".mp4", ".h264"])
@pytest.mark.slow
def test_reading_needs_less_than_one_and_a_half_times_the_tensor(suffix, tmp_path):
    path = tmp_path / f"film{suffix}"
    badfiles.write(path, indices=range(100), size=(480, 640), options={"preset": "ultrafast"})
    run = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
    assert 1 <= float(run.stdout) < 1.5


@pytest.mark.parametrize("suffix", [".mp4", ".h264"])
def test_a_clip_larger_than_memory_is_refused_with_and_without_times(suffix, tmp_path, monkeypatch):
    path = badfiles.write(tmp_path / f"film{suffix}")
    monkeypatch.setattr("os.sysconf", lambda name: 400)  # 160,000 bytes; the clip has 184,320
    with pytest.raises(video.VideoError, match=r"\(20, 3, 48, 64\) needs .* stream it with video.frames"):
        video.read(path)
    assert len(video.read(path, frames=(0, 17))) == 17


PALETTES = [("rawvideo", ".avi"), ("rawvideo", ".mov"), ("png", ".avi"), ("png", ".mov"), ("smc", ".mov")]


@pytest.mark.parametrize(("codec", "suffix"), PALETTES)
def test_a_palette_that_comes_with_the_first_packet_serves_every_part(codec, suffix, tmp_path):
    path = badfiles.make_palette(tmp_path, codec, suffix)
    whole = video.read(path)
    assert [badfiles.number(image) for image in whole] == list(range(20))
    assert all(badfiles.is_upright(image) for image in whole)
    assert torch.equal(video.read(path, frames=(5, 8)), whole[5:8])
    assert torch.equal(video.read(path, indices=[12, 3]), whole[[12, 3]])
    with Source(path) as source:
        assert source.info().frames == 20
        assert torch.equal(source.read(video.Selection(every=7)), whole[::7])
        assert torch.equal(source.read(video.Selection()), whole)


@pytest.mark.parametrize("cut", [30, 47, 60, 71, 82, 93])
def test_a_transport_stream_that_is_cut_off_gives_its_whole_frames_and_a_warning_each_time(cut, tmp_path):
    whole = badfiles.make_groups(tmp_path, ".ts")
    images = {frame.time: frame.image for frame in video.stream(whole)}
    path = tmp_path / "cut.ts"
    data = whole.read_bytes()
    path.write_bytes(data[: len(data) * cut // 100 // 188 * 188 + 100])
    results = set()
    for _ in range(10):  # the threads of the decoder do not come in the same order each time
        with pytest.warns(video.DamagedVideoWarning, match="damaged after its first") as caught:
            given = list(video.stream(path))
        assert len(caught) == 1
        assert all(torch.equal(frame.image, images[frame.time]) for frame in given)
        results.add(tuple(frame.time for frame in given))
        assert len(given) >= 60 * cut // 100 - 6  # those of the last group in hand may be missing
    assert len(results) == 1


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
@pytest.mark.parametrize("packet", [8, 31, 59])
def test_a_damaged_frame_is_never_given_whatever_the_threads_do(codec, packet, tmp_path):
    options = {"bf": "2", "g": "20", "b_strategy": "0"}
    path = tmp_path / "film.mp4"
    badfiles.write(path, indices=badfiles.LONG, size=(240, 320), codec=codec, options=options)
    whole = video.read(path)
    badfiles.overwrite(path, packets=range(packet, packet + 1), skip=12)
    results = set()
    for _ in range(12):
        with pytest.warns(video.DamagedVideoWarning, match="left out"):
            given = list(video.stream(path))
        assert all(torch.equal(frame.image, whole[frame.index]) for frame in given)
        results.add(tuple(frame.index for frame in given))
    assert len(results) == 1


@pytest.mark.parametrize("suffix", [".ts", ".h264"])
def test_after_a_change_of_size_a_part_is_that_slice_of_the_whole(suffix, tmp_path):
    small = badfiles.make_groups(tmp_path, suffix).read_bytes()
    large = badfiles.write(tmp_path / f"large{suffix}", size=(80, 96), options={"bf": "3", "b_strategy": "0"})
    path = tmp_path / f"both{suffix}"
    path.write_bytes(small + large.read_bytes())
    whole = video.read(path)
    assert whole.shape == (80, 3, 48, 64)
    for number in (3, 59, 60, 70):
        assert torch.equal(video.read(path, frames=(number, number + 2)), whole[number : number + 2])
        assert torch.equal(video.read(path, indices=[number]), whole[[number]])
    with Source(path) as source:
        for number in (70, 3, 71):
            assert torch.equal(source.read(video.Selection(indices=[number])), whole[[number]])


@pytest.mark.parametrize("packet", [5, 9, 57])
def test_frames_shown_before_the_damaged_one_that_they_build_on_are_left_out(packet, tmp_path):
    options = {"bf": "3", "g": "20", "b_strategy": "0", "b-pyramid": "none"}
    path = badfiles.write(tmp_path / "film.mp4", indices=badfiles.LONG, size=(240, 320), options=options)
    whole = video.read(path)
    badfiles.overwrite(path, packets=range(packet, packet + 1), skip=50)
    with pytest.warns(video.DamagedVideoWarning, match="left out"):
        given = list(video.stream(path))
    assert len(given) > 30
    assert all(torch.equal(frame.image, whole[frame.index]) for frame in given)
