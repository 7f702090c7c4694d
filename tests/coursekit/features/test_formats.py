"""Each format holds the same features, is there whole or not at all, and says when it is damaged."""

import io
import json
import tracemalloc
from dataclasses import asdict, replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from support.sequences import sequence

from coursekit import data, encoders, features
from coursekit.features._file import write_rows
from coursekit.features._manifest import Manifest, Row

SUFFIXES = [kind.suffix for kind in features.FORMATS.values()]
every_format = pytest.mark.parametrize("suffix", SUFFIXES)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def files_of(path: Path) -> list[Path]:
    return [path, path.with_suffix(".json")] if path.suffix == ".npy" else [path]


def check_equal(one: features.Features, other: features.Features) -> None:
    for (name, value), second in zip(asdict(one).items(), asdict(other).values(), strict=True):
        assert torch.equal(value, second) if isinstance(value, torch.Tensor) else value == second, name


@every_format
@pytest.mark.parametrize("length", [1, 5, 0])
def test_what_is_loaded_is_what_was_saved(suffix, length, tmp_path):
    made = sequence(length, k=3)
    path = features.save(tmp_path / f"film.v2{suffix}", made)
    assert names(tmp_path) == sorted(file.name for file in files_of(path))
    check_equal(features.load(path), made)
    notes = features.header(path)
    assert (notes["rows"], notes["k"], notes["preprocessing"]) == (length, 3, {"resize": 16})


@every_format
def test_a_part_is_those_rows(suffix, tmp_path):
    made = sequence(9, k=3)
    path = features.save(tmp_path / f"film{suffix}", made)
    part = features.load(path, rows=(2, 5))
    assert torch.equal(part.values, made.values[2:5])
    assert torch.equal(part.times, made.times[2:5])
    assert torch.equal(part.frames, made.frames[2:5])
    with pytest.raises(ValueError, match=r"rows=\(3, 10\) must be .* <= 9"):
        features.load(path, rows=(3, 10))
    assert torch.equal(features.load(path, rows=np.array([2, 5])).values, made.values[2:5])
    for rows in ((0.0, 2.0), (0, 2.5), ("0", "2"), (2,), (1, 2, 3), (), 2, (None, 2), slice(0, 2)):
        with pytest.raises(TypeError, match=r"rows=.* must be two whole numbers, \(first, stop\)"):
            features.load(path, rows=rows)


CROOKED = {
    "times not cut": {"values": torch.zeros(3, 4)},
    "times cut alone": {"times": torch.zeros(3)},
    "frames cut alone": {"frames": torch.arange(3)},
    "three dimensions": {"values": torch.zeros(5, 4, 2)},
    "one dimension": {"values": torch.zeros(5)},
    "no numbers in a row": {"values": torch.zeros(5, 0)},
    "times (T, 1)": {"times": torch.zeros(5, 1)},
    "one time": {"times": torch.tensor(1.0)},
    "frames (1, T)": {"frames": torch.arange(5)[None]},
    "whole numbers": {"values": torch.zeros(5, 4, dtype=torch.int64)},
    "broken frame numbers": {"frames": torch.arange(5) + 0.5},
}


@every_format
@pytest.mark.parametrize("name", CROOKED)
def test_what_could_not_be_loaded_is_not_saved(suffix, name, tmp_path):
    made = sequence(5)
    path = features.save(tmp_path / f"film{suffix}", made)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ValueError, match="values must be"):
        features.save(path, replace(made, **CROOKED[name]))
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_arrays_in_the_place_of_tensors_are_an_error(tmp_path):
    for name in ("values", "times", "frames"):
        wrong = replace(sequence(5), **{name: getattr(sequence(5), name).numpy()})
        with pytest.raises(TypeError, match=f"{name} must be a tensor, got ndarray"):
            features.save(tmp_path / "film.h5", wrong)
    assert names(tmp_path) == []


@every_format
def test_values_of_a_training_step_are_saved_as_float32(suffix, tmp_path):
    made = sequence(5)
    for values in (made.values.requires_grad_(), made.values.detach().to(torch.bfloat16)):
        path = features.save(tmp_path / f"film{suffix}", replace(made, values=values))
        assert torch.equal(features.load(path).values, values.detach().float())


