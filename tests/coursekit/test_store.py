"""Clips in HDF5 and MAT files: exact round trips, partial reads, nothing half-written, clear errors."""

import os
import tempfile
from fractions import Fraction
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coursekit import layout, store

SUFFIXES = (".h5", ".hdf5", ".mat")


def random_clip(frames: int = 6, height: int = 9, width: int = 13, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (frames, 3, height, width), dtype=torch.uint8, generator=generator)


# ---------------------------------------------------------------- round trips


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 9)),
    seed=st.integers(0, 2**32),
    suffix=st.sampled_from(SUFFIXES),
    compress=st.booleans(),
    part=st.tuples(st.integers(0, 5), st.integers(0, 5)),
)
def test_every_value_comes_back(shape, seed, suffix, compress, part):
    clip = random_clip(*shape, seed=seed)  # (T, 3, H, W), T and W of 1 among them
    times = torch.arange(shape[0], dtype=torch.float64) / 7
    first, stop = min(part), max(part)
    with tempfile.TemporaryDirectory() as folder:
        path = store.save(f"{folder}/clip{suffix}", clip, fps=30000 / 1001, times=times, compress=compress)
        whole = store.load(path)
        assert torch.equal(whole.clip, clip)
        assert torch.equal(whole.times, times)
        assert whole.fps == Fraction(30000, 1001)
        if first < stop <= shape[0]:
            some = store.load(path, frames=(first, stop))
            assert torch.equal(some.clip, clip[first:stop])
            assert torch.equal(some.times, times[first:stop])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_contiguous_uint8_tensor_and_the_source_come_back(tmp_path, suffix):
    stored = store.load(store.save(tmp_path / f"clip{suffix}", random_clip(), source="film.mp4"))
    assert (stored.clip.dtype, stored.clip.shape) == (torch.uint8, (6, 3, 9, 13))
    assert stored.clip.is_contiguous()
    assert (stored.fps, stored.times, stored.source) == (None, None, "film.mp4")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_numpy_and_views_are_taken_too(tmp_path, suffix):
    clip = random_clip()
    path = tmp_path / f"clip{suffix}"
    assert torch.equal(store.load(store.save(path, clip.numpy())).clip, clip)
    channels_last = clip.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)  # same values, other strides
    assert torch.equal(store.load(store.save(path, channels_last)).clip, clip)


@pytest.mark.parametrize("suffix", [".h5", ".mat"])
def test_compression_makes_a_flat_clip_small(tmp_path, suffix):
    clip = torch.full((9, 3, 100, 100), 7, dtype=torch.uint8)
    small = store.save(tmp_path / f"small{suffix}", clip, compress=True).stat().st_size
    large = store.save(tmp_path / f"large{suffix}", clip).stat().st_size
    assert small < clip.numel() / 4 < clip.numel() < large


# ---------------------------------------------------------------- what other programs see


def test_hdf5_as_other_programs_see_it(tmp_path):
    clip = random_clip()
    path = store.save(tmp_path / "clip.h5", clip, fps=Fraction(30000, 1001), times=range(6), source="a.mp4")
    with h5py.File(path) as hdf5:
        assert sorted(hdf5) == ["clip", "times"]
        assert hdf5["clip"].chunks == (1, 3, 9, 13)  # one frame each
        np.testing.assert_array_equal(hdf5["clip"][()], clip)
        assert (hdf5.attrs["layout"], hdf5.attrs["source"]) == ("TCHW", "a.mp4")
        assert hdf5.attrs["fps"].tolist() == [30000, 1001]


def test_mat_as_other_programs_see_it(tmp_path):
    clip = random_clip()
    path = store.save(tmp_path / "clip.mat", clip, fps=25, times=range(6), source="a.mp4")
    assert scipy.io.whosmat(path) == [
        ("clip", (6, 3, 9, 13), "uint8"),
        ("layout", (1,), "char"),
        ("source", (1,), "char"),
        ("fps", (1, 2), "int64"),
        ("times", (1, 6), "double"),
    ]
    variables = scipy.io.loadmat(path)
    np.testing.assert_array_equal(variables["clip"], clip)
    frame = variables["clip"][0:1].transpose(2, 3, 1, 0)  # permute(clip(1, :, :, :), [3 4 2 1])
    np.testing.assert_array_equal(frame[..., 0], clip[0].permute(1, 2, 0))


