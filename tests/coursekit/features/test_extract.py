"""From a file to T x k: as by hand, with the decoder's times, in bounded memory, whole or not at all."""

import json
import math

import h5py
import pytest
import torch
from support import badfiles
from support.means import means

from coursekit import data, encoders, features, video

FILM = data.clip("bikes")


@pytest.fixture(scope="module", name="means")
def _means():
    return means()


@pytest.fixture(scope="module")
def windowed():
    return means(encoders.Windows(8, 8))


@pytest.fixture(scope="module")
def lite():
    return encoders.load()


def test_a_film_with_the_default_encoder_is_the_plain_loop(lite):
    found = features.extract(FILM, lite, frames=(100, 121))
    plain = encoders.load(backend="eager")
    rows = []
    for image in video.frames(FILM, frames=(100, 121)):  # (3, 272, 640)
        with torch.inference_mode():
            rows.append(plain.network(plain.normalise(plain.prepare(image[None]))))  # (1, 1280)
    right = torch.cat(rows)
    assert found.values.shape == (21, 1280)
    assert found.values.dtype == torch.float32
    assert torch.cosine_similarity(found.values, right).min() > 0.99999
    assert (found.values - right).abs().max() < 1e-3 * right.abs().max()
    assert found.frames.tolist() == list(range(100, 121))
    assert torch.equal(found.times, video.times(FILM, frames=(100, 121)))
    assert (found.encoder, found.source) == ("efficientnet_lite0", "bikes.mp4")


@pytest.mark.parametrize("part", [{}, {"every": 7}, {"fps": 10}, {"seconds": (1, 3)}, {"indices": [9, 2, 9]}])
@pytest.mark.parametrize("batch", [1, 4, None])
@pytest.mark.slow
def test_any_part_in_any_batches_is_what_the_reader_reads(means, part, batch):
    found = features.extract(FILM, means, batch=batch, **part)
    torch.testing.assert_close(found.values, means(video.read(FILM, **part)))
    assert torch.equal(found.times, video.times(FILM, **part))
    assert len(found.frames) == len(found.values)


def test_a_selection_as_an_object_is_the_same_as_its_keywords(means, tmp_path):
    part = {"seconds": (1, 3), "fps": 7}
    by_keywords = features.extract(FILM, means, **part)
    by_object = features.extract(FILM, means, video.Selection(**part))
    file = features.extract_to(tmp_path / "a.h5", FILM, means, video.Selection(**part))
    streamed = torch.cat([row.values for row in features.stream(FILM, means, video.Selection(**part))])
    for values in (by_object.values, features.load(file).values, streamed):
        assert torch.equal(values, by_keywords.values)
    assert by_keywords.selection == features.load(file).selection == {"seconds": "(1, 3)", "fps": "7"}


def test_times_are_those_of_the_file_not_of_a_frame_rate(means, tmp_path):
    path = badfiles.make_variable_rate(tmp_path)
    found = features.extract(path, means)
    steps = found.times.diff()
    assert steps.max() > 1.5 * steps.min()
    assert torch.equal(found.times, video.times(path))


def test_a_row_of_a_video_network_stands_at_the_first_frame_of_its_window(windowed):
    found = features.extract(FILM, windowed, every=2)
    clip = video.read(FILM, every=2)  # (125, 3, 272, 640)
    assert found.frames.tolist() == list(range(0, 250, 16))
    assert len(found.values) == math.ceil(125 / 8)
    torch.testing.assert_close(found.values, windowed(clip))


@pytest.mark.slow
def test_a_dense_video_network_gives_a_row_for_each_frame():
    encoder = encoders.load("transnetv2", weights="random", backend="eager")
    found = features.extract(FILM, encoder, frames=(0, 60))
    assert found.values.shape == (60, 1024)
    assert found.frames.tolist() == list(range(60))


