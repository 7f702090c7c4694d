"""features with `decoder="torchcodec"`: the same features, and a note that a run started again looks at."""

import sys
from dataclasses import replace

import pytest
import torch
from support import badfiles
from support.means import means
from torch import nn

from coursekit import cli, data, encoders, features, video
from coursekit.features import _extract
from coursekit.video import _torchcodec
from tools import gpu


@pytest.fixture(scope="module", name="means")
def _means():
    return means()


@pytest.fixture
def by_our_reader(monkeypatch):
    """Our own reader in torchcodec's place; the list of films that it was asked for."""
    asked = []

    def stream(path, selection, track, device):
        asked.append(path.name)
        return video.stream(path, selection, track=track)

    monkeypatch.setattr(_torchcodec, "stream", stream)
    monkeypatch.setattr(_torchcodec, "check_decoder", lambda name: None)
    monkeypatch.setattr("coursekit.features._batch.check_decoder", lambda name: None)
    return asked


@pytest.mark.parametrize("make", [badfiles.make_plain, badfiles.make_variable_rate, badfiles.make_rotated])
def test_features_frames_and_times_are_the_same(installed, means, tmp_path, make):
    path = make(tmp_path)
    for part in ({}, {"every": 3}, {"fps": 10}, {"seconds": (0.1, 0.5)}):
        ours = features.extract(path, means, **part)
        theirs = features.extract(path, means, decoder="torchcodec", **part)
        assert torch.equal(theirs.frames, ours.frames)
        assert torch.equal(theirs.times, ours.times)
        torch.testing.assert_close(theirs.values, ours.values, rtol=0, atol=1e-5)


@pytest.mark.gpu
@pytest.mark.skipif(gpu.missing() is not None, reason=str(gpu.missing()))
def test_features_decoded_on_the_gpu_are_nearly_those_of_our_reader(installed):
    clip = data.clip("bikes")
    encoder = encoders.load(device="cuda")
    ours = features.extract(clip, encoder, fps=10)
    theirs = features.extract(clip, encoder, fps=10, decoder="torchcodec")
    assert torch.equal(theirs.frames, ours.frames)
    assert (nn.functional.cosine_similarity(theirs.values, ours.values) > 0.99).all()


def test_frames_are_resized_and_cropped_on_the_device_that_decoded_them(
    by_our_reader, means, tmp_path, monkeypatch
):
    ours = list(video.stream(badfiles.make_plain(tmp_path)))
    there = [replace(frame, image=frame.image.to("meta")) for frame in ours]  # "meta" cannot be copied from
    monkeypatch.setattr(_torchcodec, "stream", lambda path, selection, track, device: iter(there))
    how, selection = means.preprocessing, video.Selection()
    batches = _extract.batches("", selection, how, None, 8, decoder="torchcodec", device=torch.device("meta"))
    images = [images for images, _, _ in batches]
    assert {image.device.type for image in images} == {"meta"}
    assert [tuple(image.shape) for image in images] == [(8, 3, 24, 32), (8, 3, 24, 32), (4, 3, 24, 32)]


def test_the_feature_file_names_the_decoder_only_if_it_is_another(by_our_reader, means, tmp_path):
    path = badfiles.make_plain(tmp_path)
    plain = features.extract(path, means)
    other = features.load(features.extract_to(tmp_path / "a.h5", path, means, decoder="torchcodec"))
    assert "decoder" not in plain.preprocessing
    assert other.preprocessing == {**plain.preprocessing, "decoder": "torchcodec"}
    assert by_our_reader == ["plain.mp4"]


def test_a_run_with_the_other_decoder_makes_the_features_again(by_our_reader, means, tmp_path):
    path = badfiles.make_plain(tmp_path)
    made = [
        features.extract_all(path, tmp_path / "out", means, decoder=decoder, progress=False).made
        for decoder in ("pyav", "torchcodec", "torchcodec", "pyav")
    ]
    assert made == [1, 1, 0, 1]
    assert by_our_reader == ["plain.mp4"]


def test_without_the_package_nothing_is_begun(monkeypatch, means, tmp_path, capsys):
    for name in ("torchcodec", "torchcodec.decoders"):
        monkeypatch.setitem(sys.modules, name, None)
    path = badfiles.make_plain(tmp_path)
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="pip install torchcodec"):
        features.extract(path, means, decoder="torchcodec")
    with pytest.raises(ValueError, match="pip install torchcodec"):
        features.extract_to(tmp_path / "a.h5", path, means, decoder="torchcodec")
    assert cli.main(["features", str(path), "--out", str(out), "--decoder", "torchcodec"]) == 2
    assert "pip install torchcodec" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == [path]
