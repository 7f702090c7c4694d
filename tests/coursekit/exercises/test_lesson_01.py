"""The exercises of notebook 01: right answers pass, and known wrong ones are told their mistake."""

from itertools import pairwise

import pytest
import torch


def last_appeared(times, second):
    return int((times <= second).nonzero()[-1])


def inside(alike, cuts, lag):
    ends = [0, *cuts, len(alike)]
    blocks = [alike[a:b, a:b].diagonal(lag) for a, b in pairwise(ends) if b - a > lag]
    return torch.cat(blocks).mean()


def off_diagonal(alike):
    return (alike.sum() - alike.trace()) / (len(alike) * (len(alike) - 1))


def chain(frames):
    alike = torch.corrcoef(frames.flatten(1).float())
    order, left = [0], set(range(1, len(frames)))
    while left:
        order.append(max(left, key=lambda position: alike[order[-1], position].item()))
        left.remove(order[-1])
    return order


def places_in_the_film(frames):
    return torch.tensor(chain(frames)).argsort().tolist()


def kernel(*values):
    """One kernel for as many channels, each matrix full of one value."""
    return torch.stack([torch.full((3, 3), float(value)) for value in values])[None]


RIGHT = {
    "frame-at": last_appeared,
    "seconds-in-a-gigabyte": 1e9 / (1920 * 1080 * 3 * 50),
    "flash-kernel": kernel(-1, 2, -1),
    "within-shots": inside,
    "after-shuffling": off_diagonal,
    "in-order": chain,
}


@pytest.mark.parametrize("name", RIGHT)
def test_the_right_answer_passes(name, said):
    assert said(name, RIGHT[name]).startswith(f"{name}: right. ")


@pytest.mark.parametrize("name", RIGHT)
def test_an_answer_still_to_be_written_waits(name, said):
    assert "no answer yet" in said(name, ...)


ALSO_RIGHT = [
    ("frame-at", lambda times, second: (times <= second).sum() - 1),  # a tensor
    ("frame-at", lambda times, second: max(n for n, time in enumerate(times.tolist()) if time <= second)),
    ("flash-kernel", kernel(-0.25, 0.5, -0.25)),
    ("flash-kernel", torch.eye(9)[4].view(3, 3) * torch.tensor([-1.0, 2.0, -1.0])[None, :, None, None]),
    ("within-shots", lambda alike, cuts, lag: inside(alike, cuts, lag).item()),
    ("in-order", lambda frames: torch.tensor(chain(frames))),
    ("in-order", lambda frames: torch.tensor(chain(frames)).numpy()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), ALSO_RIGHT)
def test_other_right_answers_pass(name, answer, said):
    assert "right." in said(name, answer)


WRONG = [
    ("frame-at", lambda times, second: int((times >= second).nonzero()[0]), "appears later"),
    ("frame-at", lambda times, second: int((times <= second).sum()), "appears later"),
    ("frame-at", lambda times, second: last_appeared(times, second) + (second == 0), "there already"),
    ("frame-at", lambda times, second: int((times - second).abs().argmin()), "appears later"),
    ("frame-at", lambda times, second: int(second / (times[1] - times[0])), "equal intervals"),
    ("frame-at", lambda times, second: int((times < second).sum() - 1) if second else 0, "there already"),
    ("frame-at", lambda times, second: times[last_appeared(times, second)], "frame number"),
    ("frame-at", 74, "Expected a function"),
    ("seconds-in-a-gigabyte", 1e9 / (1920 * 1080 * 50), "a colour pixel has three"),
    ("seconds-in-a-gigabyte", 1e9 / (1920 * 1080 * 3 * 50 * 4), "float32"),
    ("seconds-in-a-gigabyte", 1e9 / (1920 * 1080 * 3), "number of frames"),
    ("seconds-in-a-gigabyte", 2**30 / (1920 * 1080 * 3 * 50), "gibibyte"),
    ("seconds-in-a-gigabyte", "3.2 s", "Expected a number"),
    ("seconds-in-a-gigabyte", 1920 * 1080 * 3 * 50 / 1e9, "how many GB one second takes"),
    ("flash-kernel", kernel(1, 1, 1), "only adds values"),
    ("flash-kernel", kernel(0, 1, 0), "only adds values"),
    ("flash-kernel", kernel(0, 0, 0), "must be above 0"),
    ("flash-kernel", kernel(1, -2, 1), "All signs are exchanged"),
    ("flash-kernel", kernel(-1, 2, -1)[0], "axis that counts the kernels is missing"),
    ("flash-kernel", kernel(-1, 2, -1).transpose(0, 1), "three kernels of one channel"),
    ("flash-kernel", kernel(-1, 1), "needs three matrices"),
    ("flash-kernel", kernel(-1, 1, -1), "must sum to 0"),
    ("flash-kernel", kernel(-1, 0, 1), "must cancel"),
    ("flash-kernel", kernel(-1, 1, 0), "must cancel"),
    ("flash-kernel", kernel(-1, 2, -1) * torch.tensor([-1.0, 0.0, 1.0]), "must be above 0"),
    ("within-shots", lambda alike, cuts, lag: alike.diagonal(lag).mean(), "mean over all pairs"),
    ("within-shots", lambda alike, cuts, lag: inside(alike, [c + 1 for c in cuts], lag), "first frame of"),
    ("within-shots", lambda alike, cuts, lag: torch.stack(
        [alike[a:b, a:b].diagonal(lag).mean() for a, b in ((0, 3), (3, 8), (8, 12))]).mean(), "shots' means"),
    ("within-shots", lambda alike, cuts, lag: torch.stack(
        [alike[i, i + lag] for i in range(12 - lag) if i + lag not in cuts]).mean(), "more than one pair"),
    ("within-shots", lambda alike, cuts, lag: torch.cat(
        [alike[a:b, a:b].flatten() for a, b in ((0, 3), (3, 8), (8, 12))]).mean(), "over whole blocks"),
    ("within-shots", lambda alike, cuts, lag: alike, "expected one number"),
    ("after-shuffling", lambda alike: alike.mean(), "diagonal is included"),
    ("after-shuffling", lambda alike: alike.diagonal(1).mean(), "before the shuffling"),
    ("after-shuffling", lambda alike: off_diagonal(alike) / 2, "counted once in the sum"),
    ("after-shuffling", lambda alike: (alike - alike.diagonal().diag()).mean(), "entries are still counted"),
    ("after-shuffling", lambda alike: alike.triu().sum() / 45, "diagonal is included"),
    ("in-order", lambda frames: list(range(len(frames))), "places are wrong"),
    ("in-order", places_in_the_film, "its place in the film"),
    ("in-order", lambda frames: torch.corrcoef(frames.flatten(1).float())[0].argsort(descending=True),
     "likeness to the first one"),
    ("in-order", lambda frames: chain(frames)[::-1], "begins with 0"),
    ("in-order", lambda frames: chain(frames)[1:], "once, in a list of 50"),
    ("in-order", lambda frames: frames[chain(frames)], "You returned the frames"),
    ("in-order", lambda frames: 0, "Expected a list of positions"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "mistake"), WRONG)
def test_a_known_mistake_is_named(name, answer, mistake, said):
    text = said(name, answer)
    assert text.startswith(f"{name}: not yet. ")
    assert mistake in text
