"""A trainer for small classifiers: every step of it fits on two pages.

    run = train.fit(lambda: nn.Linear(10, 7), x, y, validation=(x2, y2), epochs=20, seed=0)
    run.model               # with the weights of its best epoch, on the CPU, in eval mode
    train.accuracy(run.model, x3, y3)

All random numbers (first weights, order of the clips) are drawn on the CPU from the seed, then moved: the
same seed begins in the same way on any device.

Sources: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019 (AdamW); Smith and Topin,
"Super-convergence", 2018 (one cycle of the learning rate, up and down).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from coursekit import device as devices
from coursekit._shared._files import atomic
from coursekit._shared._progress import bar

Labelled = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Run:
    """The result of one training.

    Attributes:
        model: the trained model, with the weights of its best epoch.
        losses: mean cross-entropy (nats) of each epoch, as it was while the weights changed.
        scores: accuracy (0 to 1) on the validation clips after each epoch; empty without such clips.
        best: the epoch, from 0, whose weights were kept: the first with the highest score, or the last one.
        seconds: wall-clock time of all epochs.
    """

    model: nn.Module
    losses: list[float]
    scores: list[float]
    best: int
    seconds: float


def fit(
    make: Callable[[], nn.Module],
    inputs: torch.Tensor,
    labels: torch.Tensor,
    *,
    validation: Labelled | None = None,
    epochs: int = 20,
    batch: int = 32,
    rate: float = 1e-3,
    seed: int = 0,
    device: str | None = None,
    path: Path | None = None,
    progress: bool | None = None,
    name: str = "training",
) -> Run:
    """Trains a classifier with AdamW and one cycle of the learning rate.

    Args:
        make: makes the model, (B, ...) -> (B, classes); called once, after seeding.
        inputs: (N, ...), what the model takes.
        labels: int64 (N,), the classes.
        validation: (inputs, labels) that choose the epoch whose weights are kept; None keeps the last.
        epochs: how often each clip is seen.
        batch: clips in one step; the last step of an epoch may have fewer.
        rate: the highest learning rate.
        seed: of the first weights and the order of the clips; torch's own random state stays as it was.
        device: where to train, as for `device.pick`.
        path: a file for the best weights so far (a state dict; `torch.load` reads it), written anew, whole
            or not at all, whenever they are beaten. None: no file.
        progress: show a bar with the time left until it is done; None: in a notebook and on a terminal.
        name: what the bar calls this training.

    Returns:
        A Run; its model is on the CPU, in eval mode.

    Raises:
        ValueError: no clips, not one label for each, a number out of range, or a device that does not
            work.
        RuntimeError: the loss is no longer a finite number; the message names the epoch and the rate.
    """
    _check(inputs, labels, validation, epochs, batch, rate)
    where = devices.pick(device)
    with torch.random.fork_rng(devices=[]), bar(epochs, name=name, unit="epoch", show=progress) as shown:
        torch.manual_seed(seed)
        model = make().to(where)
        shuffle = torch.Generator().manual_seed(seed)
        steps = -(-len(inputs) // batch)  # of an epoch
        optimizer = torch.optim.AdamW(model.parameters(), rate)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * steps)
        losses: list[float] = []
        scores: list[float] = []
        best, best_weights = 0, _copy(model)
        start = time.perf_counter()
        for epoch in range(epochs):
            model.train()
            parts = torch.randperm(len(inputs), generator=shuffle).split(batch)
            step_losses: list[torch.Tensor] = []  # on the device: reading one would wait for it, at each step
            for chosen in parts:
                x = devices.move(inputs[chosen], where)  # (B, ...)
                y = devices.move(labels[chosen], where)  # (B,)
                loss = F.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                cycle.step()
                step_losses.append(loss.detach())
            means = torch.stack(step_losses).tolist()
            total = sum(mean * len(part) for mean, part in zip(means, parts, strict=True))
            losses.append(total / len(inputs))
            if not torch.isfinite(torch.tensor(total)):
                raise RuntimeError(f"the loss became {total} in epoch {epoch}: lower rate={rate}")
            if validation is not None:
                scores.append(accuracy(model, *validation))
            if validation is None or scores[-1] > max(scores[:-1], default=-1.0):
                best, best_weights = epoch, _copy(model)
                if path is not None:
                    with atomic(Path(path)) as partial:
                        torch.save(best_weights, partial)
            shown.update()
        seconds = time.perf_counter() - start
    model.cpu().load_state_dict(best_weights)
    return Run(model.eval(), losses, scores, best, seconds)


def predict(model: nn.Module, inputs: torch.Tensor, *, batch: int = 64) -> torch.Tensor:
    """The class with the highest score for each clip.

    Args:
        model: (B, ...) -> (B, classes); used in eval mode on its own device, then left in the mode it had.
        inputs: (N, ...).
        batch: clips that are held at once.

    Returns:
        int64 (N,), on the CPU.
    """
    where = next((p.device for p in model.parameters()), torch.device("cpu"))
    before = model.training
    model.eval()
    with torch.inference_mode():
        classes = [model(devices.move(x, where)).argmax(dim=1) for x in inputs.split(batch)]
    model.train(before)
    return torch.cat(classes).cpu()  # once: each `cpu` waits for the device


def accuracy(model: nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> float:
    """The fraction of clips, 0 to 1, whose class the model finds.

    Args:
        model: as for `predict`.
        inputs: (N, ...).
        labels: whole numbers (N,), the classes.

    Raises:
        ValueError: no inputs, or not one class for each.
    """
    _check_labels("", inputs, labels)
    return (predict(model, inputs) == labels).double().mean().item()


def confusion(labels: torch.Tensor, predicted: torch.Tensor, classes: int) -> torch.Tensor:
    """How often a clip of each class (rows) was taken for which class (columns).

    Args:
        labels: whole numbers (N,), the true classes.
        predicted: whole numbers (N,), as from `predict`.
        classes: K, their number.

    Returns:
        int64 (K, K), summing to N.

    Raises:
        ValueError: other shapes than (N,), numbers that are not whole, or a class outside 0 to K - 1.
    """
    if labels.shape != predicted.shape:
        raise ValueError(f"{tuple(labels.shape)} labels, but {tuple(predicted.shape)} predictions")
    for name, values in (("labels", labels), ("predicted", predicted)):
        if values.dim() != 1 or not _is_whole(values):
            raise ValueError(f"{name} must be whole numbers (N,), got {values.dtype} {tuple(values.shape)}")
        if len(values) and not 0 <= int(values.min()) <= int(values.max()) < classes:
            low, high = int(values.min()), int(values.max())
            raise ValueError(f"{name} must be classes from 0 to {classes - 1}, got {low} to {high}")
    return torch.bincount(labels.long() * classes + predicted.long(), minlength=classes**2).view(
        classes, classes
    )


def _copy(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().to("cpu", copy=True) for name, value in model.state_dict().items()}


def _check(
    inputs: torch.Tensor,
    labels: torch.Tensor,
    validation: Labelled | None,
    epochs: int,
    batch: int,
    rate: float,
) -> None:
    pairs = {"": (inputs, labels)} | ({} if validation is None else {"validation ": validation})
    for name, (x, y) in pairs.items():
        _check_labels(name, x, y)
    for argument, value in (("epochs", epochs), ("batch", batch)):
        if value < 1:
            raise ValueError(f"{argument} must be at least 1, got {value}")
    if not 0 < rate < inf:
        raise ValueError(f"rate must be a number above 0, got {rate}")


def _check_labels(name: str, inputs: torch.Tensor, labels: torch.Tensor) -> None:
    if not len(inputs) or labels.shape != (len(inputs),):
        raise ValueError(
            f"{name}labels must be one class for each of the {name}inputs, at least one, "
            f"got shape {tuple(labels.shape)} for {len(inputs)} inputs"
        )
    if not _is_whole(labels) or bool((labels < 0).any()):
        raise ValueError(
            f"{name}labels must be classes, whole numbers from 0 on, got {labels.dtype}, "
            f"at least {labels.min()}"
        )


def _is_whole(values: torch.Tensor) -> bool:
    return not (values.is_floating_point() or values.is_complex() or values.dtype == torch.bool)
