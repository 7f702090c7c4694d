"""The exercises of notebook 04: the solution passes, and a known mistake is named."""

import pytest
import torch

from coursekit.exercises.lesson_04 import CHECKS


def _longest(memory, height, width, lost=2, round_up=0):
    into, out = 12 * height * width, 64 * (height - 2) * (width - 2)
    return (memory + lost * out) // (into + out) + round_up


def _heaviest(account, keys=("macs", "parameters")):
    return tuple(max(account.layers, key=lambda layer: getattr(layer, key)).name for key in keys)


def _stream(first, second, clip):
    window, outputs = [], []
    for t in range(clip.shape[2] - 2):
        window = [*window[-2:], first(clip[:, :, t : t + 3])[:, :, 0]]
        if len(window) == 3:
            outputs.append(second(torch.stack(window, dim=2))[:, :, 0])
    return outputs


def _stream_twice(first, second, clip):
    def at(t):
        return first(clip[:, :, t : t + 3])

    return [second(torch.cat([at(t), at(t + 1), at(t + 2)], 2))[:, :, 0] for t in range(clip.shape[2] - 4)]


SOLUTIONS = {
    "clip-megabytes": lambda frames, height, width: frames * 3 * height * width * 4 / 1e6,
    "same-macs": (1, 3, 3),
    "longest-clip": _longest,
    "heaviest-layers": _heaviest,
    "stream-two-layers": _stream,
    "most-kernels": lambda channels: 6 * channels - 1,
}

MISTAKES = [
    ("clip-megabytes", lambda T, H, W: T * 3 * H * W / 1e6, "one byte for each value"),
    ("clip-megabytes", lambda T, H, W: T * H * W * 4 / 1e6, "one value for each pixel"),
    ("clip-megabytes", lambda T, H, W: T * 3 * H * W * 4 / 2**20, "divides by 2^20"),
    ("clip-megabytes", lambda T, H, W: T * 3 * H * W * 4, "in bytes"),
    ("clip-megabytes", lambda T, H, W: str(T), "returned str"),
    ("clip-megabytes", 60.2, "Expected a function"),
    ("same-macs", (3, 3, 3), "three times the weights"),
    ("same-macs", (3, 1, 1), "3 weights for each channel"),
    ("same-macs", 3, "tuple of three whole numbers"),
    ("same-macs", [3, 3, 1], "at 98 moments"),
    ("longest-clip", lambda memory, H, W: memory // (12 * H * W), "input alone"),
    ("longest-clip", lambda memory, H, W: memory // (64 * (H - 2) * (W - 2)), "output alone"),
    ("longest-clip", lambda *a: _longest(*a, lost=0), "two frames fewer"),
    ("longest-clip", lambda *a: _longest(*a, round_up=1), "does not fit any more"),
    ("longest-clip", lambda *a: _longest(*a) + 0.5, "whole number of frames"),
    ("heaviest-layers", lambda account: _heaviest(account, ("parameters", "macs")), "exchanged"),
    ("heaviest-layers", lambda account: _heaviest(account, ("macs", "macs")), "both are the layer"),
    ("heaviest-layers", lambda account: account.layers[0].name, "two names"),
    ("heaviest-layers", lambda account: account.layers[:2], "names of the layers"),
    (
        "stream-two-layers",
        lambda first, second, clip: list(second(first(clip)).unbind(2)),
        "first was given 11 frames at a time",
    ),
    ("stream-two-layers", _stream_twice, "first was called 21 times for 9 output frames"),
    ("stream-two-layers", lambda *a: _stream(*a)[:-1], "7 output frames, got 6"),
    ("stream-two-layers", lambda *a: [-frame for frame in _stream(*a)], "output frame 0"),
    ("stream-two-layers", lambda *a: torch.stack(_stream(*a)), "list of frames"),
    ("stream-two-layers", lambda first, second, clip: [first(clip[0])], "needs (1, C, T, H, W)"),
    ("most-kernels", lambda channels: 6 * channels, "equally many"),
    ("most-kernels", lambda channels: 9 * channels - 1, "kernels of 1 x 3 x 3 count"),
    ("most-kernels", lambda channels: "17", "Return a number"),
]


def test_every_check_has_a_solution_and_two_mistakes():
    assert list(SOLUTIONS) == list(CHECKS)
    for name in CHECKS:
        assert sum(mistake[0] == name for mistake in MISTAKES) >= 2, name


@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_solution_is_right(name, said):
    assert said(name, SOLUTIONS[name]).startswith(f"{name}: right.")


@pytest.mark.parametrize("name", SOLUTIONS)
def test_an_empty_answer_waits(name, said):
    empty = SOLUTIONS[name]
    assert said(name, (lambda *arguments: ...) if callable(empty) else ...).startswith(
        f"{name}: no answer yet."
    )


@pytest.mark.parametrize(("name", "answer", "says"), MISTAKES)
def test_a_known_mistake_is_named(name, answer, says, said):
    printed = said(name, answer)
    assert printed.startswith(f"{name}: not yet.")
    assert says in printed
