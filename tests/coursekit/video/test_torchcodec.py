"""torchcodec instead of our reader: the same frames, times and pixels, or an error. On the CPU alone."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from support import badfiles, tracks

from coursekit import data, video
from coursekit.video import Selection, VideoError, _torchcodec

CPU = torch.device("cpu")


@pytest.fixture
def stand_in(monkeypatch):
    """A package of torchcodec's shape, which our own reader feeds: its `faults` change what it gives."""
    faults = SimpleNamespace(pixels=lambda images: images, late=0.0)

    class VideoDecoder:
        def __init__(self, path, **_):
            self.path = path

        def get_frames_at(self, numbers):
            chosen = Selection(indices=numbers)
            times = video.times(self.path, chosen) + faults.late
            return SimpleNamespace(data=faults.pixels(video.read(self.path, chosen)), pts_seconds=times)

    package, decoders = ModuleType("torchcodec"), ModuleType("torchcodec.decoders")
    package.decoders, decoders.VideoDecoder = decoders, VideoDecoder
    monkeypatch.setitem(sys.modules, "torchcodec", package)
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", decoders)
    return faults


def frames(path, **part):
    return list(_torchcodec.stream(path, Selection(**part), None, CPU))


PARTS = [{}, {"every": 3}, {"fps": 10}, {"seconds": (0.1, 0.5)}, {"indices": [9, 2, 9]}]
FILMS = {
    "plain": badfiles.make_plain,
    "variable frame rate": badfiles.make_variable_rate,
    "turned by 90 degrees": badfiles.make_rotated,
    "turned by 180 degrees": lambda folder: badfiles.make_rotated(folder, 180),
    "edit list": badfiles.make_edit_list,
    "odd size": badfiles.make_odd_size_420,
    "full range": badfiles.make_full_range,
}


@pytest.mark.parametrize("film", FILMS)
def test_numbers_times_and_pixels_are_those_of_our_reader(installed, tmp_path, film):
    path = FILMS[film](tmp_path)
    for part in PARTS:
        ours, theirs = list(video.stream(path, **part)), frames(path, **part)
        assert [(frame.index, frame.time) for frame in theirs] == [(f.index, f.time) for f in ours]
        for our, their in zip(ours, theirs, strict=True):
            assert torch.equal(their.image, our.image), part


def test_a_clip_of_the_course_is_the_same(installed):
    path = data.clip("bikes")
    part = {"seconds": (1, 3), "fps": 10}
    ours, theirs = list(video.stream(path, **part)), frames(path, **part)
    assert [frame.time for frame in theirs] == [frame.time for frame in ours]
    assert all(torch.equal(a.image, b.image) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("track", [None, 0, 1])
def test_the_track_is_the_one_that_our_reader_takes(installed, tmp_path, track):
    path = tracks.with_tracks(tmp_path / "film.mkv", [(48, 64), (64, 96)])
    ours = video.read(path, track=track)
    theirs = [frame.image for frame in _torchcodec.stream(path, Selection(), track, CPU)]
    assert torch.equal(torch.stack(theirs), ours)


def test_a_film_whose_frames_it_numbers_otherwise_is_refused(installed, tmp_path):
    path = badfiles.write(tmp_path / "b_frames.avi", codec="mpeg4", options={"bf": "2"})
    with pytest.raises(VideoError, match=r"its frame 10 is shown at .* use decoder='pyav'"):
        frames(path)


def test_ten_bits_come_within_the_tolerance(installed, tmp_path):
    path = badfiles.make_ten_bit(tmp_path)
    for ours, theirs in zip(video.stream(path), frames(path), strict=True):
        assert (ours.image.float() - theirs.image.float()).abs().mean() < _torchcodec.TOLERANCE


def test_a_damaged_frame_is_refused_with_the_way_out(installed, tmp_path):
    with pytest.raises(VideoError, match="use decoder='pyav'"):
        frames(badfiles.make_corrupt(tmp_path))


@pytest.mark.parametrize("part", PARTS)
def test_our_index_chooses_the_frames(stand_in, tmp_path, part):
    path = badfiles.make_variable_rate(tmp_path)
    ours, theirs = list(video.stream(path, **part)), frames(path, **part)
    assert [(frame.index, frame.time) for frame in theirs] == [(f.index, f.time) for f in ours]
    assert [badfiles.number(frame.image) for frame in theirs] == [frame.index for frame in ours]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"late": 0.04}, r"its frame 10 is shown at 0\.440 s, expected 0\.400 s"),
        ({"pixels": lambda images: images.flip(-1)}, "the pixels of frame 10 differ by"),
        ({"pixels": lambda images: images.flip(1)}, "the pixels of frame 10 differ by"),
        ({"pixels": lambda images: images.mT}, r"its frames have the size \(64, 48\), expected \(48, 64\)"),
        ({"pixels": lambda images: images[:, 9]}, "index 9 is out of bounds"),
    ],
)
def test_other_times_pixels_or_sizes_are_refused(stand_in, tmp_path, fault, reason):
    vars(stand_in).update(fault)
    with pytest.raises(VideoError, match=rf"plain\.mp4 cannot be .*{reason}.*: use decoder='pyav'"):
        frames(badfiles.make_plain(tmp_path))


def test_a_part_without_frames_is_the_readers_own_error(stand_in, tmp_path):
    with pytest.raises(VideoError, match=r"has no frame that can be decoded in seconds=\(5, 6\)"):
        frames(badfiles.make_plain(tmp_path), seconds=(5, 6))


def test_an_unknown_decoder_is_refused():
    with pytest.raises(ValueError, match="decoder='cuda' is unknown: choose one of pyav, torchcodec"):
        _torchcodec.check_decoder("cuda")


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchcodec", None)
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", None)
    with pytest.raises(ValueError, match="pip install torchcodec"):
        _torchcodec.check_decoder("torchcodec")


def test_a_package_that_does_not_load_is_told_apart_from_a_missing_one(monkeypatch):
    class Broken:
        def find_spec(self, name, *_):
            if name.startswith("torchcodec"):
                raise RuntimeError("Could not load libtorchcodec.\nA long list follows.")

    for name in [name for name in sys.modules if name.startswith("torchcodec")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(ValueError, match=r"installed but does not load \(Could not load libtorchcodec.\)"):
        _torchcodec.check_decoder("torchcodec")
