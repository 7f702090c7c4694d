"""The classifiers: padding changes nothing, files keep them, few films do not break them."""

import numpy as np
import pytest
import torch

from coursekit import classify, features
from coursekit.classify import _file, _models

NETWORKS = [classify.Gru, classify.Convolution]


@pytest.fixture
def scaled(request):
    """A network whose scaling moves the zeros, as after training."""
    torch.manual_seed(7)
    network = request.param(20, 3)
    network.get_buffer("mean").fill_(3.0)
    network.get_buffer("scale").fill_(0.5)
    return network.eval()


@pytest.mark.parametrize("scaled", NETWORKS, indirect=True)
@pytest.mark.parametrize("length", [1, 2, 6])
def test_padding_never_changes_a_score(scaled, length):
    film = torch.randn(length, 20)
    with torch.inference_mode():
        alone = scaled(*features.pad([film]))  # (1, 3)
        for longest in (length + 1, length + 2, 50):
            together = scaled(*features.pad([torch.randn(longest, 20), film]))  # (2, 3)
            torch.testing.assert_close(together[1:], alone)


@pytest.mark.parametrize("scaled", NETWORKS, indirect=True)
def test_what_stands_in_the_padding_does_not_count(scaled):
    values, lengths = features.pad([torch.randn(7, 20), torch.randn(4, 20)])  # (2, 7, 20), (2,)
    other = values.clone()
    other[1, 4:] = torch.nan
    with torch.inference_mode():
        torch.testing.assert_close(scaled(other, lengths), scaled(values, lengths))


@pytest.mark.parametrize("name", ["gru", "convolution"])
def test_a_long_film_pads_its_own_batches_only(name, people, monkeypatch):
    rows, labels, _ = people
    rows = [*rows[:-1], torch.randn(50, 20)]
    shapes, real = [], features.pad

    def pad(films):
        batch = real(films)
        shapes.append(tuple(batch[0].shape))
        return batch

    monkeypatch.setattr(features, "pad", pad)
    classify.model(name).fit(rows, labels, 2).scores(rows)
    assert max(count for count, _, _ in shapes) == _models.BATCH
    assert {length for _, length, _ in shapes} == {5, 50}


@pytest.mark.parametrize("name", ["gru", "convolution"])
def test_the_same_seed_trains_the_same_model_whatever_was_drawn_before(name, people):
    rows, labels, _ = people
    first, again, other = (classify.model(name).fit(rows, labels, 2, seed).scores(rows) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_changes_ignore_what_stays_the_same():
    rows = torch.tensor([[1.0, 5.0], [3.0, 5.0], [2.0, 5.0]])
    assert classify.changes(rows).tolist() == [1.5, 0.0]
    assert classify.changes(rows[:1]).tolist() == [0.0, 0.0]
    assert classify.mean(rows).tolist() == [2.0, 5.0]


@pytest.mark.parametrize("name", list(classify.MODELS))
def test_a_model_learns_and_a_file_keeps_it(name, people, tmp_path):
    rows, labels, _ = people
    labels = labels + 1  # class 0 has no film, as it can be in a part of a split
    saved = _file.trained(name, rows, labels, ("a", "b", "c"), {"encoder": "e", "fps": "4"})
    scores = saved.classifier.scores(rows)
    assert scores.shape == (24, 3)
    if name != "changes":  # nothing in these films moves in a way of its own
        assert (scores.argmax(1) == labels).double().mean() > 0.9
    again = classify.load(classify.save(tmp_path / "model.npz", saved))
    assert again.classes == ("a", "b", "c")
    assert again.notes == {"model": name, "encoder": "e", "fps": "4"}
    torch.testing.assert_close(again.classifier.scores(rows), scores)


@pytest.mark.parametrize("seen", [[0, 2], [1], [0, 1, 2]])
def test_a_class_without_a_training_film_is_never_the_answer(seen):
    generator = torch.Generator().manual_seed(7)
    labels = torch.tensor(seen * 4)
    rows = [torch.randn(3, 5, generator=generator) + 9 * torch.eye(5)[label] for label in labels]
    said = classify.model("mean").fit(rows, labels, 3).scores(rows).argmax(1)
    assert said.tolist() == labels.tolist()


ABOUT = '{"classes": ["a", "b"], "model": "mean"}'
PARTS = {"mean": np.zeros(3), "scale": np.ones(3), "bias": np.zeros(2)}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"no model", None, {"weights": np.zeros(3)}, {"about": np.array('"text"')},
        {"about": np.array(ABOUT)}, {"about": np.array(ABOUT), "weights": np.zeros((2, 4)), **PARTS},
    ],
)  # fmt: skip
def test_a_file_without_a_model_is_a_clear_error(content, tmp_path):
    path = tmp_path / "model.npz"
    if isinstance(content, dict):
        np.savez(path, **content)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(classify.ModelError, match="holds no classifier of coursekit"):
        classify.load(path)


def test_an_unknown_model_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="must be one of mean, changes, gru, convolution"):
        classify.model("svm")


def test_a_model_file_may_have_any_name(people, tmp_path):
    rows, labels, _ = people
    saved = _file.trained("mean", rows, labels, ("a", "b"), {})
    assert classify.load(classify.save(tmp_path / "model", saved)).classes == ("a", "b")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