@every_format
def test_features_of_a_film_are_the_same_in_each_format(suffix, tmp_path):
    encoder = encoders.load("resnet18", weights="random", backend="eager")
    film = data.clip("carphone_pristine")
    path = features.extract_to(tmp_path / f"film{suffix}", film, encoder, frames=(3, 9))
    check_equal(features.load(path), features.extract(film, encoder, frames=(3, 9)))


def test_an_npy_is_read_by_numpy_and_its_json_says_the_rest(tmp_path):
    made = sequence(5, k=3)
    features.save(tmp_path / "film.npy", made)
    values = np.load(tmp_path / "film.npy")  # (5, 3)
    described = json.loads((tmp_path / "film.json").read_text(encoding="utf-8"))
    assert (values == made.values.numpy()).all()
    assert described["times"] == made.times.tolist()
    assert described["frames"] == made.frames.tolist()
    assert (described["source"], described["preprocessing"]) == ("ä film.mp4", {"resize": 16})


def test_a_safetensors_file_is_read_by_its_own_library(tmp_path):
    made = sequence(5, k=3)
    path = features.save(tmp_path / "film.safetensors", made)
    tensors = safetensors.torch.load_file(path)
    for name in ("values", "times", "frames"):
        assert torch.equal(tensors[name], getattr(made, name))
    arrays = safetensors.numpy.load_file(path)
    assert (arrays["values"] == made.values.numpy()).all()
    with safetensors.safe_open(path, framework="pt") as content:
        notes = content.metadata()
    assert (notes["source"], notes["preprocessing"]) == ("ä film.mp4", '{"resize": 16}')


