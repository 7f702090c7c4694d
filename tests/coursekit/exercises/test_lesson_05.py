from itertools import pairwise

import pytest
import torch
from torch.nn.functional import cosine_similarity


def bounds(cuts, frames):
    starts = [0, *(cut + 1 for cut in cuts)]
    return list(zip(starts, [*starts[1:], frames], strict=True))


def most_alike(rows, shots, product=None):
    means = torch.stack([rows[a:b].mean(0) for a, b in shots])
    alike = cosine_similarity(means[:, None], means[None], dim=2) if product is None else product(means)
    alike = alike.masked_fill(torch.ones_like(alike).tril().bool(), -torch.inf)
    return divmod(int(alike.argmax()), len(shots))


def batch_norm(x, mean, var, training):
    if training:
        mean, var = x.mean(0), x.var(0, correction=0)
    return (x - mean) / torch.sqrt(var + 1e-5)


def find_cuts(neighbours):
    usual = neighbours.median()
    spread = (neighbours - usual).abs().median()
    return (neighbours < usual - 10 * spread).nonzero().flatten().tolist()


def without_flashes(rows, cuts, most=5, alike=0.6, offset=1):
    flashes = set()
    for a, b in pairwise(cuts):
        if b - a <= most and cosine_similarity(rows[a], rows[b + offset], dim=0) > alike:
            flashes |= {a, b}
    return [t for t in cuts if t not in flashes]


RIGHT = {
    "feature-bytes": lambda seconds, fps, length: 4 * seconds * fps * length,
    "shot-bounds": bounds,
    "most-alike-shots": most_alike,
    "batch-norm-modes": batch_norm,
    "cuts-without-threshold": find_cuts,
    "flash-or-cut": without_flashes,
}

WRONG = [
    ("feature-bytes", lambda seconds, fps, length: seconds * fps * length, "Each takes 4 bytes"),
    ("feature-bytes", lambda seconds, fps, length: 8 * seconds * fps * length, "float64 takes 8"),
    ("feature-bytes", lambda seconds, fps, length: 4 * seconds * length, "fps frames in each second"),
    ("feature-bytes", lambda seconds, fps, length: 4.0 * seconds * fps * length, "whole number"),
    ("shot-bounds", lambda cuts, frames: list(zip([0, *cuts], [*cuts, frames])), "starts one later"),  # noqa: B905
    ("shot-bounds", lambda cuts, frames: bounds(cuts, frames)[:-1], "the last shot is missing"),
    ("shot-bounds", lambda cuts, frames: [(a, b - 1) for a, b in bounds(cuts, frames)], "no longer belongs"),
    ("most-alike-shots", lambda rows, shots: (2, 2), "leave the diagonal out"),
    (
        "most-alike-shots",
        lambda rows, shots: most_alike(rows, shots, lambda m: m @ m.T),
        "largest dot product",
    ),
    (
        "most-alike-shots",
        lambda rows, shots: most_alike(rows, [(a, a + 1) for a, _ in shots]),
        "compares the first frames",
    ),
    ("most-alike-shots", lambda rows, shots: most_alike(rows, shots)[::-1], "i < j is asked"),
    ("batch-norm-modes", lambda x, m, v, training: batch_norm(x, m, v, not training), "the other mode"),
    (
        "batch-norm-modes",
        lambda x, m, v, training: (
            batch_norm(x, x.mean(0), x.var(0), False) if training else batch_norm(x, m, v, 0)
        ),
        "divided by B - 1",
    ),
    (
        "batch-norm-modes",
        lambda x, m, v, training: batch_norm(x.T, 0, 0, True).T if training else batch_norm(x, m, v, False),
        "over the channels",
    ),
    ("batch-norm-modes", lambda x, m, v, training: (x - m) / (v + 1e-5), "root of the variance"),
    ("cuts-without-threshold", lambda x: (x < 0.6).nonzero().flatten().tolist(), "calm film: the cut at"),
    (
        "cuts-without-threshold",
        lambda x: (x < 0.95).nonzero().flatten().tolist(),
        "lively film: a cut is reported",
    ),
    ("cuts-without-threshold", lambda x: x.argsort()[:3].sort().values.tolist(), "lively film: the cut at"),
    (
        "cuts-without-threshold",
        lambda x: (x < x.mean() - 2 * x.std()).nonzero().flatten().tolist() or [int(x.argmin())],
        "without a cut: a cut is reported",
    ),
    ("cuts-without-threshold", lambda x: torch.tensor(find_cuts(x)), "list of whole numbers"),
    ("flash-or-cut", lambda rows, cuts: list(cuts), "no flash was taken out"),
    ("flash-or-cut", lambda rows, cuts: without_flashes(rows, cuts, alike=-1), "Compare the frames"),
    ("flash-or-cut", lambda rows, cuts: without_flashes(rows, cuts, most=99), "longer than 5 frames"),
    (
        "flash-or-cut",
        lambda rows, cuts: without_flashes(rows, cuts, offset=0),
        "Are frames a and b + 1 compared",
    ),
    (
        "flash-or-cut",
        lambda rows, cuts: [t for t in cuts if t in without_flashes(rows, cuts) or t in cuts[::2]],
        "a flash has two falls",
    ),
]


@pytest.mark.parametrize("name", RIGHT)
def test_the_solution_is_right(name, said):
    assert said(name, RIGHT[name]).startswith(f"{name}: right.")


@pytest.mark.parametrize("name", RIGHT)
def test_an_unwritten_answer_waits(name, said):
    assert "no answer yet" in said(name, lambda *_: ...)


@pytest.mark.parametrize(("name", "answer", "mistake"), WRONG, ids=[f"{n}-{m[:20]}" for n, _, m in WRONG])
def test_a_mistake_is_named(name, answer, mistake, said):
    printed = said(name, answer)
    assert printed.startswith(f"{name}: not yet.")
    assert mistake in printed
