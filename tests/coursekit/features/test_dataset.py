"""A folder of feature files as training data: stable order, labels, and padding without effect."""

import hashlib
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.sequences import sequence
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader

from coursekit import features
from coursekit.features._manifest import Manifest, Row


def put(path: Path, length: int, **options) -> features.Features:
    path.parent.mkdir(parents=True, exist_ok=True)
    checksum = hashlib.sha256(bytes(path)).hexdigest()  # each is of a film of its own
    made = replace(sequence(length, **options), source_sha256=checksum)
    features.save(path, made)
    return made


@pytest.fixture
def folder(tmp_path) -> Path:
    for seed, (name, length) in enumerate(
        [("b/ä 2.h5", 5), ("a/x.h5", 3), ("b/1.h5", 7), ("b/deep/1.h5", 2)]
    ):
        put(tmp_path / name, length, seed=seed)
    (tmp_path / "manifest.csv").write_text("")
    (tmp_path / "b" / ".1.77.partial").write_text("")
    return tmp_path


def test_items_are_values_label_and_times_of_each_file_in_the_order_of_paths(folder):
    films = features.dataset(folder)
    inside = [path.relative_to(folder).as_posix() for path in films.paths]
    assert inside == ["a/x.h5", "b/1.h5", "b/deep/1.h5", "b/ä 2.h5"]
    assert films.classes == ("a", "b")
    assert [label for _, label, _ in films] == [0, 1, 1, 1] == list(films.labels)
    assert (len(films), films.k) == (4, 4)
    for path, (values, _, times) in zip(films.paths, films, strict=True):
        expected = features.load(path)
        assert torch.equal(values, expected.values)
        assert torch.equal(times, expected.times)
    assert films[0][0].dtype == torch.float32
    assert films[0][2].dtype == torch.float64


def test_labels_of_a_mapping_are_found_with_and_without_the_suffix(folder):
    labels = {"a/x": "still", "b/1.h5": "wave", "b/deep/1": "wave", "b/ä 2": "jump", "gone": "run"}
    films = features.dataset(folder, labels)
    assert films.classes == ("jump", "still", "wave")
    assert [films.classes[label] for _, label, _ in films] == ["still", "wave", "wave", "jump"]


class MaskedMean(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 2)

    def forward(self, values, lengths):
        there = features.mask(lengths)[..., None]  # (B, T, 1)
        return self.head(values.where(there, 0).sum(1) / lengths[:, None])  # (B, 2)


