"""The classifiers: padding changes nothing, files keep them, few films do not break them."""

import numpy as np
import pytest
import torch

from coursekit import classify
from coursekit.classify import _file

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
        alone = scaled(classify.pad([film]))  # (1, 3)
        for padded in (length + 1, length + 2, 50):
            torch.testing.assert_close(scaled(classify.pad([film], padded)), alone)
        together = scaled(classify.pad([torch.randn(9, 20), film]))  # (2, 3)
    torch.testing.assert_close(together[1:], alone)


@pytest.mark.parametrize("scaled", NETWORKS, indirect=True)
def test_what_stands_in_the_padding_does_not_count(scaled):
    padded = classify.pad([torch.randn(4, 20)], 7)  # (1, 7, 21)
    other = padded.clone()
    other[:, 4:, :-1] = 99.0
    with torch.inference_mode():
        torch.testing.assert_close(scaled(other), scaled(padded))


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


def test_films_that_do_not_fit_into_memory_are_refused_with_what_to_do(monkeypatch):
    rows = [torch.zeros(1, 999)] * 9 + [torch.zeros(1000, 999)]
    free = type("Memory", (), {"available": 30_000_000})
    monkeypatch.setattr("coursekit.classify._models.psutil.virtual_memory", lambda: free)
    with pytest.raises(ValueError, match=r"padded to the 1000 rows.*0\.04 GB.*or the model mean"):
        classify.model("gru").fit(rows, torch.arange(10) % 2, 2)
