"""The checks of the exercises of notebook 05. Each takes an answer; it returns a sentence or raises Wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch.nn.functional import cosine_similarity

from coursekit import check
from coursekit.exercises._check import Check

Function = Callable[..., Any]


def feature_bytes(answer: Function) -> str:
    """`feature_bytes(seconds, fps, length)`: the bytes of the float32 features of a film."""
    for seconds, fps, length in ((10, 25, 1280), (3600, 50, 512)):
        numbers = seconds * fps * length
        known: list[tuple[Any, str]] = [
            (numbers, "that is how many numbers there are. Each takes 4 bytes."),
            (8 * numbers, "float64 takes 8 bytes; float32 takes 4."),
            (32 * numbers, "those are bits. 8 bits are a byte."),
            (4 * seconds * length, "there are fps frames in each second."),
            (4 * fps * length, "that is one second of the film."),
            (float(4 * numbers), "right, but as a float: bytes are a whole number."),
            (seconds * fps * 3 * 224 * 224, "those are the bytes of the frames, not of their features."),
        ]
        call = f"feature_bytes({seconds}, {fps}, {length})"
        check.equal(answer(seconds, fps, length), 4 * numbers, call, known)
    return "An hour at 50 fps with 512 features takes 369 MB. The frames themselves, 224 x 224, take 27 GB."


def shot_bounds(answer: Function) -> str:
    """`shot_bounds(cuts, frames)`: (first, stop) of each shot, from the last frame of each shot but one."""
    for cuts, frames in (([29, 75, 136], 250), ([0], 2), ([], 40)):
        expected = _bounds(cuts, frames)
        late = list(zip([0, *cuts], [*cuts, frames], strict=True))
        known: list[tuple[Any, str]] = [
            (late, "a cut is the last frame of its shot: the next shot starts one later."),
            (expected[:-1], "the last shot is missing: it stops at `frames`."),
            ([(a, b - 1) for a, b in expected], "`stop` is the first frame that no longer belongs to it."),
            ([list(pair) for pair in expected], "right, but as lists: each pair must be a tuple."),
            (tuple(expected), "right, but as a tuple: a list of pairs is asked."),
        ]
        known = [(wrong, mistake) for wrong, mistake in known if wrong != expected]
        check.equal(answer(list(cuts), frames), expected, f"shot_bounds({cuts}, {frames})", known)
    return "Each shot is now a slice: rows[first:stop]."


def most_alike(answer: Function) -> str:
    """`most_alike(rows, bounds)`: the two shots whose mean rows have the largest cosine."""
    rows, bounds = _five_shots()
    means = torch.stack([rows[first:stop].mean(dim=0) for first, stop in bounds])  # (S, D)
    starts = torch.stack([rows[first] for first, _ in bounds])  # (S, D)
    expected = _best_pair(cosine_similarity(means[:, None], means[None], dim=2))
    sums = torch.stack([rows[first:stop].sum(dim=0) for first, stop in bounds])  # (S, D)
    known: list[tuple[Any, str]] = [
        (_best_pair(means @ means.T), "that is the largest dot product. Divide by both lengths."),
        (_best_pair(sums @ sums.T), "that is the largest dot product. Divide by both lengths."),
        (
            _best_pair(cosine_similarity(starts[:, None], starts[None], dim=2)),
            "that compares the first frames of the shots. Average all rows of a shot.",
        ),
        (expected[::-1], "the right shots, but i < j is asked."),
        (list(expected), "right, but as a list: a tuple is asked."),
        *(((i, i), "a shot is always most like itself: leave the diagonal out.") for i in range(len(bounds))),
    ]
    known = [(wrong, mistake) for wrong, mistake in known if wrong != expected]
    check.equal(answer(rows.clone(), list(bounds)), expected, "most_alike(rows, bounds) of five shots", known)
    return "In bikes they are the shots 3 and 5, counted from 0. Both show a bicycle: see the solution."


def batch_norm(answer: Function) -> str:
    """`batch_norm(x, mean, var, training)`: batch normalisation in its two modes."""
    x = torch.tensor([[1.0, 4.0, -2.0], [3.0, 9.0, 5.0], [8.0, 2.0, 1.0], [0.0, 5.0, 0.5]])  # (4, 3)
    mean, var = torch.tensor([2.0, 1.0, 0.5]), torch.tensor([4.0, 9.0, 0.25])  # (3,), (3,)
    batch_mean, batch_var = x.mean(dim=0), x.var(dim=0, correction=0)  # (3,), (3,)
    stored, own = _normalised(x, mean, var), _normalised(x, batch_mean, batch_var)  # (4, 3)
    for training, expected, other in ((False, stored, own), (True, own, stored)):
        used = (batch_mean, batch_var) if training else (mean, var)
        rows = _normalised(x.T, x.mean(dim=1), x.var(dim=1, correction=0)).T  # (4, 3)
        known = [
            (other, "that is the other mode. Eval takes the stored mean and var, train those of the batch."),
            (_normalised(x, batch_mean, x.var(dim=0)), "the variance is divided by B - 1, not by B."),
            (rows, "mean and variance are taken over the channels. Take them over the batch, axis 0."),
            ((x - used[0]) / (used[1] + 1e-5), "divide by the root of the variance."),
            (x - used[0], "the mean is off; the deviation is missing."),
            (x / (used[1] + 1e-5).sqrt(), "the mean has not been taken off."),
        ]
        call = f"batch_norm(x, mean, var, training={training})"
        check.close(answer(x.clone(), mean.clone(), var.clone(), training), expected, call, 1e-4, known)
    return "In train mode each row depends on the whole batch: its company."


def find_cuts(answer: Function) -> str:
    """`find_cuts(neighbours)`: the cuts of a calm film, of a lively one, and of one without a cut."""
    for name, neighbours, cuts in _films():
        result = answer(neighbours.clone())
        check.that(
            type(result) is list and all(type(t) is int for t in result),
            f"{name}: expected a list of whole numbers, got {result!r:.100}. See tolist().",
        )
        missing, extra = sorted(set(cuts) - set(result)), sorted(set(result) - set(cuts))
        low = {t: f"{t} (cosine {neighbours[t]:.2f})" for t in (*missing, *extra) if 0 <= t < len(neighbours)}
        median = f"The median of this film is {neighbours.median():.2f}."
        check.that(
            not missing, f"{name}: the cut at {low.get((missing or [0])[0])} is not reported. {median}"
        )
        check.that(
            not extra,
            f"{name}: a cut is reported at {low.get((extra or [0])[0], (extra or [0])[0])}, "
            f"and there is none. {median}",
        )
        check.that(result == cuts, f"{name}: expected the cuts in order and each once, got {result}")
    return "A fall counts against what is usual in its own film."


def without_flashes(answer: Function) -> str:
    """`without_flashes(rows, cuts)`: the cuts without the falls of flashes."""
    for name, scenes, cuts, expected in (
        ("a flash", "AAAAA WW AAAAA BBBBB", [4, 6, 11], [11]),
        ("a short shot", "AAAAA CCC BBBBB", [4, 7], [4, 7]),
        ("a long insert", "AAAAA WWWWWWW AAAA", [4, 11], [4, 11]),
        ("a cut, then a flash", "AAA BBB W BBBB CC", [2, 5, 6, 10], [2, 10]),
        ("no cut", "AAAAAA", [], []),
    ):
        rows = _rows(scenes)
        known: list[tuple[Any, str]] = [
            (list(cuts), "no flash was taken out. Are frames a and b + 1 compared?"),
            (_without_near(cuts), "two falls that are near are no flash by themselves. Compare the frames."),
            (_one_of_each(rows, cuts), "a flash has two falls: take both out."),
            (_whatever_the_distance(rows, cuts), "that is longer than 5 frames: no flash."),
            (tuple(expected), "right, but as a tuple: a list is asked."),
        ]
        known = [(wrong, mistake) for wrong, mistake in known if wrong != expected]
        check.equal(answer(rows.clone(), list(cuts)), expected, f"{name} ({scenes})", known)
    return "The rule of this notebook, with this step, would have left the flash out."


def _bounds(cuts: Sequence[int], frames: int) -> list[tuple[int, int]]:
    starts = [0, *(cut + 1 for cut in cuts)]
    return list(zip(starts, [*starts[1:], frames], strict=True))


def _five_shots() -> tuple[torch.Tensor, list[tuple[int, int]]]:
    """Rows (T, D) on which the usual mistakes give other pairs than the right one, and the shots' bounds."""
    directions = torch.tensor(
        [[1.0, 0, 0, 0], [0, 1, 0, 0], [0.9, 0.1, 0.5, 0], [0, 0.2, 0.1, 1], [0.05, 0.1, 0.1, 1]]
    )  # (S, D): shots 3 and 4 point the same way
    strengths = torch.tensor([9.0, 9.0, 8.0, 0.5, 8.0])
    lengths = [7, 4, 9, 5, 6]
    rows, bounds = [], []
    for shot, length in enumerate(lengths):
        start = sum(lengths[:shot])
        part = (strengths[shot] * directions[shot]).repeat(length, 1)  # (length, D)
        if shot in (1, 3):
            part[0] = torch.tensor([0.01, 0.3, 0.01, 0.02])  # the first frames of shots 1 and 3 are alike
        rows.append(part)
        bounds.append((start, start + length))
    return torch.cat(rows), bounds


