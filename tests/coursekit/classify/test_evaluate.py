"""Splits that keep groups together, intervals, baselines, learning curves."""

import pytest
import torch
from scipy.stats import binomtest

from coursekit import classify


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_both_sides_and_each_film_is_tested_once(people, seed):
    _, labels, groups = people
    parts = classify.splits(labels, groups, seed=seed)
    assert not any(classify.shared(groups, part) for part in parts)
    tested = torch.cat([test for _, test in parts])
    assert sorted(tested.tolist()) == list(range(len(labels)))


def test_a_split_by_film_has_people_on_both_sides(people):
    _, labels, groups = people
    assert any(classify.shared(groups, part) for part in classify.splits(labels))


def test_another_seed_gives_another_split(people):
    _, labels, groups = people
    first, second = (classify.splits(labels, groups, seed=seed)[0][1].tolist() for seed in (0, 1))
    assert first != second


def test_fewer_groups_than_parts_give_fewer_parts():
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    assert len(classify.splits(labels, ["a", "a", "b", "c", "d", "d"])) == 2
    with pytest.raises(ValueError, match="of one group only"):
        classify.splits(labels, ["a", "a", "a", "c", "d", "e"])


def test_the_leak_makes_the_numbers_too_good(people):
    rows, labels, groups = people
    by_film = classify.answers(rows, labels, classify.splits(labels))
    by_group = classify.answers(rows, labels, classify.splits(labels, groups))
    assert classify.accuracy(by_film, labels) > 0.85
    assert classify.accuracy(by_group, labels) < 0.75


def test_only_tested_films_count():
    said, labels = torch.tensor([0, -1, 1, -1]), torch.tensor([0, 0, 0, 0])
    assert classify.accuracy(said, labels) == 0.5


@pytest.mark.parametrize(("right", "count"), [(0, 1), (5, 5), (6, 12), (60, 63), (0, 40)])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_interval_is_that_of_scipy(right, count, level):
    low, high = classify.interval(right / count, count, level)
    expected = binomtest(right, count).proportion_ci(level, method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    generator = torch.Generator().manual_seed(7)
    rights = torch.binomial(torch.full((2000,), 30.0), torch.full((2000,), 0.7), generator=generator)
    ends = [classify.interval(right / 30, 30) for right in rights.tolist()]
    assert sum(low <= 0.7 <= high for low, high in ends) / 2000 == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(("share", "count"), [(-0.1, 5), (1.1, 5), (0.5, 0)])
def test_an_interval_of_nothing_is_refused(share, count):
    with pytest.raises(ValueError, match="must be in"):
        classify.interval(share, count)


def test_the_most_frequent_class_is_that_of_the_learnt_films():
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    parts = [(torch.tensor([0, 1, 3]), torch.tensor([2, 4, 5]))]
    assert classify.most_frequent(labels, parts).tolist() == [-1, -1, 0, -1, 0, 0]


def test_a_learning_curve_learns_from_more_films_at_each_step(people):
    curve = classify.learning_curve(*people, steps=(0.4, 1.0), seeds=(0, 1))
    few, many = curve
    assert few < many
    assert all(len(shares) == 2 for shares in curve.values())


def test_a_learning_curve_keeps_all_films_of_a_person_who_does_everything():
    groups = [f"p{n // 3}" for n in range(36)]  # 12 people, each with the classes 0, 1 and 2
    labels = torch.arange(36) % 3
    rows = list(torch.randn(36, 2, 3, generator=torch.Generator().manual_seed(7)))
    seen = []

    class Frequent:
        """Notes which films it gets."""

        def fit(self, rows, labels, *more):
            seen.append(labels.bincount().tolist())
            return self

        def scores(self, rows):
            return torch.zeros(len(rows), 3)

    classify.learning_curve(rows, labels, groups, Frequent, steps=(0.3, 1.0), seeds=(0,))
    assert {len(set(count)) for count in seen} == {1}, "as many films of each class"
    assert min(sum(count) for count in seen) == 9  # 3 of 9 or 10 people


def test_steps_of_a_learning_curve_are_one_point_only_if_they_keep_the_same_films():
    labels = torch.tensor([0] * 23 + [1] * 20)
    groups = [f"p{n}" for n in range(23)] + [f"q{n % 11}" for n in range(20)]
    rows = list(torch.randn(43, 2, 3, generator=torch.Generator().manual_seed(7)))
    steps = (0.51, 0.52, 0.53)
    curves = [classify.learning_curve(rows, labels, groups, steps=(each,), seeds=(0,)) for each in steps]
    sizes = [films for curve in curves for films in curve]
    assert sizes[0] == sizes[1] < sizes[2]
    assert round(sizes[1]) == round(sizes[2])
    together = classify.learning_curve(rows, labels, groups, steps=steps, seeds=(0,))
    assert together == {films: shares for curve in curves for films, shares in curve.items()}