def test_a_file_from_elsewhere_needs_only_the_array(tmp_path):
    clip = random_clip()
    with h5py.File(tmp_path / "clip.h5", "w") as hdf5:
        hdf5["clip"] = clip.numpy()
        hdf5.attrs["fps"] = 29.97
    scipy.io.savemat(tmp_path / "clip.mat", {"clip": clip.numpy(), "fps": 25.0})
    from_hdf5, from_mat = store.load(tmp_path / "clip.h5"), store.load(tmp_path / "clip.mat")
    assert torch.equal(from_hdf5.clip, clip)
    assert torch.equal(from_mat.clip, clip)
    assert (from_hdf5.fps, from_mat.fps) == (Fraction("29.97"), 25)


# ---------------------------------------------------------------- a part alone


def test_hdf5_reads_no_frame_but_those_asked_for(tmp_path):
    """The other frames are overwritten with noise: only who touches them can notice."""
    clip = random_clip(20, 32, 32) // 64  # compresses well
    path = store.save(tmp_path / "clip.h5", clip, compress=True)
    with h5py.File(path) as hdf5:
        chunks = [hdf5["clip"].id.get_chunk_info(number) for number in range(20)]
    data = bytearray(path.read_bytes())
    for chunk in chunks:
        if not 8 <= chunk.chunk_offset[0] < 12:
            data[chunk.byte_offset : chunk.byte_offset + chunk.size] = os.urandom(chunk.size)
    path.write_bytes(data)
    assert torch.equal(store.load(path, frames=(8, 12)).clip, clip[8:12])
    for frames in (None, (7, 9), (11, 13)):
        with pytest.raises(store.StoreError, match="damaged"):
            store.load(path, frames=frames)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("frames", [(-1, 2), (0, 7), (3, 3), (4, 2), (6, 7), (1, 2, 3)])
def test_frames_out_of_range_are_refused(tmp_path, suffix, frames):
    path = store.save(tmp_path / f"clip{suffix}", random_clip())
    with pytest.raises(ValueError, match=r"frames=.*0 <= first < stop <= 6.*holds 6 frames"):
        store.load(path, frames=frames)


# ---------------------------------------------------------------- nothing half-written


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_failure_leaves_the_older_file_and_nothing_else(tmp_path, monkeypatch, suffix):
    path = store.save(tmp_path / f"clip{suffix}", random_clip())

    def fail_half_way(file: Path, *rest: object) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_write_mat" if suffix == ".mat" else "_write_hdf5", fail_half_way)
    with pytest.raises(store.StoreError, match=r"could not be written.*No space left"):
        store.save(path, random_clip(seed=1))
    assert torch.equal(store.load(path).clip, random_clip())
    assert list(tmp_path.iterdir()) == [path]


def test_an_older_file_is_replaced_whole(tmp_path):
    path = store.save(tmp_path / "clip.h5", random_clip(9), times=range(9))
    store.save(path, random_clip(2, seed=1))
    assert store.load(path).clip.shape[0] == 2
    assert store.load(path).times is None
    assert list(tmp_path.iterdir()) == [path]


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("name", ["clip.npy", "clip", "clip.h5.txt"])
def test_another_suffix_is_refused(tmp_path, name):
    for call in (lambda: store.save(tmp_path / name, random_clip()), lambda: store.load(tmp_path / name)):
        with pytest.raises(store.StoreError, match=r"must end in \.h5 or \.hdf5 \(HDF5\) or \.mat"):
            call()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_clip_in_another_layout_is_refused_and_leaves_no_file(tmp_path, suffix):
    with pytest.raises(layout.LayoutError, match=r"axis 1 .*\(3, 6, 9, 13\): is it CTHW"):
        store.save(tmp_path / f"clip{suffix}", random_clip().permute(1, 0, 2, 3))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_clip_of_another_dtype_is_refused_and_leaves_no_file(tmp_path, suffix):
    with pytest.raises(ValueError, match=r"dtype torch.float32, expected torch.uint8"):
        store.save(tmp_path / f"clip{suffix}", random_clip() / 255)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stored", [0.0, -25.0, 1e-6, 1e9, float("inf"), float("nan")])
