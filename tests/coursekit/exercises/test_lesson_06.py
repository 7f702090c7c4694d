"""The exercises of notebook 06: solutions pass, and known mistakes are named."""

import pytest
import torch


def reversed_class(label):
    return label ^ 1 if label < 6 else label


def pair_accuracy(confusion):
    moving = torch.arange(6)
    right = confusion.diagonal().sum() + confusion[moving, moving ^ 1].sum()
    return (right / confusion.sum()).item()


def mean_of_differences(rows):
    return (rows[:, -1] - rows[:, 0]) / (rows.shape[1] - 1)


def with_diff(rows):
    return rows.diff(dim=1).mean(1)


def gru(rows, layer, *, swapped=False, blended=False, without_reset=False):
    h = torch.zeros(layer.hidden_size)
    states = []
    for row in rows:
        x_r, x_z, x_n = (layer.weight_ih_l0 @ row + layer.bias_ih_l0).chunk(3)
        h_r, h_z, h_n = (layer.weight_hh_l0 @ h + layer.bias_hh_l0).chunk(3)
        r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        if swapped:
            r, z = z, r
        n = (x_n + (h_n if without_reset else r * h_n)).tanh()
        h = z * n + (1 - z) * h if blended else (1 - z) * n + z * h
        states.append(h)
    return torch.stack(states)


def best_displacement(earlier, later, y, x, size, reach, order=1):
    block, sums = later[y : y + size, x : x + size].int(), {}
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if 0 <= y + dy <= earlier.shape[0] - size and 0 <= x + dx <= earlier.shape[1] - size:
                there = earlier[y + dy : y + dy + size, x + dx : x + dx + size].int()
                sums[dy, dx] = int((block - there).abs().sum())
    return min(sums, key=sums.get)[::order]


def bootstrap_deviation(right, scenes):
    means = torch.stack([right[scenes == scene].double().mean() for scene in scenes.unique()])
    drawn = torch.randint(len(means), (2000, len(means)), generator=torch.Generator().manual_seed(0))
    return means[drawn].mean(1).std().item()


def of_single_clips(right, scenes):
    return bootstrap_deviation(right, torch.arange(len(right)))


RIGHT = {
    "reversed-class": reversed_class,
    "pair-accuracy": pair_accuracy,
    "mean-of-differences": mean_of_differences,
    "gru-by-hand": gru,
    "best-displacement": best_displacement,
    "bootstrap-deviation": bootstrap_deviation,
}
WRONG = [
    ("reversed-class", lambda label: label, "That is the clip itself"),
    ("reversed-class", lambda label: label + 1, "class before it"),
    ("reversed-class", lambda label: 5 - label if label < 6 else label, "The pairs are neighbours"),
    ("reversed-class", lambda label: "pan right", "not its name"),
    ("reversed-class", lambda label: label ^ 1, "there is no class 7"),
    ("pair-accuracy", lambda c: (c.diagonal().sum() / c.sum()).item(), "That is the usual accuracy"),
    ("pair-accuracy", lambda c: pair_accuracy(c) - (c[6, 6] / c.sum()).item(), "Still is missing"),
    ("pair-accuracy", lambda c: pair_accuracy(c) * c.sum(), "Divide by the number of all clips"),
    ("mean-of-differences", lambda rows: (rows[:, -1] - rows[:, 0]) / rows.shape[1], "divide by T - 1"),
    ("mean-of-differences", lambda rows: -mean_of_differences(rows), "The sign is turned"),
    ("mean-of-differences", with_diff, "diff is not allowed: write it yourself"),
    ("mean-of-differences", lambda rows: (rows[-1] - rows[0]) / 2, "Time is the second axis"),
    ("gru-by-hand", lambda rows, layer: gru(rows, layer, swapped=True), "r and z are swapped"),
    ("gru-by-hand", lambda rows, layer: gru(rows, layer, blended=True), "z keeps the old state"),
    ("gru-by-hand", lambda rows, layer: gru(rows, layer, without_reset=True), "reset gate r is missing"),
    ("gru-by-hand", lambda rows, layer: gru(rows, layer)[-1], "That is the last state"),
    ("best-displacement", lambda *a: best_displacement(*a, order=-1), "Rows first, then columns"),
    ("best-displacement", lambda *a: tuple(-d for d in best_displacement(*a)), "points from the later block"),
    ("best-displacement", lambda *a: (0, 0), "Is the smallest sum kept"),
    ("bootstrap-deviation", of_single_clips, "That draws single clips"),
    (
        "bootstrap-deviation",
        lambda r, s: bootstrap_deviation(r, s) * 24**0.5,
        "of the scenes, not of their mean",
    ),
    ("bootstrap-deviation", lambda r, s: 100 * bootstrap_deviation(r, s), "not in percent"),
]


@pytest.mark.parametrize("name", RIGHT)
def test_the_solution_is_right(name, said):
    assert said(name, RIGHT[name]).startswith(f"{name}: right. ")


@pytest.mark.parametrize("name", RIGHT)
def test_a_stub_waits_and_a_value_is_refused(name, said):
    assert "no answer yet" in said(name, lambda *_: ...)
    assert "Expected a function" in said(name, 3)


@pytest.mark.parametrize(("name", "answer", "message"), WRONG)
def test_a_known_mistake_is_named(name, answer, message, said):
    output = said(name, answer)
    assert output.startswith(f"{name}: not yet. ")
    assert message in output
