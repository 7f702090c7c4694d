"""The experiment of notebook 06: which models see the order of frames, and on which clips?

    from coursekit import order

    experiment = order.Experiment.load()
    split = experiment.by_film()                      # learn on bikes; other films are held out
    rate = order.stored().order["GRU on T x D"].rate  # as the command below chose it
    trial = experiment.trial("GRU on T x D", split, rate, seed=0)
    trial.accuracy(split, "other")                    # 0 to 1

One rule for every model: `EPOCHS` passes over the clips, steps of `BATCH` clips, AdamW with one cycle of the
learning rate (`coursekit.train`), the weights of the epoch that is best on the clips of `choose`, and the
highest rate that of `RATES` whose runs with the seeds `CHOOSING` are best there on average. Neither the
clips of `same` nor those of `other` choose anything. The rate is chosen once, on `by_film`; the splits that
hold out one shot use the same one.

All seeds, the confusion matrices and the seven leave-one-shot-out splits take about 20 minutes of one core.
`python -m tools.data.order_results` computes them, and `stored` reads the file.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from unittest import mock

import h5py
import torch
import torch.nn.functional as F
from torch import nn

from coursekit import data, motion, train, video

SCENES = 12  # frames of each shot from which clips are cut
EPOCHS, BATCH = 12, 32
RATES = (1e-3, 3e-3, 1e-2)  # highest learning rates that are tried for each model
CHOOSING = (0, 1)  # seeds whose validation accuracy chooses the rate
PARTS = ("learn", "choose", "same", "other")
CLASSES = len(motion.CLASSES)  # 7; there are as many shots
CHANNELS, QUARTERS = 192, 4  # of the earlier layer
SIDE = 40  # pixels of a frame for the CNNs
BLOCK, REACH = 16, 7  # block matching: side of a block, farthest displacement, in pixels


class Mean(nn.Module):
    """Averages the rows over time, then decides."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.decide = nn.Linear(length, CLASSES)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Scores (B, 7) for rows (B, T, D)."""
        scores: torch.Tensor = self.decide(rows.mean(dim=1))  # (B, 7)
        return scores