def test_only_a_few_batches_are_decoded_ahead(means, monkeypatch):
    taken = 0
    whole = video.stream

    def counted(*arguments, **options):
        nonlocal taken
        for frame in whole(*arguments, **options):
            taken += 1
            yield frame

    monkeypatch.setattr(video, "stream", counted)
    rows = features.stream(FILM, means, batch=4)
    next(rows)
    assert taken <= 4 * (2 + 2 + 2), "two batches in the network, two waiting, one in the hand"
    rows.close()


def test_saved_and_loaded_is_the_same(means, tmp_path):
    found = features.extract(FILM, means, fps=5)
    features.save(tmp_path / "film.h5", found)
    again = features.load(tmp_path / "film.h5")
    for name in ("values", "times", "frames"):
        assert torch.equal(getattr(found, name), getattr(again, name))
    assert found.__dict__.keys() == again.__dict__.keys()
    for name in ("encoder", "weights", "weights_hash", "preprocessing", "selection", "source_sha256"):
        assert getattr(found, name) == getattr(again, name)
    assert again.selection == {"fps": "5"}
    part = features.load(tmp_path / "film.h5", rows=(3, 7))
    assert torch.equal(part.values, found.values[3:7])
    assert torch.equal(part.times, found.times[3:7])
    with pytest.raises(ValueError, match=r"rows=\(3, 99\) must be .* <= 50"):
        features.load(tmp_path / "film.h5", rows=(3, 99))


def test_straight_to_the_file_is_the_same(means, tmp_path):
    features.extract_to(tmp_path / "a.h5", FILM, means, every=3)
    features.save(tmp_path / "b.h5", features.extract(FILM, means, every=3))
    with h5py.File(tmp_path / "a.h5") as a, h5py.File(tmp_path / "b.h5") as b:
        assert dict(a.attrs) == dict(b.attrs)
        for name in ("values", "times", "frames"):
            assert (a[name][:] == b[name][:]).all()
    assert features.header(tmp_path / "a.h5")["rows"] == 84


@pytest.mark.parametrize("target", ["film.h5", "same/film.h5", "link.h5", "hard.h5", "folder/../film.h5"])
def test_a_video_is_never_written_over_by_its_features(target, means, tmp_path):
    source = tmp_path / "film.h5"
    source.write_bytes(FILM.read_bytes())
    (tmp_path / "folder").mkdir()
    (tmp_path / "same").symlink_to(tmp_path)
    (tmp_path / "link.h5").symlink_to(source)
    (tmp_path / "hard.h5").hardlink_to(source)
    with pytest.raises(features.FeaturesError, match=r"written over the video .*: choose another folder"):
        features.extract_to(tmp_path / target, source, means)
    assert source.read_bytes() == FILM.read_bytes()
    assert (tmp_path / "link.h5").is_symlink()


def test_a_feature_file_explains_itself(means, tmp_path):
    file = features.extract_to(tmp_path / "a.h5", FILM, means, frames=(0, 4))
    with h5py.File(file) as hdf5:
        notes = dict(hdf5.attrs)
    assert notes["source_sha256"] == data.MANIFEST["bikes"].sha256
    assert notes["source_bytes"] == data.MANIFEST["bikes"].bytes
    assert json.loads(notes["preprocessing"])["crop"] == [24, 32]
    assert json.loads(notes["selection"]) == {"frames": "(0, 4)"}
    assert len(notes["weights_hash"]) == 16


@pytest.mark.parametrize(
    "make",
    [badfiles.make_missing, badfiles.make_directory, badfiles.make_empty, badfiles.make_text,
     badfiles.make_audio_only, badfiles.make_zero_frames, badfiles.make_truncated_without_index],
)  # fmt: skip
def test_a_bad_video_is_an_error_that_names_it_and_leaves_nothing(make, means, tmp_path):
    path, target = make(tmp_path), tmp_path / "features.h5"
    before = sorted(tmp_path.iterdir())
    with pytest.raises(video.VideoError, match=path.name):
        features.extract_to(target, path, means)
    with pytest.raises(video.VideoError, match=path.name):
        features.extract(path, means)
    assert sorted(tmp_path.iterdir()) == before