def _best_pair(alike: torch.Tensor) -> tuple[int, int]:
    """(row, column) of the largest value above the diagonal of (S, S)."""
    upper = torch.ones_like(alike, dtype=torch.bool).triu(diagonal=1)
    i, j = divmod(int(alike.masked_fill(~upper, -torch.inf).argmax()), len(alike))
    return i, j


def _normalised(x: torch.Tensor, mean: torch.Tensor, var: torch.Tensor) -> torch.Tensor:
    return (x - mean) / (var + 1e-5).sqrt()


def _films() -> list[tuple[str, torch.Tensor, list[int]]]:
    """(name, cosines of neighbours (T - 1,), the cuts) of three films."""
    generator = torch.Generator().manual_seed(56)

    def film(usual: float, spread: float, falls: dict[int, float]) -> torch.Tensor:
        noise = torch.rand(200, generator=generator) * 2 - 1  # (200,), -1 to 1
        neighbours = usual + spread * noise
        for t, value in falls.items():
            neighbours[t] = value
        return neighbours

    calm, lively = {40: 0.88, 121: 0.91, 170: 0.86}, {17: 0.3, 90: 0.22, 91: 0.35, 180: 0.28}
    return [
        ("The calm film", film(0.988, 0.006, calm), list(calm)),
        ("The lively film", film(0.84, 0.07, lively), list(lively)),
        ("The film without a cut", film(0.965, 0.02, {}), []),
    ]


