"""The trainer, against a training loop written out here, and against the laws it promises."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from coursekit import train


def blobs(count: int = 60, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Three clouds of points, (N, 4), that a linear model can tell apart, and their labels."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    return torch.randn(count, 4, generator=generator) + 4 * F.one_hot(labels, 4), labels


def noise(count: int = 40, seed: int = 7) -> tuple[torch.Tensor, torch.Tensor]:
    """Points without any pattern: accuracy on others like them goes up and down."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 4, generator=generator), torch.randint(0, 3, (count,), generator=generator)


def linear() -> nn.Module:
    return nn.Linear(4, 3)


def test_learns_what_can_be_learnt() -> None:
    run = train.fit(linear, *blobs(), epochs=30, rate=0.1)
    assert train.accuracy(run.model, *blobs(seed=1)) > 0.95
    assert run.losses[-1] < 0.5 * run.losses[0]
    assert len(run.losses) == 30
    assert run.seconds > 0


class Waits(TorchDispatchMode):
    """Counts what brings something back from the simulated device: a GPU is waited for there."""

    count = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        there = bool(args) and isinstance(args[0], torch.Tensor) and args[0].device.type == "sim"
        back = torch.device((kwargs or {}).get("device") or "sim").type == "cpu"
        self.count += there and (back or operation is torch.ops.aten._local_scalar_dense.default)
        return operation(*args, **(kwargs or {}))


def test_waits_for_the_device_once_an_epoch_not_once_a_step(sim: torch.device) -> None:
    waits = []
    for batch in (60, 6):
        with Waits() as counted:
            train.fit(linear, *blobs(60), validation=blobs(60), epochs=2, batch=batch, device="sim")
        waits.append(counted.count)
    assert 4 <= waits[0] == waits[1]  # of each epoch: its losses, its predictions, a copy of the best weights


def test_equals_the_loop_written_out() -> None:
    x, y = blobs(50)
    run = train.fit(linear, x, y, epochs=3, batch=16, rate=0.05, seed=3)
    torch.manual_seed(3)
    model = linear()
    optimizer = torch.optim.AdamW(model.parameters(), 0.05)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=12)
    generator = torch.Generator().manual_seed(3)
    means = []
    for _ in range(3):
        order = torch.randperm(50, generator=generator)
        losses = []
        for first in range(0, 50, 16):
            chosen = order[first : first + 16]
            loss = F.cross_entropy(model(x[chosen]), y[chosen])
            losses += [loss.item()] * len(chosen)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            cycle.step()
        means.append(sum(losses) / 50)
    assert torch.allclose(run.model.weight, model.weight, atol=1e-6)
    assert run.losses == pytest.approx(means, abs=1e-6)


def test_the_same_seed_gives_the_same_weights_another_seed_others() -> None:
    one, again, other = (train.fit(linear, *blobs(), epochs=2, seed=s).model.weight for s in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_random_state_of_the_caller_is_left_alone() -> None:
    state = torch.get_rng_state()
    train.fit(linear, *blobs(), epochs=1)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("seed", range(4))
def test_the_kept_weights_are_the_best_ones(seed: int, tmp_path: Path) -> None:
    """On noise the last epoch is seldom the best; the model returned scores as the best epoch did."""
    path = tmp_path / "best.pt"
    check = noise(seed=8)
    run = train.fit(linear, *noise(), validation=check, epochs=12, rate=0.3, seed=seed, path=path)
    assert len(run.scores) == 12
    assert run.best == run.scores.index(max(run.scores))
    assert train.accuracy(run.model, *check) == max(run.scores)
    stored = torch.load(path, weights_only=True)
    assert all(torch.equal(stored[name], value) for name, value in run.model.state_dict().items())
    assert [file.name for file in tmp_path.iterdir()] == ["best.pt"]


def test_some_of_these_runs_end_below_their_best() -> None:
    """Otherwise the test above could not fail."""
    runs = [
        train.fit(linear, *noise(), validation=noise(seed=8), epochs=12, rate=0.3, seed=s) for s in range(4)
    ]
    assert any(run.scores[-1] < max(run.scores) for run in runs)


def test_without_validation_the_last_epoch_is_kept() -> None:
    run = train.fit(linear, *blobs(), epochs=5)
    assert run.best == 4
    assert run.scores == []
    assert not run.model.training


def test_running_statistics_belong_to_the_best_weights() -> None:
    def normed() -> nn.Module:
        return nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3))

    check = noise(seed=8)
    run = train.fit(normed, *noise(), validation=check, epochs=12, rate=0.3)
    assert train.accuracy(run.model, *check) == max(run.scores)