def test_a_file_from_elsewhere_with_an_impossible_rate_is_loaded_without_a_rate(tmp_path, stored):
    path = store.save(tmp_path / "clip.h5", random_clip(), fps=25)
    with h5py.File(path, "a") as hdf5:
        hdf5.attrs["fps"] = stored
    assert store.load(path).fps is None


@pytest.mark.parametrize("times", [range(5), [0, 1, 2, 3, 5, 4], [0, 1, 2, 3, 4, float("nan")], [[0]] * 6])
def test_times_that_do_not_fit_the_frames_are_refused(tmp_path, times):
    with pytest.raises(ValueError, match="times"):
        store.save(tmp_path / "clip.h5", random_clip(), times=times)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(store.StoreError, match="there is no folder"):
        store.save(tmp_path / "nowhere/clip.h5", random_clip())


def test_a_clip_larger_than_mat_can_hold_is_refused(tmp_path):
    """715 frames of a megapixel fit, 716 do not; a view stands for them, without 2 GB of memory."""
    store._check_mat_size(tmp_path / "clip.mat", (715, 3, 1000, 1000))
    large = torch.zeros(1, 3, 1, 1, dtype=torch.uint8).expand(716, 3, 1000, 1000)
    with pytest.raises(store.StoreError, match=r"\(716, .* at most 2\.1 GB .* as HDF5 \(\.h5\)"):
        store.save(tmp_path / "clip.mat", large)
    assert not list(tmp_path.iterdir())


def test_a_list_instead_of_an_array_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"clip must be a torch tensor or a numpy array \(TCHW\), got list"):
        store.save(tmp_path / "clip.mat", [[[[1]]]])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_file_is_named(tmp_path, suffix):
    with pytest.raises(store.StoreError, match="no such file"):
        store.load(tmp_path / f"clip{suffix}")
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(store.StoreError, match="a folder"):
        store.load(tmp_path / f"folder{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"not an array at all\n" * 40])
def test_a_file_of_another_kind_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"clip{suffix}"
    path.write_bytes(content)
    with pytest.raises(store.StoreError, match="damaged or no"):
        store.load(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_a_cut_off_file_is_refused(tmp_path, suffix, share):
    path = store.save(tmp_path / f"clip{suffix}", random_clip(6, 40, 50), compress=True)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(store.StoreError, match=r"damaged or no|no array called clip"):
        store.load(path)


def test_a_file_without_an_array_called_clip_is_refused(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as hdf5:
        hdf5["video"] = np.zeros(3)
        hdf5.create_group("clip2")
    scipy.io.savemat(tmp_path / "other.mat", {"video": np.zeros(3), "clip2": 1})
    for suffix in (".h5", ".mat"):
        with pytest.raises(store.StoreError, match="no array called clip, only: clip2, video"):
            store.load(tmp_path / f"other{suffix}")


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 3, 4, 5), np.float32), np.zeros((3, 2, 4, 5), np.uint8), np.zeros((2, 3), np.uint8)],
)
def test_an_array_of_another_shape_or_dtype_is_refused(tmp_path, array):
    with h5py.File(tmp_path / "clip.h5", "w") as hdf5:
        hdf5["clip"] = array
    scipy.io.savemat(tmp_path / "clip.mat", {"clip": array})
    for suffix in (".h5", ".mat"):
        with pytest.raises(store.StoreError, match=r"expected uint8 \(T, 3, H, W\)"):
            store.load(tmp_path / f"clip{suffix}")


def test_a_file_in_another_layout_is_refused(tmp_path):
    path = store.save(tmp_path / "clip.h5", random_clip(3))  # (3, 3, 9, 13): the shape alone cannot tell
    with h5py.File(path, "r+") as hdf5:
        hdf5.attrs["layout"] = "CTHW"
    with pytest.raises(store.StoreError, match="layout CTHW, expected TCHW"):
        store.load(path)
