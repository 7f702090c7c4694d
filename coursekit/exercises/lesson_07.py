"""The checks of the exercises of notebook 07. Each takes an answer; it returns a sentence or raises Wrong."""

from __future__ import annotations

import math
from typing import Any

import torch

from coursekit import check
from coursekit.exercises._check import Check, is_function

_Z = 1.96


def person_of(answer: Any) -> str:
    """The person in the name of a film."""
    is_function(answer)
    for name, person in (
        ("anna_01.mp4", "anna"),
        ("anna_maria_12.mp4", "anna_maria"),
        ("r2d2_3.mov", "r2d2"),
        ("li.x_7.avi", "li.x"),
    ):
        check.equal(
            answer(name),
            person,
            f"person_of({name!r})",
            looks_like={
                each: text
                for each, text in {
                    name.split("_")[0]: "A name can have an underscore. Split at the last one.",
                    name.rsplit(".", 1)[0]: "The number is still there.",
                    name.split(".")[0]: "The number is still there.",
                    person + "_": "The underscore is still there.",
                }.items()
                if each != person
            },
        )
    return "A split by person needs nothing more than this name."


def on_both_sides(answer: Any) -> str:
    """The groups on both sides of a split."""
    is_function(answer)
    groups = ["anna", "ben", "anna", "chen", "ben", "dina", "chen"]
    for learn, test in (([0, 1, 3], [2, 4, 5, 6]), ([0, 2], [1, 4]), ([6, 5], [3]), ([], [0, 1])):
        there = sorted({groups[n] for n in learn} & {groups[n] for n in test})
        every = sorted({groups[n] for n in [*learn, *test]})
        numbers = sorted(set(learn) & set(test))
        mistakes: list[tuple[Any, str]] = [
            (every, "Those are all groups. Take those that are in both."),
            (numbers, "Those are numbers of films. A film is on one side; look at its group."),
            (len(there), "Return the groups, not their number."),
        ]
        got = answer(list(groups), list(learn), list(test))
        check.equal(
            sorted(got) if isinstance(got, (set, frozenset, list, tuple)) else got,
            there,
            f"on_both_sides(groups, learn={learn}, test={test}), sorted",
            looks_like=mistakes,
        )
    return "An empty set is what an honest split gives."


def wilson(answer: Any) -> str:
    """Wilson's interval."""
    is_function(answer)
    for right, count in ((6, 12), (5, 5), (0, 8), (60, 63)):
        p, z = right / count, _Z
        middle, root = p + z * z / (2 * count), z * math.sqrt(p * (1 - p) / count + z * z / (4 * count**2))
        down = 1 + z * z / count
        simple = z * math.sqrt(p * (1 - p) / count)
        expected = torch.tensor([(middle - root) / down, (middle + root) / down], dtype=torch.float64)
        check.close(
            _pair(answer(right, count)),
            expected,
            f"wilson({right}, {count})",
            tolerance=1e-4,
            looks_like=[
                (torch.tensor([p - simple, p + simple], dtype=torch.float64), "That is the simple interval."),
                (expected * down, "Divide both ends by 1 + z^2 / n."),
                (expected.flip(0), "The lower end first."),
                (expected * 100, "Shares from 0 to 1, not percent."),
            ],
        )
    return "With 5 of 5 right it begins at 57 %: five answers prove little."


def masked_mean(answer: Any) -> str:
    """The mean over real rows."""
    is_function(answer)
    generator = torch.Generator().manual_seed(7)
    values = torch.randn(4, 6, 5, generator=generator)  # (4, 6, 5)
    lengths = torch.tensor([6, 1, 3, 4])
    expected = torch.stack(
        [values[n, :length].mean(0) for n, length in enumerate(lengths.tolist())]
    )  # (4, 5)
    zeroed = torch.stack([values[n, :length].sum(0) for n, length in enumerate(lengths.tolist())])  # (4, 5)
    check.close(
        answer(values.clone(), lengths.clone()),
        expected,
        "masked_mean(values, lengths), where the padding is not zero",
        looks_like=[
            (values.mean(1), "That averages the padding too."),
            (zeroed / 6, "The sum is right. Divide by the length of each film, not by T."),
            (zeroed, "That is the sum over the real rows. Divide it by their number."),
            (values.sum(1) / lengths[:, None], "The padding is not zero here: leave it out of the sum."),
        ],
    )
    return "Whatever stands in the padding, it does not count."