class Recurrent(nn.Module):
    """Reads the rows one by one, then decides from the last state."""

    def __init__(
        self,
        length: int,
        layer: type[nn.LSTM] | type[nn.GRU] = nn.GRU,
        hidden: int = 64,
    ) -> None:
        super().__init__()
        self.read = layer(length, hidden, batch_first=True)
        self.decide = nn.Linear(hidden, CLASSES)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Scores (B, 7) for rows (B, T, D)."""
        states, _ = self.read(rows)  # (B, T, hidden)
        scores: torch.Tensor = self.decide(states[:, -1])  # (B, 7)
        return scores


class Cnn(nn.Sequential):
    """Three convolutions on pixels, `k` frames long: (B, 3, T, 40, 40) -> (B, 7)."""

    def __init__(self, k: int) -> None:
        layers: list[nn.Module] = []
        for before, after in ((3, 8), (8, 16), (16, 32)):
            convolution = nn.Conv3d(before, after, (k, 3, 3), (1, 2, 2), padding=(k // 2, 1, 1))
            layers += [convolution, nn.BatchNorm3d(after), nn.ReLU()]
        super().__init__(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(32, CLASSES))


class Model(NamedTuple):
    """What a model reads, and how it is built.

    Attributes:
        reads: a name of `Experiment.inputs`.
        shape: of what it reads of one clip, such as (T, D).
        build: gives the model with new first weights.
    """

    reads: str
    shape: tuple[int, ...]
    build: Callable[[], nn.Module]


MODELS: Mapping[str, Model] = {
    "mean of T x D": Model("features", (8, 1280), lambda: Mean(1280)),
    "LSTM on T x D": Model("features", (8, 1280), lambda: Recurrent(1280, nn.LSTM)),
    "GRU on T x D": Model("features", (8, 1280), lambda: Recurrent(1280)),
    "GRU on differences of T x D": Model("features, differences", (7, 1280), lambda: Recurrent(1280)),
    "GRU on the earlier layer, pooled": Model("pooled", (8, CHANNELS), lambda: Recurrent(CHANNELS)),
    "GRU on the earlier layer, grid": Model(
        "grid", (8, CHANNELS * QUARTERS), lambda: Recurrent(CHANNELS * QUARTERS)
    ),
    "GRU on differences, pooled": Model("pooled, differences", (7, CHANNELS), lambda: Recurrent(CHANNELS)),
    "GRU on differences, grid": Model(
        "grid, differences", (7, CHANNELS * QUARTERS), lambda: Recurrent(CHANNELS * QUARTERS)
    ),
    "GRU on similarities of the grid": Model(
        "similarities", (7, QUARTERS**2), lambda: Recurrent(QUARTERS**2)
    ),
    "GRU on the motion field": Model("motion field", (7, 98), lambda: Recurrent(98)),
    "mean of the motion field": Model("motion field", (7, 98), lambda: Mean(98)),
    "CNN, kernels 1 x 3 x 3": Model("pixels", (3, 8, SIDE, SIDE), lambda: Cnn(1)),
    "CNN, kernels 3 x 3 x 3": Model("pixels", (3, 8, SIDE, SIDE), lambda: Cnn(3)),
}
CNNS = tuple(name for name, model in MODELS.items() if model.reads == "pixels")
APPEARANCE = ("mean of T x D", "LSTM on T x D", "GRU on T x D", "CNN, kernels 3 x 3 x 3")


@dataclass(frozen=True)
class Split:
    """Which clips a model learns from, and which it is asked about.

    Attributes:
        labels: int64 (N,), the class of each clip.
        learn: bool (N,), clips to learn from.
        choose: bool (N,), clips that choose the epoch and the rate, of the same shots.
        same: bool (N,), clips of other frames of the same shots; they choose nothing.
        other: bool (N,), clips of held-out shots; none if the question is which shot it is.
    """

    labels: torch.Tensor
    learn: torch.Tensor
    choose: torch.Tensor
    same: torch.Tensor
    other: torch.Tensor

    def part(self, name: str) -> torch.Tensor:
        """Clips of one of `PARTS` as bool (N,)."""
        chosen: torch.Tensor = getattr(self, name)
        return chosen


@dataclass(frozen=True)
class Trial:
    """One training.

    Attributes:
        seed: of the first weights and the order of the clips.
        epoch: the epoch, from 0, whose weights were kept.
        answers: {part: int64 (clips of the part,)}, the class that the model gave to each clip.
    """

    seed: int
    epoch: int
    answers: Mapping[str, torch.Tensor]

    def accuracy(self, split: Split, part: str) -> float:
        """The fraction, 0 to 1, of right answers on one of `PARTS`; `nan` where that has no clips."""
        right = self.answers[part] == split.labels[split.part(part)]  # (clips of the part,)
        return right.double().mean().item()


@dataclass(frozen=True)
class Trials:
    """All trainings of one model on one split: the rate that was chosen, and a trial for each seed."""

    rate: float
    trials: Sequence[Trial]

    def accuracies(self, split: Split, part: str) -> torch.Tensor:
        """float64 (seeds,), the accuracy (0 to 1) of each seed on one of `PARTS`."""
        return torch.tensor([trial.accuracy(split, part) for trial in self.trials], dtype=torch.float64)

    def mean(self, split: Split, part: str) -> float:
        """The mean accuracy (0 to 1) over the seeds on one of `PARTS`."""
        return self.accuracies(split, part).mean().item()

    def percent(self, split: Split, part: str) -> str:
        """The accuracy in percent, such as "38 (31 to 45)": mean over the seeds, lowest and highest."""
        each = 100 * self.accuracies(split, part)  # (seeds,)
        return f"{each.mean():.0f} ({each.min():.0f} to {each.max():.0f})"

    def plausible(self, split: Split, part: str, accuracy: float) -> bool:
        """Whether the accuracy (0 to 1) of one more training is not surprising beside these.

        Another machine rounds differently, and so trains another model from the same seed. Its accuracy may
        be as far from their mean as the largest of three: 4 of their standard deviations, 3 standard errors
        of an accuracy on so many clips (few seeds may agree by chance), and 0.05.
        """
        each = self.accuracies(split, part)  # (seeds,)
        mean = each.mean()
        error = (mean * (1 - mean) / len(self.trials[0].answers[part])).sqrt()
        return abs(accuracy - mean.item()) <= max(4 * each.std().item(), 3 * error.item(), 0.05)

    def right_per_clip(self, split: Split, part: str) -> torch.Tensor:
        """The fraction of the seeds that answered each clip rightly, float64 (clips,)."""
        truth = split.labels[split.part(part)]  # (clips of the part,)
        return torch.stack([trial.answers[part] == truth for trial in self.trials]).double().mean(0)

    def confusion(self, split: Split, part: str) -> torch.Tensor:
        """int64 (7, 7): true class (rows) by answer (columns), summed over the seeds."""
        truth = split.labels[split.part(part)]  # (clips of the part,)
        return torch.stack(
            [train.confusion(truth, trial.answers[part], CLASSES) for trial in self.trials]
        ).sum(0)


class Experiment:
    """The clips, what the models read of them, and the splits.

    Args:
        clips: N clips, those of `motion.course_clips(SCENES)`.
        features: float32 (F, 1280), the encoder's features of each picture of the clips.
        grid: float32 (F, 768), an earlier layer, 192 channels in 2 x 2 quarters.
        fields: float32 (N, T - 1, 7, 7, 2), motion fields in pixels.
    """

    def __init__(
        self, clips: motion.Clips, features: torch.Tensor, grid: torch.Tensor, fields: torch.Tensor
    ) -> None:
        self.clips, self.features, self.grid, self.fields = clips, features, grid, fields
        self.shots = clips.scenes // SCENES  # (N,): which shot, from 0
        self.numbers = clips.scenes % SCENES  # (N,): which of its frames, from 0

    @classmethod
    def load(cls) -> Experiment:
        """The experiment on the course's films, with the stored features.

        Raises:
            DataError, VideoError: a file of the course is missing or damaged.
        """
        with h5py.File(data.file("order_features")) as file:
            stored = [torch.from_numpy(file[name][:]).float() for name in ("global", "grid", "motion")]
        return cls(motion.course_clips(SCENES), *stored)

    def by_film(self) -> Split:
        """Which motion: learn on the five shots of *bikes*; the two other films are held out."""
        return self.without(5, 6)

    def without(self, *shots: int) -> Split:
        """Which motion, with some shots held out.

        Of the other shots, clips of frames 0 to 7 are learnt from, those of 8 and 9 choose, and those of 10
        and 11 are `same`.
        """
        held_out = torch.isin(self.shots, torch.tensor(shots))  # (N,)
        learn, choose = self.numbers < 8, (self.numbers == 8) | (self.numbers == 9)  # (N,) each
        rest = ~(learn | choose)
        return Split(self.clips.labels, learn & ~held_out, choose & ~held_out, rest & ~held_out, held_out)

    def by_shot(self) -> Split:
        """Which shot: learn from frames 2 and 5 of each, frame 7 chooses, frames 8 to 11 are asked about."""
        learn = (self.numbers == 2) | (self.numbers == 5)  # (N,)
        none = torch.zeros_like(learn)  # (N,)
        return Split(self.shots, learn, self.numbers == 7, self.numbers >= 8, none)

    def inputs(self, name: str, learn: torch.Tensor) -> torch.Tensor:
        """What a model reads of each clip; all but the pixels standardised with the clips to learn from.

        Args:
            name: such as "features": the `reads` of a model.
            learn: bool (N,).

        Returns:
            float32 (N, T, D), (N, T - 1, D), or for "pixels" (N, 3, T, 40, 40), from -0.5 to 0.5.
        """
        order = self.clips.order  # (N, T)
        if name == "pixels":
            small = F.interpolate(self.clips.frames.float(), (SIDE, SIDE), mode="area") / 255 - 0.5
            return small[order].transpose(1, 2)  # (N, 3, T, 40, 40)
        if name == "motion field":
            return standardised(self.fields.flatten(2), learn)  # (N, T - 1, 98)
        if name == "similarities":
            return standardised(similarities(standardised(self.grid[order], learn)), learn)  # (N, T - 1, 16)
        layer, _, differences = name.partition(", ")
        pictures = {
            "features": self.features,  # (F, 1280)
            "grid": self.grid,  # (F, 768)
            "pooled": self.grid.unflatten(1, (CHANNELS, QUARTERS)).mean(dim=2),  # (F, 192)
        }[layer]
        rows = pictures[order]  # (N, T, D)
        return standardised(rows.diff(dim=1) if differences else rows, learn)

    def trial(
        self, name: str, split: Split, rate: float, seed: int, progress: bool | None = None, label: str = ""
    ) -> Trial:
        """Trains a model once on the CPU, and asks it about all clips.

        Args:
            name: one of `MODELS`.
            split: which clips it learns from.
            rate: the highest learning rate.
            seed: of the first weights and the order of the clips.
            progress: as for `train.fit`.
            label: what its bar says after the name of the model.
        """
        model = MODELS[name]
        inputs = self.inputs(model.reads, split.learn)  # (N, ...)
        learn, choose = ((inputs[rows], split.labels[rows]) for rows in (split.learn, split.choose))
        run = train.fit(
            model.build,
            *learn,
            validation=choose,
            epochs=EPOCHS,
            batch=BATCH,
            rate=rate,
            seed=seed,
            device="cpu",
            progress=progress,
            name=f"{name}{label}",
        )
        asked = {part: inputs[split.part(part)] for part in PARTS}
        none = torch.zeros(0, dtype=torch.int64)  # (0,)
        answers = {part: train.predict(run.model, x) if len(x) else none for part, x in asked.items()}
        return Trial(seed, run.best, answers)

    def repeat(
        self, results: Mapping[str, Trials], split: Split, names: Sequence[str] | None = None
    ) -> dict[str, Trial]:
        """Trains some of the stored models again, once each, with seed 0 and the stored rate.

        A bar shows how far each training is.

        Args:
            results: the stored trainings on this split, such as `stored().order`.
            split: which clips they learn from.
            names: the models to train; None: all.

        Returns:
            {model: its training}.

        Raises:
            ValueError: an accuracy on the clips of `same` or `other` is not plausible beside the stored ones.
        """
        live = {}
        names = list(results) if names is None else names
        for number, name in enumerate(names, start=1):
            label = f" ({number} of {len(names)})"
            live[name] = self.trial(name, split, results[name].rate, seed=0, label=label)
            for part in ("same", "other"):
                accuracy = live[name].accuracy(split, part)
                if len(live[name].answers[part]) and not results[name].plausible(split, part, accuracy):
                    raise ValueError(
                        f"{name} reached {100 * accuracy:.0f} % on {part}, the stored trainings "
                        f"{results[name].percent(split, part)} %: make data/order_results.json anew"
                    )
        return live

    def overview(
        self, results: Mapping[str, Trials], split: Split, live: Mapping[str, Trial]
    ) -> dict[str, dict[str, object]]:
        """The table of an experiment, in percent, for `show.table`.

        Args:
            results: all trainings.
            split: which clips they learnt from.
            live: one more training of each model.

        Returns:
            {model: {column: value}}: the rate; for each part that has clips "mean (lowest to highest)" over
            the seeds; the accuracy of the training in `live` on the last of these parts; and, where shots
            are held out, the 95 % `interval` over the scenes of `other`.
        """
        parts = [part for part in ("learn", "same", "other") if split.part(part).any()]
        table: dict[str, dict[str, object]] = {}
        for name, trials in results.items():
            row: dict[str, object] = {"rate": trials.rate}
            row |= {part: trials.percent(split, part) for part in parts}
            row[f"{parts[-1]}, this run"] = round(100 * live[name].accuracy(split, parts[-1]))
            if "other" in parts:
                right, scenes = trials.right_per_clip(split, "other"), self.clips.scenes[split.other]
                low, high = (100 * end for end in interval(right, scenes))
                row["other, 95 % over scenes"] = f"{low:.0f} to {high:.0f}"
            table[name] = row
        return table


def percentages(
    results: Mapping[str, Trials], split: Split, names: Sequence[str], parts: Sequence[str]
) -> dict[str, dict[str, list[float]]]:
    """{model: {part: accuracy of each seed in percent}}, as `show.spread` draws it."""
    return {
        name: {part: (100 * results[name].accuracies(split, part)).tolist() for part in parts}
        for name in names
    }


def similarities(rows: torch.Tensor) -> torch.Tensor:
    """The cosine of each quarter of a frame with each quarter of the next.

    Args:
        rows: float32 (N, T, channels * 4), the four quarters of a channel side by side.

    Returns:
        float32 (N, T - 1, 16): quarter of this frame x quarter of the next one.
    """
    quarters = F.normalize(rows.unflatten(2, (-1, QUARTERS)), dim=2)  # (N, T, channels, 4)
    return torch.einsum("ntci,ntcj->ntij", quarters[:, :-1], quarters[:, 1:]).flatten(2)  # (N, T - 1, 16)


def standardised(rows: torch.Tensor, learn: torch.Tensor) -> torch.Tensor:
    """Each number less its mean, divided by its standard deviation, both over the clips to learn from.

    Args:
        rows: float32 (N, T, D).
        learn: bool (N,).

    Returns:
        float32 (N, T, D). 0.01 is added to the deviation, since some numbers hardly vary.
    """
    return (rows - rows[learn].mean((0, 1))) / (rows[learn].std((0, 1)) + 0.01)


def direction(confusion: torch.Tensor) -> float:
    """Of the answers that name the right pair of motions, the fraction that names the right one of the two.

    A model that ignores order gives both clips of a pair the same answer, so it
    reaches exactly 0.5.

    Args:
        confusion: int64 (7, 7), true class by answer.

    Returns:
        From 0 to 1; `nan` if no answer names the right pair.
    """
    moving = torch.arange(6)  # (6,): left, right, up, down, in, out
    right, reverse = confusion[moving, moving].sum(), confusion[moving, moving ^ 1].sum()
    return (right / (right + reverse)).item()


def absolute_differences(clip: torch.Tensor) -> int:
    """How many absolute differences of two pixels block matching takes on one clip, counted while it runs.

    Args:
        clip: uint8 (T, 3, S, S).

    Returns:
        Their number, for scikit-video's diamond search with blocks of 16 x 16 pixels, as for the stored
        motion fields.
    """
    video.scikit_video()
    block = importlib.import_module("skvideo.motion.block")
    luma = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)  # of ITU-R BT.601
    grey = (clip * luma).sum(1).round().to(torch.uint8)  # (T, S, S)
    with mock.patch.object(block, "_costMAD", side_effect=block._costMAD) as compared:
        block.blockMotion(grey[..., None].numpy(), method="DS", mbSize=BLOCK, p=REACH)
    return int(compared.call_count) * BLOCK**2


def interval(right: torch.Tensor, groups: torch.Tensor, draws: int = 2000) -> tuple[float, float]:
    """A 95 % interval for an accuracy, from a bootstrap over groups of clips that belong together.

    The groups are drawn with replacement. The clips of a scene show the same pictures, so they are not
    independent and are drawn together.

    Args:
        right: (N,), how often the answer for each clip was right, 0 to 1 (a mean over seeds).
        groups: int64 (N,), the group of each clip, such as its scene; all groups are equally large.
        draws: how many samples.

    Returns:
        The accuracies, 0 to 1, below which 2.5 % and 97.5 % of the samples lie.
    """
    means = torch.stack([right[groups == group].double().mean() for group in groups.unique()])  # (groups,)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(len(means), (draws, len(means)), generator=generator)  # (draws, groups)
    low, high = means[drawn].mean(1).quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return low, high


@dataclass(frozen=True)
class Stored:
    """All trainings that `python -m tools.data.order_results` made.

    Attributes:
        order: {model: Trials}, which motion, on `Experiment.by_film()`; 10 seeds, 5 of the CNNs.
        appearance: {model: Trials}, which shot, on `Experiment.by_shot()`; as many seeds.
        held_out: {shot: {model: Trials}}, which motion, on `Experiment.without(shot)`; 3 seeds.
        settings: how it was made.
    """

    order: Mapping[str, Trials]
    appearance: Mapping[str, Trials]
    held_out: Mapping[str, Mapping[str, Trials]]
    settings: Mapping[str, Any]


@cache
def stored() -> Stored:
    """The stored trainings.

    Raises:
        DataError: the file is missing or damaged.
    """
    content = json.loads(data.file("order_results").read_text(encoding="utf-8"))

    def models(part: Mapping[str, Any]) -> dict[str, Trials]:
        return {name: read(each) for name, each in part.items()}

    held_out = {shot: models(part) for shot, part in content["held_out"].items()}
    return Stored(models(content["order"]), models(content["appearance"]), held_out, content["settings"])


def written(trials: Trials) -> dict[str, Any]:
    """Trials as JSON keeps them: a digit for each answer."""
    runs = [
        {"seed": trial.seed, "epoch": trial.epoch}
        | {part: "".join(map(str, answers.tolist())) for part, answers in trial.answers.items()}
        for trial in trials.trials
    ]
    return {"rate": trials.rate, "trials": runs}


def read(content: Mapping[str, Any]) -> Trials:
    """The reverse of `written`."""
    trials = []
    for each in content["trials"]:
        answers = {
            part: torch.tensor([int(digit) for digit in each[part]]) for part in PARTS
        }  # (clips,) each
        trials.append(Trial(each["seed"], each["epoch"], answers))
    return Trials(content["rate"], trials)
