"""The exercises of notebook 02: the solution passes, and a known mistake is named."""

from itertools import permutations

import pytest
import torch

from coursekit.exercises.lesson_02 import CHECKS

NAMES = ("CTHW", "TCHW", "THWC")


def _find(original, loaded):
    return next(
        (order for order in permutations(range(4)) if torch.equal(original.permute(order), loaded)), ()
    )


def _inverse(original, loaded):
    order = _find(original, loaded)
    return tuple(order.index(axis) for axis in range(len(order)))


def _by_shape(original, loaded):
    return next((o for o in permutations(range(4)) if original.permute(o).shape == loaded.shape), ())


SOLUTIONS = {
    "memory-address": lambda index, strides: sum(i * s for i, s in zip(index, strides, strict=True)),
    "from-matlab": lambda clip: clip.permute(2, 3, 0, 1)[None],
    "planes-in-picture": lambda t, frames: [divmod(c * frames + t, 3) for c in range(3)],
    "possible-layouts": lambda shape: [name for name in NAMES if shape[name.index("C")] == 3],
    "first-axis-fastest": lambda numbers, shape: numbers.reshape(shape[::-1]).permute(
        *reversed(range(len(shape)))
    ),
    "find-order": _find,
}

MISTAKES = [
    ("memory-address", lambda index, strides: sum(index), "multiplied by the stride of its axis"),
    (
        "memory-address",
        lambda index, strides: sum(i * s for i, s in zip(index[:-1], strides[:-1], strict=True)),
        "the last index is missing",
    ),
    (
        "memory-address",
        lambda index, strides: sum(i * s for i, s in zip(index, strides[::-1], strict=True)),
        "the strides are in reverse order",
    ),
    (
        "memory-address",
        lambda index, strides: float(sum(i * s for i, s in zip(index, strides, strict=True))),
        "as a float",
    ),
    ("from-matlab", lambda clip: clip.permute(2, 3, 0, 1)[None].numpy(), "Expected a torch tensor"),
    ("from-matlab", lambda clip: clip.permute(2, 3, 0, 1), "the batch axis is missing"),
    ("from-matlab", lambda clip: clip.reshape(1, 3, 4, 5, 7), "reshape moves no axis"),
    ("from-matlab", lambda clip: clip.permute(2, 3, 1, 0)[None], "H and W have changed places"),
    ("from-matlab", lambda clip: clip.permute(3, 2, 0, 1)[None], "channels come before time"),
    ("from-matlab", lambda clip: clip.permute(2, 3, 0, 1)[None].clone(), "but they were copied"),
    ("planes-in-picture", lambda t, frames: [(t, c) for c in range(3)], "the planes of the right picture"),
    ("planes-in-picture", lambda t, n: [divmod(c * n + t, n) for c in range(3)], "divide by 3, not by T"),
    (
        "planes-in-picture",
        lambda t, n: [divmod(c * n + t, 3)[::-1] for c in range(3)],
        "each pair must be (frame, channel)",
    ),
    ("planes-in-picture", lambda t, n: [c * n + t for c in range(3)], "Which frame and channel is each?"),
    ("planes-in-picture", lambda t, n: [[*divmod(c * n + t, 3)] for c in range(3)], "must be a tuple"),
    ("planes-in-picture", lambda t, n: tuple(divmod(c * n + t, 3) for c in range(3)), "a list is asked"),
    ("planes-in-picture", lambda t, n: [divmod(c * 16 + t, 3) for c in range(3)], "16 of the opening clip"),
    ("planes-in-picture", lambda t, n: [((c * n + t) // 3, c) for c in range(3)], "divmod leaves over"),
    ("possible-layouts", lambda shape: "CTHW" if shape[0] == 3 else "TCHW", "also for a single name"),
    (
        "possible-layouts",
        lambda shape: [name for name in NAMES if shape[name.index("C")] in (3, 4)],
        "here it has another one",
    ),
    ("possible-layouts", lambda shape: SOLUTIONS["possible-layouts"](shape)[:1], "another layout fits"),
    ("possible-layouts", lambda shape: [*NAMES], "the channel axis must have length 3"),
    ("possible-layouts", lambda shape: SOLUTIONS["possible-layouts"](shape)[::-1], "alphabetical"),
    ("possible-layouts", lambda shape: tuple(SOLUTIONS["possible-layouts"](shape)), "a list is asked"),
    ("first-axis-fastest", lambda numbers, shape: numbers.reshape(shape), "the last axis as the fastest"),
    ("first-axis-fastest", lambda numbers, shape: numbers.reshape(shape[::-1]), "permute them"),
    ("find-order", _inverse, "that is the inverse"),
    ("find-order", _by_shape, "compare the values"),
    ("find-order", lambda original, loaded: list(_find(original, loaded)), "a tuple is asked"),
    ("find-order", lambda original, loaded: (), "try all 24"),
]


def test_every_exercise_has_a_solution_and_two_known_mistakes():
    assert set(SOLUTIONS) == set(CHECKS)
    for name in CHECKS:
        assert sum(each[0] == name for each in MISTAKES) >= 2, name


@pytest.mark.parametrize("name", CHECKS)
def test_the_solution_is_right(name, said):
    assert said(name, SOLUTIONS[name]).startswith(f"{name}: right. ")


@pytest.mark.parametrize("name", CHECKS)
def test_three_dots_wait(name, said):
    assert said(name, lambda *arguments: ...).startswith(f"{name}: no answer yet.")


@pytest.mark.parametrize(("name", "wrong", "says"), MISTAKES)
def test_a_known_mistake_is_named(name, wrong, says, said):
    printed = said(name, wrong)
    assert printed.startswith(f"{name}: not yet. ")
    assert says in printed