def _rows(scenes: str) -> torch.Tensor:
    """One row of features (D = 4) for each letter: A, B, C and W are different scenes."""
    letters = scenes.replace(" ", "")
    return torch.eye(4)[["ABCW".index(letter) for letter in letters]] + 0.1  # (T, 4)


def _is_flash(rows: torch.Tensor, a: int, b: int, most: int = 5) -> bool:
    return b - a <= most and bool(cosine_similarity(rows[a], rows[b + 1], dim=0) > 0.6)


def _without_near(cuts: Sequence[int]) -> list[int]:
    """The mistake: all falls that are near another one are taken out."""
    near = {t for a, b in pairwise(cuts) if b - a <= 5 for t in (a, b)}
    return [t for t in cuts if t not in near]


def _one_of_each(rows: torch.Tensor, cuts: Sequence[int]) -> list[int]:
    """The mistake: only the second fall of a flash is taken out."""
    seconds = {b for a, b in pairwise(cuts) if _is_flash(rows, a, b)}
    return [t for t in cuts if t not in seconds]


def _whatever_the_distance(rows: torch.Tensor, cuts: Sequence[int]) -> list[int]:
    """The mistake: a flash may have any length."""
    pairs = [(a, b) for a, b in pairwise(cuts) if _is_flash(rows, a, b, most=len(rows))]
    return [t for t in cuts if not any(t in pair for pair in pairs)]


CHECKS: dict[str, Check] = {
    "feature-bytes": feature_bytes,
    "shot-bounds": shot_bounds,
    "most-alike-shots": most_alike,
    "batch-norm-modes": batch_norm,
    "cuts-without-threshold": find_cuts,
    "flash-or-cut": without_flashes,
}
