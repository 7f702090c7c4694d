"""The checks of the exercises of notebook 06. Each takes an answer; it returns a sentence or raises Wrong."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from coursekit import check, motion
from coursekit.exercises._check import Check, is_function

_LIBRARIES = ("torch", "torch.nn", "torch.nn.functional", "math", "itertools", "numpy")
_MOVING = 6  # classes that have a reverse; the seventh is still


def reversed_class(answer: Any) -> str:
    """The class of a clip that is played backwards."""
    is_function(answer)
    for label, name in enumerate(motion.CLASSES):
        partner = label if label == _MOVING else (label + 1 if label % 2 == 0 else label - 1)
        mistakes: dict[Any, str] = {
            motion.CLASSES[partner]: "Return the number of the class, not its name.",
            label + 1: "The partner of an odd number is the class before it.",
            label - 1: "The partner of an even number is the class after it.",
            _MOVING - 1 - label: "The pairs are neighbours: 0 and 1, 2 and 3, 4 and 5.",
            label: "That is the clip itself. Only still stays what it is.",
        }
        if label == _MOVING:
            mistakes = {5: "Still has no partner.", 7: "Still has no partner, and there is no class 7."}
        mistakes.pop(partner, None)
        check.equal(answer(label), partner, f"reversed_class({label}), {name}", looks_like=mistakes)
    return "Reversing swaps the two classes of a pair, and still has no partner."


def pair_accuracy(answer: Any) -> str:
    """The accuracy that counts the right pair as right, from a confusion matrix."""
    is_function(answer)
    counts = torch.randint(0, 9, (7, 7), generator=torch.Generator().manual_seed(6))  # (7, 7)
    right = sum(int(counts[n, n]) for n in range(7))
    swapped = sum(int(counts[n, n + 1]) + int(counts[n + 1, n]) for n in range(0, _MOVING, 2))
    total = int(counts.sum())
    still = int(counts[6, 6])
    got = answer(counts.clone())
    got = got.item() if isinstance(got, torch.Tensor) and got.numel() == 1 else got
    check.close(
        float(got) if isinstance(got, (int, float)) else got,
        (right + swapped) / total,
        "pair_accuracy(confusion)",
        tolerance=1e-5,
        looks_like={
            right / total: "That is the usual accuracy. Add the answers that name the reverse.",
            swapped / total: "Those are the reversed answers alone. Add the right ones.",
            (right + swapped - still) / total: "Still is missing: its right answers count too.",
            float(right + swapped): "Divide by the number of all clips.",
        },
    )
    return "It minus the usual accuracy is the share of answers with the wrong direction."


def mean_of_differences(answer: Any) -> str:
    """The mean of differences, from the first and the last row."""
    is_function(answer)
    rows = torch.randn(3, 6, 5, generator=torch.Generator().manual_seed(6))  # (3, 6, 5)
    first, last = rows[:, 0], rows[:, 5]  # (3, 5) each
    check.close(
        answer(rows.clone()),
        (last - first) / 5,
        "mean_of_differences(rows), 6 rows",
        looks_like=[
            ((last - first) / 6, "6 rows have 5 differences: divide by T - 1."),
            (last - first, "That is the sum of the differences. Divide by their number."),
            ((first - last) / 5, "The sign is turned: the later row minus the earlier one."),
            ((rows[0, 5:] - rows[0, :1]) / 5, "That is the first clip alone. The axes are N, T, D."),
            ((rows[2] - rows[0]) / 2, "Time is the second axis: the axes are N, T, D."),
        ],
    )
    check.own_work(answer, _LIBRARIES, never=("diff",))
    return "It turns its sign when the clip is reversed, so the limit of 4/7 does not bind it."


def gru_by_hand(answer: Any) -> str:
    """The states of a GRU layer."""
    is_function(answer)
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(6)
        layer = nn.GRU(11, 5, batch_first=True)
        rows = torch.randn(7, 11)  # (7, 11)
        expected = layer(rows[None])[0][0]  # (7, 5)
        mistakes = [
            (_gru(rows, layer, swap_gates=True), "r and z are swapped. PyTorch's order is r, z, n."),
            (_gru(rows, layer, swap_blend=True), "z keeps the old state, and 1 - z takes the new one."),
            (_gru(rows, layer, reset_first=True), "r multiplies U_n h + b'_n, bias included, not h alone."),
            (_gru(rows, layer, reset=False), "The reset gate r is missing."),
            (expected[-1], "That is the last state. Return all of them, (T, hidden)."),
        ]
        got = answer(rows.clone(), layer)
    check.close(got, expected, "gru(rows, layer), 7 rows of 11", tolerance=1e-4, looks_like=mistakes)
    return "It gives the states of nn.GRU."


def best_displacement(answer: Any) -> str:
    """The displacement of one block."""
    is_function(answer)
    generator = torch.Generator().manual_seed(6)
    earlier = torch.randint(0, 256, (31, 43), dtype=torch.uint8, generator=generator)  # (31, 43)
    for y, x, dy, dx in ((10, 15, 2, -3), (12, 20, -4, 1), (0, 30, 3, 4), (23, 0, -1, 2)):
        later = torch.randint(0, 256, (31, 43), dtype=torch.uint8, generator=generator)  # (31, 43)
        later[y : y + 8, x : x + 8] = earlier[y + dy : y + dy + 8, x + dx : x + dx + 8]
        got = answer(earlier.clone(), later.clone(), y, x, 8, 5)
        got = tuple(int(each) for each in got) if isinstance(got, (list, tuple)) else got
        check.equal(
            got,
            (dy, dx),
            f"best_displacement(earlier, later, y={y}, x={x}, size=8, reach=5)",
            looks_like={
                (dx, dy): "Rows first, then columns.",
                (-dy, -dx): "The displacement points from the later block to its place in the earlier frame.",
                (y + dy, x + dx): "That is the place. The displacement is the place minus (y, x).",
                (0, 0): "Is the smallest sum kept, with its displacement?",
            },
        )
    return "It also stays inside the frame at the borders."


def bootstrap_deviation(answer: Any) -> str:
    """The standard deviation of an accuracy over draws of whole scenes."""
    is_function(answer)
    generator = torch.Generator().manual_seed(6)
    scenes = torch.arange(24).repeat_interleave(7)  # (168,)
    chance = torch.rand(24, generator=generator).round()[scenes]  # (168,): a scene is all right or all wrong
    noise = torch.rand(168, generator=generator) < 0.1  # (168,)
    right = (chance.bool() ^ noise).long()  # (168,)
    shuffled = torch.randperm(168, generator=generator)  # (168,)
    means = torch.stack([right[scenes == scene].double().mean() for scene in range(24)])  # (24,)
    expected = (means.std(correction=0) / 24**0.5).item()
    single = (right.double().std(correction=0) / 168**0.5).item()
    got = answer(right[shuffled], scenes[shuffled])
    got = got.item() if isinstance(got, torch.Tensor) and got.numel() == 1 else got
    check.that(isinstance(got, float), f"Expected one number, a float, got {type(got).__name__}.")
    check.close(
        got / expected,
        1.0,
        "bootstrap_deviation(right, scenes), as a multiple of the expected value",
        tolerance=0.12,
        looks_like={
            single / expected: "That draws single clips. The clips of a scene belong together.",
            24**0.5: "That is the deviation of the scenes, not of their mean. Draw 24 scenes each time.",
            100.0: "An accuracy from 0 to 1, not in percent.",
        },
    )
    return "Here a scene is nearly all right or all wrong, so single clips would promise too much."


def _gru(
    rows: torch.Tensor,
    layer: Any,
    swap_gates: bool = False,
    swap_blend: bool = False,
    reset_first: bool = False,
    reset: bool = True,
) -> torch.Tensor:
    """The states (T, hidden) with a known mistake in the formula."""
    h = torch.zeros(layer.hidden_size)  # (hidden,)
    states = []
    for row in rows:
        x_r, x_z, x_n = (layer.weight_ih_l0 @ row + layer.bias_ih_l0).chunk(3)  # (hidden,) each
        h_r, h_z, h_n = (layer.weight_hh_l0 @ h + layer.bias_hh_l0).chunk(3)  # (hidden,) each
        r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()  # (hidden,) each
        r, z = (z, r) if swap_gates else (r, z)
        if reset_first:
            weight, bias = layer.weight_hh_l0.chunk(3)[2], layer.bias_hh_l0.chunk(3)[2]
            h_n = weight @ (r * h) + bias  # (hidden,)
        elif reset:
            h_n = r * h_n  # (hidden,)
        n = (x_n + h_n).tanh()  # (hidden,)
        h = z * n + (1 - z) * h if swap_blend else (1 - z) * n + z * h  # (hidden,)
        states.append(h)
    return torch.stack(states)  # (T, hidden)


CHECKS: dict[str, Check] = {
    "reversed-class": reversed_class,
    "pair-accuracy": pair_accuracy,
    "mean-of-differences": mean_of_differences,
    "gru-by-hand": gru_by_hand,
    "best-displacement": best_displacement,
    "bootstrap-deviation": bootstrap_deviation,
}