class PackedGru(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gru, self.head = nn.GRU(4, 6, batch_first=True, bidirectional=True), nn.Linear(12, 2)

    def forward(self, values, lengths):
        packed = pack_padded_sequence(values, lengths, batch_first=True, enforce_sorted=False)
        _, last = self.gru(packed)  # (2, B, 6)
        return self.head(torch.cat(tuple(last), dim=1))  # (B, 2)


@pytest.mark.parametrize("model", [MaskedMean, PackedGru])
def test_padding_never_changes_the_result_of_a_model_with_a_mask(model, folder):
    torch.manual_seed(0)
    network, films = model().eval(), features.dataset(folder)
    values, lengths, labels = next(iter(DataLoader(films, batch_size=4, collate_fn=features.collate)))
    assert (values.shape, values.dtype) == ((4, 7, 4), torch.float32)
    assert (lengths.tolist(), labels.tolist()) == ([3, 7, 2, 5], [0, 1, 1, 1])
    assert not values[~features.mask(lengths)].any()
    spoiled = values.masked_fill(~features.mask(lengths)[..., None], 1e9)
    with torch.inference_mode():
        alone = torch.cat([network(*features.collate(iter([item]))[:2]) for item in films])  # (4, 2)
        torch.testing.assert_close(network(values, lengths), alone)
        torch.testing.assert_close(network(spoiled, lengths), alone)


def test_a_folder_without_feature_files_is_an_error_that_says_how_to_make_them(tmp_path):
    with pytest.raises(features.FeaturesError, match=r"no feature file.*coursekit features"):
        features.dataset(tmp_path)
    with pytest.raises(features.FeaturesError, match=r"no folder .*nowhere"):
        features.dataset(tmp_path / "nowhere")


def test_a_file_of_a_video_that_is_not_done_any_more_is_left_out(folder):
    (folder / "manifest.csv").unlink()
    table = Manifest(folder)
    rows = [Row(f"../{name}.mp4", f"{name}.h5", "done") for name in ("a/x", "b/1", "b/deep/1")]
    table.put([rows[0], rows[1].failed("is not a video"), replace(rows[2], status="waiting")])
    inside = [path.relative_to(folder).as_posix() for path in features.dataset(folder).paths]
    assert inside == ["a/x.h5", "b/ä 2.h5"], "done, and not listed"
    (folder / "b" / "ä 2.h5").unlink()
    table.put([rows[0].failed("is not a video")])
    with pytest.raises(features.FeaturesError, match=r"earlier runs only: .*manifest\.csv says"):
        features.dataset(folder)


def test_the_manifests_of_subfolders_count_for_the_files_beside_them(folder):
    table = Manifest(folder / "b")  # of a run of its own
    done = Row("../1.mp4", "1.h5", "done", label="wave", group="anna")
    table.put([done, Row("../2.mp4", "deep/1.h5").failed("is not a video")])
    (folder / "manifest.csv").unlink()
    Manifest(folder).put([Row("../1.mp4", "b/1.h5").failed("is not a video")])  # the nearer one says: done
    films = features.dataset(folder)
    assert [path.relative_to(folder).as_posix() for path in films.paths] == ["a/x.h5", "b/1.h5", "b/ä 2.h5"]
    assert [films.classes[label] for label in films.labels] == ["a", "wave", "b"]
    assert films.groups == ("", "anna", "")


@pytest.mark.parametrize("other", [{"k": 5}, {"encoder": "another"}])
def test_files_of_two_encoders_are_an_error_that_names_both(folder, other):
    put(folder / "b" / "odd.h5", 3, **other)
    with pytest.raises(features.FeaturesError, match=r"two encoders.*x\.h5 has k = 4 of tiny.*odd\.h5"):
        features.dataset(folder)


@pytest.mark.parametrize("selection", [{"fps": "5"}, {"every": "2"}])
def test_files_of_two_frame_rates_are_an_error_that_names_both(folder, selection):
    odd = put(folder / "b" / "odd.h5", 3)
    features.save(folder / "b" / "odd.h5", replace(odd, selection={"seconds": "(0, 9)"}))
    assert len(features.dataset(folder)) == 5  # another part of a film is no other rate
    features.save(folder / "b" / "odd.h5", replace(odd, selection=selection))
    name, value = next(iter(selection.items()))
    with pytest.raises(features.FeaturesError, match=rf"x\.h5 has every=1.*odd\.h5 has {name}={value}"):
        features.dataset(folder)


def again(folder: Path, file: str, other: str, **changes) -> None:
    """Features of the film of `file` in another place, as after its folder was moved."""
    features.save(folder / other, replace(features.load(folder / file), **changes))


def test_of_files_of_one_film_one_is_taken_and_a_warning_names_the_others(folder):
    again(folder, "b/1.h5", "b/1-1df8cc63.h5", source="moved.mp4")
    again(folder, "a/x.h5", "a/y.h5", selection={"seconds": "(0, 9)"})  # another part is no copy
    with pytest.warns(UserWarning, match=r"^1 files of .*: b/1\.h5 \(b/1-1df8cc63\.h5\)") as said:
        films = features.dataset(folder)
    assert len(said) == 1
    inside = [path.relative_to(folder).as_posix() for path in films.paths]
    assert inside == ["a/x.h5", "a/y.h5", "b/1-1df8cc63.h5", "b/deep/1.h5", "b/ä 2.h5"]
    assert len(films.labels) == len(films.groups) == len(films) == 5


def test_of_files_of_one_film_that_with_a_label_is_taken(folder):
    again(folder, "a/x.h5", "0.h5")
    with pytest.warns(UserWarning, match=r"0\.h5 \(a/x\.h5\)"):
        films = features.dataset(folder)
    assert films.paths[0] == folder / "a" / "x.h5"
    labels = {"0": "wave", "b/1": "run", "b/deep/1": "run", "b/ä 2": "run"}
    with pytest.warns(UserWarning, match=r"a/x\.h5 \(0\.h5\)"):
        films = features.dataset(folder, labels)
    assert films.paths[0] == folder / "0.h5"


def test_one_film_in_two_classes_is_an_error_that_names_both_files(folder):
    again(folder, "a/x.h5", "b/x.h5")
    with pytest.raises(ValueError, match=r"a/x\.h5 and .*b/x\.h5 are of the same film.*'a' and 'b': move"):
        features.dataset(folder)


def test_files_that_do_not_say_of_which_film_they_are_are_no_copies(folder):
    for name in ("a/x.h5", "b/1.h5"):
        again(folder, name, name, source_sha256="")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(features.dataset(folder)) == 4


def test_a_manifest_of_ours_with_a_row_that_cannot_be_read_is_an_error(folder):
    Manifest(folder / "b").put([Row("../1.mp4", "1.h5", "done", label="wave")])
    path = folder / "b" / "manifest.csv"
    path.write_text(path.read_text().replace("wave", "wave,x"))
    with pytest.raises(features.FeaturesError, match=r"b/manifest\.csv, line 2, has 14 cells"):
        features.dataset(folder)


def test_a_file_without_rows_is_an_error_that_names_it(folder):
    put(folder / "b" / "empty.h5", 0)
    with pytest.raises(features.FeaturesError, match=r"empty\.h5 has no rows"):
        features.dataset(folder)


def test_an_unreadable_file_is_an_error_that_names_it(folder):
    (folder / "a" / "x.h5").write_bytes(b"nothing")
    with pytest.raises(features.FeaturesError, match=r"x\.h5 is damaged"):
        features.dataset(folder)


def test_a_file_without_a_label_is_an_error_that_names_it(folder):
    with pytest.raises(ValueError, match=r"no entry for 'b/1\.h5'"):
        features.dataset(folder, {"a/x": "still"})
    put(folder / "loose.h5", 3)
    with pytest.raises(ValueError, match=r"loose\.h5 has no label.*subfolder"):
        features.dataset(folder)
