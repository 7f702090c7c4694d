"""Classifiers of films: T x k of each film to a class. All take films of different lengths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from coursekit import features, train

Rows = Sequence[torch.Tensor]  # of each film float32 (T, k)
HIDDEN = 32  # numbers in the state of the GRU, channels of the convolution
EPOCHS, BATCH, RATE = 15, 16, 3e-3
WEAK = 0.01  # sklearn's C: how little large weights cost; few films with many numbers need strong costs


class Classifier(Protocol):
    """What every model can do."""

    def fit(self, rows: Rows, labels: torch.Tensor, classes: int, seed: int = 0) -> Classifier:
        """Learn from films and their classes, int64 (N,), of which there are `classes`."""
        ...

    def scores(self, rows: Rows) -> torch.Tensor:
        """float32 (N, classes), the higher the better."""
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """All learnt numbers by name, for a file."""
        ...

    def restore(self, arrays: Mapping[str, np.ndarray], classes: int) -> Classifier:
        """Take the numbers back from a file; a KeyError, ValueError or RuntimeError if they do not fit."""
        ...


def mean(rows: torch.Tensor) -> torch.Tensor:
    """(T, k) -> (k,): the average over time. It tells what is to be seen."""
    return rows.mean(dim=0)


def changes(rows: torch.Tensor) -> torch.Tensor:
    """(T, k) -> (k,): the average size of the change from row to row. What stays the same vanishes."""
    if len(rows) < 2:
        return torch.zeros_like(rows[0])
    return rows.diff(dim=0).abs().mean(dim=0)


class Linear:
    """Logistic regression on one row for each film.

    Args:
        pooled: (T, k) -> (k,), how time is summed up: `mean` or `changes`.
    """

    def __init__(self, pooled: Callable[[torch.Tensor], torch.Tensor] = mean) -> None:
        self.pooled = pooled
        self._arrays: dict[str, np.ndarray] = {}

    def fit(self, rows: Rows, labels: torch.Tensor, classes: int, seed: int = 0) -> Linear:
        """As `Classifier.fit`; the result does not depend on the seed."""
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
        from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

        inputs = self._inputs(rows)  # (N, k)
        scale = StandardScaler().fit(inputs)
        weights = np.zeros((classes, inputs.shape[1]))
        bias = np.full(classes, -1e9)  # a class without a training film is never the answer
        there = labels.unique().tolist()
        bias[there] = 0
        if len(there) > 1:
            model = LogisticRegression(C=WEAK, max_iter=1000).fit(scale.transform(inputs), labels.numpy())
            two = len(there) == 2  # sklearn then keeps the weights of the second class only
            weights[there[1:] if two else there] = model.coef_
            bias[there[1:] if two else there] = model.intercept_
        self._arrays = {"mean": scale.mean_, "scale": scale.scale_, "weights": weights, "bias": bias}
        return self

    def scores(self, rows: Rows) -> torch.Tensor:
        """As `Classifier.scores`."""
        a = self._arrays
        scores = (self._inputs(rows) - a["mean"]) / a["scale"] @ a["weights"].T + a["bias"]
        return torch.from_numpy(scores).float()

    def arrays(self) -> dict[str, np.ndarray]:
        """As `Classifier.arrays`."""
        return dict(self._arrays)

    def restore(self, arrays: Mapping[str, np.ndarray], classes: int) -> Linear:
        """As `Classifier.restore`."""
        self._arrays = {name: arrays[name] for name in ("mean", "scale", "weights", "bias")}
        k = len(arrays["mean"])
        expected = [(k,), (k,), (classes, k), (classes,)]
        if [each.shape for each in self._arrays.values()] != expected:
            raise ValueError(f"its arrays must have the shapes {expected}")
        return self

    def _inputs(self, rows: Rows) -> np.ndarray:
        return torch.stack([self.pooled(each) for each in rows]).double().numpy()  # (N, k)


class _Network(nn.Module):
    """Takes what `features.pad` makes, and scales each of the k numbers as in the training films."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(k))
        self.register_buffer("scale", torch.ones(k))

    def scaled(self, values: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """(B, T, k), and which rows are real, bool (B, T, 1) -> (B, T, k), 0 where there is padding."""
        mean, scale = self.get_buffer("mean"), self.get_buffer("scale")
        return ((values - mean) / scale).where(real, 0)  # scaling moves the zeros: the mask comes after it


class Gru(_Network):
    """Reads row after row, and decides from the state after the last real row."""

    def __init__(self, k: int, classes: int, hidden: int = HIDDEN) -> None:
        super().__init__(k)
        self.read = nn.GRU(k, hidden, batch_first=True)
        self.decide = nn.Linear(hidden, classes)

    def forward(self, values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(B, T, k), (B,) -> scores (B, classes)."""
        real = features.mask(lengths)[..., None]  # (B, T, 1)
        states, _ = self.read(self.scaled(values, real))  # (B, T, hidden); none knows of the rows after it
        at_last = states[torch.arange(len(states)), lengths - 1]  # (B, hidden)
        scores: torch.Tensor = self.decide(at_last)  # (B, classes)
        return scores


class Convolution(_Network):
    """A convolution over three neighbouring rows; then the average over the real rows, and a decision."""

    def __init__(self, k: int, classes: int, hidden: int = HIDDEN) -> None:
        super().__init__(k)
        self.over_time = nn.Conv1d(k, hidden, kernel_size=3, padding=1)
        self.decide = nn.Linear(hidden, classes)

    def forward(self, values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(B, T, k), (B,) -> scores (B, classes)."""
        real = features.mask(lengths)[..., None]  # (B, T, 1)
        channels = self.scaled(values, real).transpose(1, 2)  # (B, k, T)
        found = self.over_time(channels).relu().transpose(1, 2)  # (B, T, hidden)
        average = (found * real).sum(dim=1) / lengths[:, None]  # (B, hidden)
        scores: torch.Tensor = self.decide(average)  # (B, classes)
        return scores


class _ByNumber(nn.Module):
    """Takes numbers of films, so that a batch is padded when `train` draws it, to the longest of its own."""

    def __init__(self, network: nn.Module, rows: Rows) -> None:
        super().__init__()
        self.network, self.rows = network, rows

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """int64 (B,) -> scores (B, classes)."""
        scores: torch.Tensor = self.network(*features.pad([self.rows[n] for n in numbers.tolist()]))
        return scores


class Trained:
    """A network, trained by `coursekit.train`.

    Args:
        network: `Gru` or `Convolution`.
    """

    def __init__(self, network: Callable[[int, int], _Network]) -> None:
        self.network = network
        self.model: nn.Module = nn.Identity()

    def fit(self, rows: Rows, labels: torch.Tensor, classes: int, seed: int = 0) -> Trained:
        """As `Classifier.fit`; the seed is that of the first weights and of the order of the films."""
        every = torch.cat(list(rows))  # (sum of T, k)
        deviation = every.std(dim=0, correction=0).clamp(min=1e-6)  # (k,)

        def make() -> nn.Module:
            self.model = self.network(every.shape[1], classes)
            self.model.get_buffer("mean").copy_(every.mean(dim=0))
            self.model.get_buffer("scale").copy_(deviation)
            return _ByNumber(self.model, rows)

        train.fit(
            make, torch.arange(len(rows)), labels, epochs=EPOCHS, batch=BATCH, rate=RATE, seed=seed,
            device="cpu", progress=False,
        )  # fmt: skip
        return self

    def scores(self, rows: Rows) -> torch.Tensor:
        """As `Classifier.scores`."""
        numbers = torch.arange(len(rows)).split(BATCH)
        with torch.inference_mode():
            return torch.cat([_ByNumber(self.model, rows)(batch) for batch in numbers])

    def arrays(self) -> dict[str, np.ndarray]:
        """As `Classifier.arrays`."""
        return {name: value.numpy() for name, value in self.model.state_dict().items()}

    def restore(self, arrays: Mapping[str, np.ndarray], classes: int) -> Trained:
        """As `Classifier.restore`."""
        self.model = self.network(len(arrays["mean"]), classes)
        self.model.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
        self.model.eval()
        return self


MODELS: dict[str, Callable[[], Any]] = {
    "mean": lambda: Linear(mean),
    "changes": lambda: Linear(changes),
    "gru": lambda: Trained(Gru),
    "convolution": lambda: Trained(Convolution),
}


def model(name: str) -> Classifier:
    """A new classifier, one of `MODELS`.

    Raises:
        ValueError: there is no such model.
    """
    if name not in MODELS:
        raise ValueError(f"model={name!r} must be one of {', '.join(MODELS)}")
    made: Classifier = MODELS[name]()
    return made