def test_a_damaged_video_gives_its_good_frames_and_a_warning(means, tmp_path):
    path = badfiles.make_truncated(tmp_path)
    with pytest.warns(video.DamagedVideoWarning):
        found = features.extract(path, means)
    assert 0 < len(found.values) < badfiles.FRAMES
    assert len(found.values) == len(found.times)


def test_an_error_in_the_middle_leaves_an_older_file_as_it_was(means, tmp_path, monkeypatch):
    target = tmp_path / "features.h5"
    features.extract_to(target, FILM, means, frames=(0, 9))
    before = target.read_bytes()
    whole = video.stream

    def breaks(*arguments, **options):
        yield from list(whole(*arguments, **options))[:5]
        raise video.VideoError("the disk was pulled out")

    monkeypatch.setattr(video, "stream", breaks)
    with pytest.raises(video.VideoError, match="pulled out"):
        features.extract_to(target, FILM, means, batch=2, frames=(0, 20))
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["features.h5"]


def _damage(path, how):
    if how == "bit":
        content = bytearray(path.read_bytes())
        with h5py.File(path) as hdf5:
            place = hdf5["values"].id.get_chunk_info(0).byte_offset
        content[place + 5] ^= 1
        path.write_bytes(bytes(content))
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:3000])
    elif how == "text":
        path.write_text("no features")
    elif how == "other":
        with h5py.File(path, "w") as hdf5:
            hdf5["clip"] = [1, 2, 3]
    elif how == "short":
        with h5py.File(path, "a") as hdf5:
            del hdf5["times"]
            hdf5["times"] = [0.0]
    elif how == "silent":
        with h5py.File(path, "a") as hdf5:
            del hdf5.attrs["encoder"]


@pytest.mark.parametrize("how", ["bit", "cut", "text", "other", "short", "silent"])
def test_a_damaged_feature_file_says_so(how, means, tmp_path):
    file = features.extract_to(tmp_path / "a.h5", FILM, means, frames=(0, 4))
    _damage(file, how)
    with pytest.raises(features.FeaturesError, match=r"a\.h5 .*extract it again"):
        features.load(file)


def test_what_is_asked_wrongly(means, tmp_path):
    with pytest.raises(
        features.FeaturesError, match=r"must end in \.h5, \.npy, \.safetensors, \.hdf5, got '\.pt'"
    ):
        features.extract_to(tmp_path / "a.pt", FILM, means)
    with pytest.raises(features.FeaturesError, match="there is no folder"):
        features.extract_to(tmp_path / "no" / "a.h5", FILM, means)
    with pytest.raises(features.FeaturesError, match="no such file"):
        features.load(tmp_path / "a.h5")
    with pytest.raises(ValueError, match="batch=0 must be"):
        features.extract(FILM, means, batch=0)
    with pytest.raises(ValueError, match="fps and every both"):
        features.extract(FILM, means, fps=5, every=2)
    size = {"size": (24, 32)}
    for call in (
        lambda: features.extract(FILM, means, **size),
        lambda: features.extract_to(tmp_path / "a.h5", FILM, means, **size),
        lambda: features.stream(FILM, means, video.Selection(**size)),
    ):
        with pytest.raises(ValueError, match=r"size=\(24, 32\) is not for features: the encoder resizes"):
            call()
    with pytest.raises(ValueError, match="a Selection or keywords, not both"):
        features.extract(FILM, means, video.Selection(), fps=5)
    with pytest.raises(TypeError, match="unexpected keyword argument 'step'"):
        features.extract(FILM, means, step=5)
    with pytest.raises(ValueError, match="leave it out"):
        features.extract(FILM, means, device="meta")
    with pytest.raises(ValueError, match="encoder='resnet19' is unknown"):
        features.extract(FILM, "resnet19")


def test_the_bar_counts_all_frames(means, capsys):
    features.extract(FILM, means, frames=(0, 30), progress=True)
    shown = capsys.readouterr().err
    assert "0/30 [" in shown
    assert "frame/s" in shown
