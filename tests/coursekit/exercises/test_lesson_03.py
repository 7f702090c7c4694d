import pytest
import torch
import torch.nn.functional as F

from coursekit import conv

SHAPES = [(28, 43, 79), (30, 45, 81), (15, 23, 41)]


def with_shape(place, shape):
    return [shape if each == place else right for each, right in enumerate(SHAPES)]


def mean(shape, divisor):
    return torch.full(shape, 1 / divisor)


def padding_for(n, o, k, s=1, d=1):
    for p in range(s * o + d * k):
        if n + 2 * p > d * (k - 1) and conv.output_size(n, k, s, p, d) == o:
            return p
    return -1


def exact_padding(n, o, k, s=1, d=1):
    return (s * (o - 1) + d * (k - 1) + 1 - n) // 2


def gives_up(n, o, k, s=1, d=1):
    return padding_for(n, o, k, s, d) if n > d * (k - 1) else -1


def both_ends(n, o, k, s=1, d=1):
    p = padding_for(n, o, k, s, d)
    return 2 * p if s == 1 and p > 0 else p


def from_2d(x, w):
    places = x.shape[1] - w.shape[2] + 1
    parts = [F.conv2d(x[:, i : i + places].transpose(0, 1), w[:, :, i]) for i in range(w.shape[2])]
    return sum(parts).transpose(0, 1)


def with_the_library(x, w):
    return F.conv3d(x[None], w)[0]


def layers_needed(frames, every=0):
    field, step, layers = 1, 1, 0
    while field < frames:
        layers += 1
        field += 2 * step
        if every and layers % every == 0:
            step *= 2
    return layers


def stride_too_early(frames, every=0):
    field, step, layers = 1, 1, 0
    while field < frames:
        layers += 1
        if every and layers % every == 0:
            step *= 2
        field += 2 * step
    return layers


def counted_from_0(frames, every=0):
    field, step, layers = 1, 1, 0
    while field < frames:
        if every and layers % every == 0:
            step *= 2
        field += 2 * step
        layers += 1
    return layers


def moving_edge(speed, frames=5):
    kernel = torch.zeros(frames, 1, 3 + abs(speed) * (frames - 1))
    for t in range(frames):
        left = (kernel.shape[2] - 3) // 2 + speed * (t - frames // 2)
        kernel[t, 0, left : left + 3] = torch.tensor([-1.0, 0.0, 1.0])
    return kernel


def strength(film, speed):
    return F.conv3d(film[None, None], moving_edge(speed)[None, None]).square().mean().sqrt().item()


def by_ratio(film):
    ratio = strength(film, 3) / strength(film, -3)
    return "right" if ratio > 1.5 else "left" if ratio < 1 / 1.5 else "neither"


def by_threshold(film):
    right, left = strength(film, 3), strength(film, -3)
    if max(right, left) < 0.2:
        return "neither"
    return "right" if right > left else "left"


def by_change(film):
    if film.diff(dim=0).abs().max() < 1e-6:
        return "neither"
    return "right" if strength(film, 3) > strength(film, -3) else "left"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("conv-shapes", SHAPES),
        ("mean-kernel", mean((1, 3, 5, 1, 1), 15)),
        ("padding-for", padding_for),
        ("conv3d-from-2d", from_2d),
        ("layers-needed", layers_needed),
        ("pan-direction", by_ratio),
    ],
)
def test_the_solution_passes(said, name, answer):
    assert said(name, answer).startswith(f"{name}: right. ")


@pytest.mark.parametrize(
    ("name", "answer", "message"),
    [
        ("conv-shapes", (28, 43), "a list of three tuples"),
        ("conv-shapes", with_shape(0, (30, 43, 79)), "Time is convolved too"),
        ("conv-shapes", with_shape(1, (30, 43, 79)), "at both ends of an axis"),
        ("conv-shapes", with_shape(2, (16, 23, 41)), "rounds down"),
        ("conv-shapes", with_shape(1, (26, 45, 81)), "length 1 along time"),
        ("conv-shapes", with_shape(0, (43, 79, 28)), "The order is T, H, W"),
        ("mean-kernel", mean((1, 3, 1, 5, 5), 75), "Five is the length in time"),
        ("mean-kernel", mean((3, 3, 5, 1, 1), 15), "These are three kernels"),
        ("mean-kernel", mean((1, 3, 5, 1, 1), 5), "three times too large"),
        ("mean-kernel", mean((5, 1, 1), 15), "an axis for the kernels"),
        ("mean-kernel", mean((1, 1, 5, 1, 1), 5), "each of the three channels"),
        ("padding-for", exact_padding, "rounds down"),
        ("padding-for", both_ends, "for both ends together"),
        ("padding-for", gives_up, "long enough for a kernel that did not fit"),
        ("padding-for", lambda n, o, k, s, d: padding_for(n, o, k, s), "with padding 0"),
        ("conv3d-from-2d", lambda x, w: from_2d(x, w).transpose(0, 1), "Move the kernels to the front"),
        ("conv3d-from-2d", lambda x, w: from_2d(x, w.flip(2)), "reversed order"),
        ("conv3d-from-2d", with_the_library, "conv3d is not allowed: write it yourself"),
        ("conv3d-from-2d", lambda x, w: from_2d(x, w), "Define it with `def`"),
        ("conv3d-from-2d", lambda x, w: from_2d(x, w) / w.shape[2], "are averaged"),
        ("layers-needed", lambda frames, every: -(-frames // 3), "each new one adds 2 frames"),
        ("layers-needed", stride_too_early, "the layers after it"),
        ("layers-needed", lambda frames, every: layers_needed(frames), "where is the stride?"),
        ("layers-needed", counted_from_0, "count the layers from 1"),
        (
            "pan-direction",
            lambda film: "right" if by_ratio(film) == "left" else "left",
            "Are the two exchanged",
        ),
        ("pan-direction", lambda film: "neither", "Is your limit for the ratio too high?"),
        (
            "pan-direction",
            lambda film: "right" if strength(film, 3) > strength(film, -3) else "left",
            "their ratio is 1",
        ),
        ("pan-direction", by_change, "Compare the two kernels by their ratio"),
        ("pan-direction", by_threshold, "a ratio does not"),
        ("pan-direction", lambda film: "right", "expected 'left', got 'right'"),
    ],
)
def test_a_known_mistake_is_named(said, name, answer, message):
    output = said(name, answer)
    assert output.startswith(f"{name}: not yet. ")
    assert message in output