def split_by_group(answer: Any) -> str:
    """Numbers of test films, whole groups."""
    is_function(answer)
    groups = [f"p{n % 11:02}" for n in range(40)] + ["p03"] * 5
    seen = set()
    for seed in range(6):
        got = answer(list(groups), 0.3, seed)
        numbers = got.tolist() if isinstance(got, torch.Tensor) else got
        check.that(
            isinstance(numbers, (list, tuple, set)) and all(isinstance(n, int) for n in numbers),
            "Expected the numbers of the test films, as a list.",
        )
        test = set(numbers)
        check.that(
            test <= set(range(len(groups))) and len(test) == len(list(numbers)),
            "Each number stands once, from 0 to the number of films less 1.",
        )
        inside, outside = {groups[n] for n in test}, {groups[n] for n in range(len(groups)) if n not in test}
        check.that(
            not inside & outside,
            f"The group {min(inside & outside, default='')} is on both sides: draw groups, then their films.",
        )
        check.that(
            len(inside) == 3,
            f"0.3 of 11 groups are 3 (rounded), got {len(inside)} groups on the test side.",
        )
        check.that(
            set(answer(list(groups), 0.3, seed)) == test, "The same seed must give the same split again."
        )
        seen.add(frozenset(inside))
    check.that(len(seen) > 1, "Six seeds gave the same split. Use the seed to draw the groups.")
    return "Whole groups move, and the seed decides which."


def group_bootstrap(answer: Any) -> str:
    """A bootstrap interval over groups of unequal size."""
    is_function(answer)
    generator = torch.Generator().manual_seed(7)
    sizes = torch.randint(1, 7, (30,), generator=generator)  # (30,)
    groups = torch.arange(30).repeat_interleave(sizes)  # (N,)
    good = torch.rand(30, generator=generator) < 0.6  # (30,)
    right = (good[groups] ^ (torch.rand(len(groups), generator=generator) < 0.1)).long()  # (N,)
    order = torch.randperm(len(groups), generator=generator)  # (N,)
    totals = torch.zeros(30).index_add(0, groups, right.float())  # (30,)
    drawn = torch.randint(0, 30, (20_000, 30), generator=generator)  # (20000, 30)
    shares = totals[drawn].sum(1) / sizes[drawn].sum(1)  # (20000,)
    expected = shares.quantile(torch.tensor([0.025, 0.975]))  # (2,)
    single = right[torch.randint(0, len(right), (20_000, len(right)), generator=generator)].float().mean(1)
    check.close(
        _pair(answer(right[order], groups[order])),
        expected.double(),
        "group_bootstrap(right, groups)",
        tolerance=0.05,
        looks_like=[
            (single.quantile(torch.tensor([0.025, 0.975])).double(), "That draws single films. Draw groups."),
            (expected.double() * 100, "Shares from 0 to 1, not percent."),
            (expected.double().flip(0), "The lower end first."),
        ],
    )
    return "It is wider than an interval over films, because films of one person stand or fall together."


def _pair(got: Any) -> Any:
    """A pair of numbers as a tensor (2,); anything else as it is."""
    if isinstance(got, (list, tuple)) and len(got) == 2:
        return torch.tensor([float(each) for each in got], dtype=torch.float64)
    return got.double() if isinstance(got, torch.Tensor) else got


CHECKS: dict[str, Check] = {
    "person-of": person_of,
    "on-both-sides": on_both_sides,
    "wilson-interval": wilson,
    "masked-mean": masked_mean,
    "split-by-group": split_by_group,
    "group-bootstrap": group_bootstrap,
}
