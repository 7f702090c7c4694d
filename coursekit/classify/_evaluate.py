"""How good is a classifier? Splits, answers to films that were not learnt, intervals, baselines."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean

import numpy as np
import torch

from coursekit.classify._models import Classifier, Rows, model

Split = tuple[torch.Tensor, torch.Tensor]  # numbers of the films to learn from, and of those to be tested
FOLDS = 5


def splits(
    labels: torch.Tensor, groups: Sequence[str] | None = None, *, folds: int = FOLDS, seed: int = 0
) -> list[Split]:
    """Divide films into parts, and test each part with a model that learnt the others (cross-validation).

    Args:
        labels: int64 (N,).
        groups: the group of each film, which then lies in one part as a whole. None: each film by itself.
        folds: the number of parts; fewer if a class has fewer groups (or films).
        seed: another one, other parts.

    Returns:
        A list of pairs (learn, test), int64 each. Every film is tested once.

    Raises:
        ValueError: a class has one group (or film) only.
    """
    units = [str(number) for number in range(len(labels))] if groups is None else list(groups)
    per_class = [len({units[n] for n in (labels == each).nonzero()[:, 0]}) for each in labels.unique()]
    if min(per_class) < 2:
        raise ValueError(
            "a class has films of one group only, so no model could learn it from one group and be tested on "
            "another. Film another person, give groups in a table, or split by film"
        )
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # type: ignore[import-untyped]

    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    parts = kind(min(folds, *per_class), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about few members of a class: the notes of a report say it
        pairs = list(parts.split(labels.numpy(), labels.numpy(), None if groups is None else units))
    return [(torch.from_numpy(learn), torch.from_numpy(test)) for learn, test in pairs if len(test)]


def shared(groups: Sequence[str], split: Split) -> set[str]:
    """The groups that have films on both sides of a split."""
    learn, test = ({groups[n] for n in side.tolist()} for side in split)
    return learn & test


def answers(
    rows: Rows,
    labels: torch.Tensor,
    parts: Sequence[Split],
    make: Callable[[], Classifier] | str = "mean",
    *,
    seed: int = 0,
) -> torch.Tensor:
    """What models say about films that they did not learn from.

    Args:
        rows: of each film float32 (T, k).
        labels: int64 (N,).
        parts: as `splits` gives them; for each a new model is trained.
        make: makes a model, or the name of one in `MODELS`.
        seed: of the models.

    Returns:
        int64 (N,): the class that a film got; -1 for a film that no part tests.
    """
    classes = int(labels.max()) + 1

    def say(learn: torch.Tensor, test: torch.Tensor) -> torch.Tensor:
        new = model(make) if isinstance(make, str) else make()
        trained = new.fit([rows[n] for n in learn.tolist()], labels[learn], classes, seed)
        return trained.scores([rows[n] for n in test.tolist()]).argmax(dim=1)

    return each_part(len(labels), parts, say)


def each_part(
    count: int, parts: Sequence[Split], say: Callable[[torch.Tensor, torch.Tensor], torch.Tensor | int]
) -> torch.Tensor:
    """The answers to all parts, int64 (count,); -1 where there is none. `say(learn, test)` answers `test`."""
    said = torch.full((count,), -1)  # (N,)
    for learn, test in parts:
        said[test] = say(learn, test)
    return said


def accuracy(said: torch.Tensor, labels: torch.Tensor) -> float:
    """The fraction, 0 to 1, of the tested films (answer not -1) whose class was found."""
    tested = said >= 0
    return (said == labels)[tested].double().mean().item()


def interval(share: float, count: int, level: float = 0.95) -> tuple[float, float]:
    """The range of true accuracies that go with a measured one: Wilson's interval.

    With z the number of deviations for `level` (1.96 for 0.95), p the share and n the count, its ends are

        (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    It holds for `count` independent answers. Films of one person are not: give the number of people.

    Args:
        share: right answers, 0 to 1.
        count: of how many (> 0).
        level: in how many of such experiments the range holds the true value.

    Raises:
        ValueError: a number out of range.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    >>> [round(end, 2) for end in interval(0.8, 10)]
    [0.49, 0.94]
    """
    if not 0 <= share <= 1 or count < 1 or not 0 < level < 1:
        raise ValueError(f"share={share}, count={count}, level={level} must be in 0..1, 1 or more, in 0..1")
    z = math.sqrt(2) * torch.erfinv(torch.tensor(level, dtype=torch.float64)).item()
    middle, wide = share + z * z / (2 * count), share * (1 - share) / count + z * z / (4 * count**2)
    low, high = (middle + sign * z * math.sqrt(wide) for sign in (-1, 1))
    return max(0.0, low / (1 + z * z / count)), min(1.0, high / (1 + z * z / count))


def most_frequent(labels: torch.Tensor, parts: Sequence[Split]) -> torch.Tensor:
    """The answers of a model that always says the most frequent class of its training films, int64 (N,)."""
    return each_part(
        len(labels), parts, lambda learn, _: Counter(labels[learn].tolist()).most_common(1)[0][0]
    )


def learning_curve(
    rows: Rows,
    labels: torch.Tensor,
    groups: Sequence[str],
    make: Callable[[], Classifier] | str = "mean",
    *,
    steps: Sequence[float] = (0.25, 0.5, 0.75, 1.0),
    seeds: Sequence[int] = (0, 1, 2),
) -> dict[float, list[float]]:
    """The accuracy on new groups when the model learns from a part of the others.

    A smaller part is contained in a larger one: with the same seed, the groups are kept in the same order.
    Two steps that keep as many films keep the same ones, and are one point of the curve.

    Args:
        rows: of each film float32 (T, k).
        labels: int64 (N,).
        groups: of each film.
        make: as for `answers`.
        steps: which parts of the training groups are kept, 0 to 1.
        seeds: of the splits and of the groups that are kept.

    Returns:
        {films to learn from, on average over the parts and seeds: accuracy of each seed}.
    """
    curve: dict[float, list[float]] = {}
    for step in steps:
        kept = {
            seed: [
                (_some(learn, labels, groups, step, seed), test)
                for learn, test in splits(labels, groups, seed=seed)
            ]
            for seed in seeds
        }
        films = fmean(len(learn) for parts in kept.values() for learn, _ in parts)
        if films not in curve:
            said = [answers(rows, labels, parts, make, seed=seed) for seed, parts in kept.items()]
            curve[films] = [accuracy(each, labels) for each in said]
    return curve


def _some(
    learn: torch.Tensor, labels: torch.Tensor, groups: Sequence[str], part: float, seed: int
) -> torch.Tensor:
    """The films of a part of the groups: of those with the same classes, at least one group."""
    classes: dict[str, set[int]] = {}
    for n in learn.tolist():
        classes.setdefault(groups[n], set()).add(int(labels[n]))
    alike: dict[tuple[int, ...], list[str]] = {}  # groups by the classes that they have films of
    for name in sorted(classes):
        alike.setdefault(tuple(sorted(classes[name])), []).append(name)
    random, chosen = np.random.default_rng(seed), set()
    for _, names in sorted(alike.items()):
        count = max(1, round(part * len(names)))
        chosen |= {names[n] for n in random.permutation(len(names))[:count]}
    return torch.tensor([n for n in learn.tolist() if groups[n] in chosen])