def test_predict_uses_eval_mode_and_leaves_the_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Sequential(nn.Dropout(0.9), nn.Linear(4, 3))
    model.train()
    x, y = blobs()
    expected = model[1](x).argmax(1)
    assert torch.equal(train.predict(model, x, batch=7), expected)
    assert model.training
    assert train.accuracy(model, x, y) == pytest.approx((expected == y).float().mean().item())


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64])
def test_confusion_counts_in_any_whole_type(dtype: torch.dtype) -> None:
    classes = (torch.arange(300) % 20).to(dtype)
    assert torch.equal(train.confusion(classes, classes, 20), 15 * torch.eye(20, dtype=torch.int64))


def test_confusion_counts_each_pair() -> None:
    labels, predicted = torch.tensor([0, 0, 1, 2, 2, 2]), torch.tensor([0, 1, 1, 0, 2, 2])
    table = train.confusion(labels, predicted, 4)
    assert table.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]]
    with pytest.raises(ValueError, match="predicted must be classes from 0 to 1, got 0 to 2"):
        train.confusion(labels.clamp(max=1), predicted, 2)
    with pytest.raises(ValueError, match=r"\(6,\) labels, but \(5,\) predictions"):
        train.confusion(labels, predicted[:5], 4)
    with pytest.raises(ValueError, match=r"labels must be whole numbers \(N,\), got torch.float32 \(6,\)"):
        train.confusion(labels.float(), predicted, 4)
    with pytest.raises(ValueError, match=r"labels must be whole numbers \(N,\), got torch.int64 \(2, 3\)"):
        train.confusion(labels.view(2, 3), predicted.view(2, 3), 4)


def test_nothing_is_printed_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    train.fit(linear, *blobs(), epochs=2)
    assert capsys.readouterr() == ("", "")
    train.fit(linear, *blobs(), epochs=2, progress=True, name="a line")
    out, err = capsys.readouterr()
    assert out == ""
    assert "a line" in err
    assert "/2" in err


def test_a_loss_that_explodes_is_named() -> None:
    x, y = blobs()
    with pytest.raises(RuntimeError, match=r"the loss became .* in epoch 0: lower rate=0\.1"):
        train.fit(linear, x * float("inf"), y, rate=0.1)


def test_a_failed_write_leaves_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "best.pt"
    path.write_bytes(b"older")

    def broken(state: object, file: Path) -> None:
        Path(file).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", broken)
    with pytest.raises(OSError, match="disk full"):
        train.fit(linear, *blobs(), epochs=1, path=path)
    assert path.read_bytes() == b"older"
    assert [file.name for file in tmp_path.iterdir()] == ["best.pt"]


def test_wrong_arguments_are_named() -> None:
    x, y = blobs()
    with pytest.raises(ValueError, match=r"labels must be one class .* got shape \(59,\) for 60 inputs"):
        train.fit(linear, x, y[1:])
    with pytest.raises(ValueError, match="validation labels must be one class"):
        train.fit(linear, x, y, validation=(x, y[1:]))
    with pytest.raises(ValueError, match="at least one, got shape"):
        train.fit(linear, x[:0], y[:0])
    with pytest.raises(ValueError, match="epochs must be at least 1, got 0"):
        train.fit(linear, x, y, epochs=0)
    with pytest.raises(ValueError, match="batch must be at least 1, got 0"):
        train.fit(linear, x, y, batch=0)
    with pytest.raises(ValueError, match="rate must be a number above 0, got 0"):
        train.fit(linear, x, y, rate=0)
    with pytest.raises(ValueError, match="rate must be a number above 0, got inf"):
        train.fit(linear, x, y, rate=float("inf"))
    with pytest.raises(ValueError, match=r"classes, whole numbers from 0 on, got torch.int64, at least -100"):
        train.fit(linear, x, torch.where(y == 0, -100, y))  # what PyTorch's loss leaves out in silence
    with pytest.raises(ValueError, match=r"whole numbers from 0 on, got torch\.float32"):
        train.fit(linear, x, y.float())
    with pytest.raises(ValueError, match="is no device that works here"):
        train.fit(linear, x, y, device="nonsense")


@pytest.mark.parametrize("of", [lambda y: y[:, None], lambda y: y[:1], lambda y: y[:0]])
def test_accuracy_takes_one_label_for_each_clip(of) -> None:
    x, y = blobs()
    with pytest.raises(ValueError, match=r"labels must be one class for each .* for 60 inputs"):
        train.accuracy(linear(), x, of(y))