@pytest.mark.parametrize("suffix", SUFFIXES[1:])
def test_memory_does_not_grow_with_the_length(suffix, tmp_path):
    block = features.Rows(torch.zeros(64, 4096), [0.0] * 64, [0] * 64)  # 1 MiB
    notes = {name: value for name, value in asdict(sequence(0)).items() if not torch.is_tensor(value)}
    tracemalloc.start()
    write_rows(tmp_path / f"film{suffix}", notes, 4096, (block for _ in range(48)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert features.header(tmp_path / f"film{suffix}")["rows"] == 48 * 64
    assert peak < 8 << 20, "48 MiB were written"


@every_format
def test_an_error_among_the_rows_leaves_older_files_as_they_were(suffix, tmp_path):
    path = features.save(tmp_path / f"film{suffix}", sequence(5))
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}

    def broken():
        yield features.Rows(torch.zeros(2, 4), [0.0, 1.0], [0, 1])
        raise OSError("no space left on device")

    notes = {name: value for name, value in asdict(sequence(0)).items() if not torch.is_tensor(value)}
    with pytest.raises(features.FeaturesError, match=r"could not be written: no space left"):
        write_rows(path, notes, 4, broken())
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_old_values_never_stand_beside_a_new_description(tmp_path, monkeypatch):
    """A process that is killed between the two renames leaves one file, the description."""
    path = features.save(tmp_path / "film.npy", sequence(5, seed=1))
    rename = Path.replace

    def killed(self, target):
        rename(self, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        features.save(path, sequence(5, seed=2))
    assert names(tmp_path) == ["film.json"]
    with pytest.raises(features.FeaturesError, match="no such file"):
        features.load(path)
    monkeypatch.undo()
    features.save(path, sequence(5, seed=2))  # the description says that the pair is ours
    check_equal(features.load(path), sequence(5, seed=2))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    place = content.index(np.float32(0.625).tobytes())
    content[place] ^= 1
    path.write_bytes(content)


def mix(path: Path) -> None:
    """The values of another film."""
    made = features.save(path.with_name(f"other{path.suffix}"), sequence(5, seed=9))
    made.replace(path)


DAMAGES = {
    "cut npy": (".npy", cut),
    "bit of npy": (".npy", flip),
    "npy of another film": (".npy", mix),
    "npy is text": (".npy", lambda path: path.write_text("no features")),
    "npy alone": (".npy", lambda path: path.with_suffix(".json").unlink()),
    "cut json": (".npy", lambda path: cut(path.with_suffix(".json"))),
    "json is a list": (".npy", lambda path: path.with_suffix(".json").write_text("[1]")),
    "json without encoder": (".npy", lambda path: path.with_suffix(".json").write_text('{"times": []}')),
    "cut safetensors": (".safetensors", cut),
    "bit of safetensors": (".safetensors", flip),
    "safetensors is text": (".safetensors", lambda path: path.write_text("no features")),
    "safetensors without notes": (
        ".safetensors",
        lambda path: safetensors.torch.save_file({"values": torch.zeros(5, 4)}, path),
    ),
    "bit of hdf5": (".h5", flip),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_an_error_that_names_the_file(name, tmp_path):
    suffix, damage = DAMAGES[name]
    made = sequence(5)
    made.values[2, 1] = 0.625
    path = features.save(tmp_path / f"film{suffix}", made)
    damage(path)
    with pytest.raises(features.FeaturesError, match=rf"film\{suffix} is damaged or no feature file.*again"):
        features.load(path)


def put_hdf5(path: Path, *names: str, **attributes: str) -> None:
    with h5py.File(path, "w") as hdf5:
        hdf5.attrs.update(attributes)
        for name in names:
            hdf5[name] = np.zeros((5, 4), np.float32)


def put_npy(path: Path, content: object) -> None:
    np.save(path, content, allow_pickle=True)


def put_npz(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.zeros(3), b=np.ones(3))


def put_json(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.with_suffix(".json").write_text(text, encoding)


def put_safetensors(path: Path, *names: str, **metadata: str) -> None:
    tensors = {name: torch.zeros(5, 4) for name in names}
    safetensors.torch.save_file(tensors, path, metadata or None)


def marks(**more: str) -> dict[str, str]:
    return {"encoder": "x", "weights_hash": "x", "source_sha256": "x", **more}


OTHERS = {
    "hdf5, other data": (".h5", lambda path: put_hdf5(path, "clip")),
    "hdf5, values": (".h5", lambda path: put_hdf5(path, "values")),
    "hdf5, values of another encoder": (".h5", lambda path: put_hdf5(path, "values", encoder="x")),
    "hdf5, attributes": (".h5", lambda path: put_hdf5(path, author="me")),
    "hdf5, without anything": (".h5", put_hdf5),
    "hdf5, features and something else": (".h5", lambda path: put_hdf5(path, "values", "mine", **marks())),
    "hdf5, text": (".h5", lambda path: path.write_text("mine")),
    "hdf5, film": (".h5", lambda path: path.write_bytes(data.clip("carphone_pristine").read_bytes())),
    "hdf5, link to nothing": (".h5", lambda path: path.symlink_to("nothing")),
    "hdf5, folder": (".h5", lambda path: path.mkdir()),
    "hdf5 by its longer name": (".hdf5", lambda path: put_hdf5(path, "values")),
    "hdf5, capital letters": (".H5", lambda path: path.write_text("mine")),
    "hdf5, cut": (".h5", lambda path: (put_hdf5(path, "clip"), cut(path))),
    "npy, dictionary": (".npy", lambda path: put_npy(path, {"label": "x"})),
    "npy, objects": (".npy", lambda path: put_npy(path, np.array([None, "x"], object))),
    "npy, like values": (".npy", lambda path: put_npy(path, np.ones((7, 5), np.float32))),
    "npy, float64": (".npy", lambda path: put_npy(path, np.ones((7, 5)))),
    "npy, text": (".npy", lambda path: path.write_text("mine")),
    "npy, several arrays": (".npy", put_npz),
    "json": (".npy", lambda path: put_json(path, '{"subtitle": "mine"}')),
    "json, encoder and times": (".npy", lambda path: put_json(path, '{"encoder": "x", "times": [1]}')),
    "json, list": (".npy", lambda path: put_json(path, "[1]")),
    "json lines": (".npy", lambda path: put_json(path, '{"a": 1}\n{"a": 2}\n')),
    "json in UTF-16": (".npy", lambda path: put_json(path, '{"a": 1}', "utf-16")),
    "json with comments": (".npy", lambda path: put_json(path, '// mine\n{"a": 1}')),
    "safetensors, other data": (".safetensors", lambda path: put_safetensors(path, "weight")),
    "safetensors, values": (".safetensors", lambda path: put_safetensors(path, "values")),
    "safetensors, values and metadata": (
        ".safetensors", lambda path: put_safetensors(path, "values", format="pt"),
    ),
    "safetensors, features and something else": (
        ".safetensors", lambda path: put_safetensors(path, "values", "mine", **marks()),
    ),
    "safetensors, text": (".safetensors", lambda path: path.write_text("mine")),
    "safetensors, cut": (".safetensors", lambda path: (put_safetensors(path, "values"), cut(path))),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("listed", [False, True])
def test_files_of_others_are_not_written_over_whatever_they_hold(name, listed, tmp_path):
    suffix, put = OTHERS[name]
    path = tmp_path / f"film{suffix}"
    put(path)
    if listed and name not in ("hdf5, cut", "npy, like values"):  # a manifest proves only what may be ours
        Manifest(tmp_path).put([Row("../film.mp4", path.name, "done", source_sha256="0" * 64)])
    before = {file.name: file.lstat().st_mtime_ns for file in tmp_path.iterdir()}
    with pytest.raises(features.FeaturesError, match=r"film\..*: move it away"):
        features.save(path, sequence(5))
    assert {file.name: file.lstat().st_mtime_ns for file in tmp_path.iterdir()} == before


def test_an_array_in_the_place_of_the_values_is_not_written_over(tmp_path):
    path = features.save(tmp_path / "film.npy", sequence(5))
    mine = np.ones((7, 5), np.float32)
    np.save(path, mine)
    with pytest.raises(features.FeaturesError, match="is no feature file of coursekit: move it away"):
        features.save(path, sequence(5))
    assert (np.load(path) == mine).all()


@every_format
def test_our_own_files_and_empty_ones_are_written_over(suffix, tmp_path):
    path = tmp_path / f"film{suffix}"
    for file in files_of(path):
        file.touch()
    for seed in (1, 2):
        features.save(path, sequence(5, seed=seed))
    flip_any(path)
    features.save(path, sequence(6, seed=3))
    check_equal(features.load(path), sequence(6, seed=3))


def flip_any(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)


HALVES = {
    "cut hdf5": (".h5", cut),
    "cut safetensors": (".safetensors", cut),
    "npy alone": (".npy", lambda path: path.with_suffix(".json").unlink()),
    "cut json": (".npy", lambda path: cut(path.with_suffix(".json"))),
}


@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("inside", ["", "waving/"])
def test_a_file_too_damaged_to_say_whose_it_is_needs_a_manifest_that_knows_it(name, inside, tmp_path):
    suffix, damage = HALVES[name]
    place = f"{inside}film{suffix}"
    (tmp_path / place).parent.mkdir(exist_ok=True)
    path = features.save(tmp_path / place, sequence(5))
    damage(path)
    before = path.read_bytes()
    for row in (Row("../film.mp4", f"{inside}other{suffix}", "done", source_sha256="0"), Row("x", place)):
        Manifest(tmp_path).put([row])
        with pytest.raises(features.FeaturesError, match=r"no manifest\.csv says .*: move it away, or"):
            features.save(path, sequence(5))
        assert path.read_bytes() == before
    done = Row("../film.mp4", place, "done", source_sha256="0" * 64)
    for row in (done.failed("the disk was full"), done.anew()):  # it was finished once, before that
        Manifest(tmp_path).put([Row("x", f"x{suffix}"), row])
        features.save(path, sequence(5, seed=2))
        check_equal(features.load(path), sequence(5, seed=2))
        damage(path)


def test_another_suffix_is_an_error_that_lists_those_there_are(tmp_path):
    (tmp_path / "film.pt").write_bytes(io.BytesIO().getvalue())
    with pytest.raises(
        features.FeaturesError, match=r"film\.pt is no feature file: those end in \.h5, \.npy"
    ):
        features.load(tmp_path / "film.pt")
