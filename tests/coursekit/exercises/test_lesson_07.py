"""The exercises of notebook 07: solutions pass, and known mistakes are named."""

import math

import pytest
import torch


def person_of(name):
    return name.rsplit("_", 1)[0]


def on_both_sides(groups, learn, test):
    return {groups[n] for n in learn} & {groups[n] for n in test}


def wilson(right, count, divided=True):
    p, z = right / count, 1.96
    middle = p + z**2 / (2 * count)
    root = z * math.sqrt(p * (1 - p) / count + z**2 / (4 * count**2))
    below = 1 + z**2 / count if divided else 1
    return (middle - root) / below, (middle + root) / below


def simple(right, count):
    p = right / count
    half = 1.96 * math.sqrt(p * (1 - p) / count)
    return p - half, p + half


def masked_mean(values, lengths):
    real = torch.arange(values.shape[1]) < lengths[:, None]
    return (values * real[..., None]).sum(dim=1) / lengths[:, None]


def split_by_group(groups, share, seed):
    names = sorted(set(groups))
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(seed)).tolist()
    chosen = {names[n] for n in order[: round(share * len(names))]}
    return [n for n, group in enumerate(groups) if group in chosen]


def split_by_film(groups, share, seed):
    order = torch.randperm(len(groups), generator=torch.Generator().manual_seed(seed)).tolist()
    return order[: round(share * len(groups))]


def group_bootstrap(right, groups):
    people = int(groups.max()) + 1
    hits = torch.zeros(people).index_add(0, groups, right.float())
    films = torch.bincount(groups, minlength=people)
    drawn = torch.randint(0, people, (2000, people), generator=torch.Generator().manual_seed(7))
    shares = hits[drawn].sum(dim=1) / films[drawn].sum(dim=1)
    return tuple(shares.quantile(torch.tensor([0.025, 0.975])).tolist())


def film_bootstrap(right, groups):
    drawn = torch.randint(0, len(right), (2000, len(right)), generator=torch.Generator().manual_seed(7))
    return tuple(right[drawn].float().mean(1).quantile(torch.tensor([0.025, 0.975])).tolist())


SOLUTIONS = {
    "person-of": person_of,
    "on-both-sides": on_both_sides,
    "wilson-interval": wilson,
    "masked-mean": masked_mean,
    "split-by-group": split_by_group,
    "group-bootstrap": group_bootstrap,
}
MISTAKES = [
    ("person-of", lambda name: name.split("_")[0], "Split at the last one"),
    ("person-of", lambda name: name.rsplit(".", 1)[0], "The number is still there"),
    ("on-both-sides", lambda groups, learn, test: set(learn) & set(test), "look at its group"),
    ("on-both-sides", lambda groups, learn, test: set(groups), "Those are all groups"),
    ("wilson-interval", simple, "That is the simple interval"),
    ("wilson-interval", lambda right, count: wilson(right, count, divided=False), "Divide both ends"),
    ("masked-mean", lambda values, lengths: values.mean(1), "averages the padding too"),
    ("masked-mean", lambda values, lengths: values.sum(1) / lengths[:, None], "leave it out of the sum"),
    ("split-by-group", split_by_film, "is on both sides"),
    ("split-by-group", lambda groups, share, seed: split_by_group(groups, share, 1), "Use the seed"),
    ("group-bootstrap", film_bootstrap, "That draws single films"),
    ("group-bootstrap", lambda right, groups: 0.5, "group_bootstrap"),
]


@pytest.mark.parametrize("name", list(SOLUTIONS))
def test_the_solution_is_right(said, name):
    assert said(name, SOLUTIONS[name]).startswith(f"{name}: right. ")


@pytest.mark.parametrize("name", list(SOLUTIONS))
def test_no_answer_yet_waits(said, name):
    assert "no answer yet" in said(name, lambda *_: ...)


@pytest.mark.parametrize(("name", "answer", "message"), MISTAKES)
def test_a_known_mistake_is_named(said, name, answer, message):
    text = said(name, answer)
    assert text.startswith(f"{name}: not yet. ")
    assert message in text
