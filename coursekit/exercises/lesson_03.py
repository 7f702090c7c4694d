"""The checks of the exercises of notebook 03. Each takes an answer; it returns a sentence or raises Wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from coursekit import check, conv, data, video
from coursekit.exercises._check import Check

_LIBRARIES = ("torch", "torch.nn", "torch.nn.functional", "math", "itertools", "numpy")
_Film = torch.Tensor  # grey values from 0 to 1, (T, H, W)


def conv_shapes(answer: Any) -> str:
    """Three output sizes of a clip of 30 x 45 x 81."""
    check.that(
        isinstance(answer, (list, tuple)) and len(answer) == 3,
        "Expected a list of three tuples (T, H, W), such as [(1, 2, 3), (4, 5, 6), (7, 8, 9)].",
    )
    size = (30, 45, 81)
    settings: Sequence[tuple[str, dict[str, Any], dict[tuple[int, ...], str]]] = (
        (
            "a: kernel 3",
            {"kernel": 3},
            {
                (30, 43, 79): "Time is convolved too, so it loses two frames.",
                (27, 42, 78): "The first place counts too: n - k + 1.",
                (43, 79, 28): "The order is T, H, W.",
            },
        ),
        (
            "b: kernel (1, 5, 5), padding (0, 2, 2)",
            {"kernel": (1, 5, 5), "padding": (0, 2, 2)},
            {
                (30, 43, 79): "The padding stands at both ends of an axis: add 2 p.",
                (30, 41, 77): "That is without the padding.",
                (34, 45, 81): "The padding along time is 0.",
                (26, 45, 81): "The kernel has length 1 along time.",
            },
        ),
        (
            "c: kernel 3, stride 2, padding 1",
            {"kernel": 3, "stride": 2, "padding": 1},
            {
                (16, 23, 41): "PyTorch rounds down: 29 / 2 gives 14, and 14 + 1 = 15.",
                (15, 22, 40): "The padding of 1 stands at both ends of each axis.",
                (14, 22, 40): "Is the padding missing, or the + 1 after the division?",
            },
        ),
    )
    for given, (what, options, mistakes) in zip(answer, settings, strict=True):
        shape = tuple(given) if isinstance(given, (list, tuple)) else given
        check.equal(shape, conv.output_size(size, **options), what, looks_like=mistakes)
    return "The three axes are computed apart, each with its own k, s and p."


def mean_kernel(kernel: Any) -> str:
    """A kernel whose result is the mean over three channels and five frames."""
    check.that(isinstance(kernel, torch.Tensor), "Expected a torch tensor of weights.")
    shape = tuple(kernel.shape)
    reasons = {
        (5, 1, 1): "F.conv3d also needs an axis for the kernels and one for their channels, in front.",
        (3, 5, 1, 1): "The axis that counts the kernels is missing in front; here there is one kernel.",
        (1, 1, 5, 1, 1): "A kernel has weights of its own for each of the three channels of the clip.",
        (3, 1, 5, 1, 1): "The number of kernels comes first, then the channels of the input.",
        (1, 5, 3, 1, 1): "The channels come before time.",
        (1, 3, 5, 3, 3): "The mean is over five frames of one pixel: the kernel is 1 x 1 in space.",
        (1, 3, 1, 5, 5): "Five is the length in time. The kernel is 1 x 1 in space.",
        (3, 3, 5, 1, 1): "These are three kernels. One mean over all the channels takes one kernel.",
    }
    check.equal(shape, (1, 3, 5, 1, 1), "kernel.shape", looks_like=reasons)
    values = torch.rand(1, 3, 9, 5, 7, generator=torch.Generator().manual_seed(3))  # (1, 3, 9, 5, 7)
    wanted = torch.stack([values[0, :, t : t + 5].mean(dim=(0, 1)) for t in range(5)])  # (5, 5, 7)
    mistakes = [
        (3 * wanted, "three times too large: the channels are added, so divide by 3 too."),
        (5 * wanted, "five times too large: the frames are added, so divide by 5 too."),
        (15 * wanted, "fifteen times too large: 3 channels times 5 frames are added, not averaged."),
    ]
    got = F.conv3d(values, kernel.float())[0, 0]  # (5, 5, 7)
    check.close(got, wanted, "F.conv3d(clip, kernel)", looks_like=mistakes)
    return "3 channels x 5 frames are added, so each weight is 1/15."


def padding_for(function: Callable[..., Any]) -> str:
    """The smallest padding that gives a length, or -1."""
    cases: Sequence[tuple[tuple[int, ...], dict[int, str]]] = (
        ((16, 7, 3, 2, 2), {0: "with padding 0 the result has 6 frames. Mind that PyTorch rounds down."}),
        ((16, 16, 3, 1, 1), {2: "2 is for both ends together."}),
        ((91, 91, 7, 1, 3), {3: "that is with dilation 1.", 18: "18 is for both ends together."}),
        ((16, 14, 3, 1, 1), {-1: "padding 0 gives this length, and 0 is a padding."}),
        ((16, 16, 4, 1, 1), {1: "it gives 15.", 2: "it gives 17. A kernel of 4 cannot keep the length."}),
        ((16, 9, 3, 1, 1), {-3: "a padding cannot be negative.", 0: "padding 0 gives 14, more than 9."}),
        ((3, 1, 9, 1, 1), {-1: "padding also makes a clip long enough for a kernel that did not fit."}),
        ((20, 50, 5, 3, 2), {}),
    )
    for arguments, mistakes in cases:
        n, o, k, s, d = arguments
        lengths = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for p in range(500)]
        expected = lengths.index(o) if o in lengths else -1
        what = f"padding_for(n={n}, o={o}, k={k}, s={s}, d={d})"
        check.equal(function(*arguments), expected, what, looks_like=mistakes)
    return "An even kernel with stride 1 cannot keep the length with the same padding at both ends."


def conv3d_from_2d(function: Callable[..., Any]) -> str:
    """A 3D convolution as a sum of 2D convolutions."""
    generator = torch.Generator().manual_seed(56)
    for size, kernels in (((3, 6, 9, 11), (4, 3, 3, 3, 3)), ((2, 5, 7, 8), (1, 2, 4, 2, 3))):
        clip = torch.randn(size, generator=generator)  # (C, T, H, W)
        weights = torch.randn(kernels, generator=generator)  # (K, C, k_t, k_h, k_w)
        expected = F.conv3d(clip[None], weights)[0]  # (K, T', H', W')
        first = F.conv3d(clip[None], weights[:, :, :1])[0, :, : expected.shape[1]]  # (K, T', H', W')
        mistakes = [
            (expected.transpose(0, 1), "time comes before the kernels. Move the kernels to the front."),
            (F.conv3d(clip[None], weights.flip(2))[0], "the frames of the kernel are in reversed order."),
            (expected / weights.shape[2], "the 2D results are averaged. Add them."),
            (first, "only the first frame of the kernel is used."),
        ]
        what = f"conv3d_from_2d(a clip {size}, kernels {kernels})"
        check.close(function(clip, weights), expected, what, looks_like=mistakes)
    check.own_work(function, _LIBRARIES, never=("conv3d",))
    return "A 3D convolution is a sum of 2D convolutions, one for each frame of the kernel."


def layers_needed(function: Callable[..., Any]) -> str:
    """How many layers of three frames see a number of frames."""
    cases: Sequence[tuple[int, int, dict[int, str]]] = (
        (3, 0, {}),
        (4, 0, {1: "one layer sees 3 frames."}),
        (
            100,
            0,
            {
                34: "the layers overlap: each new one adds 2 frames, not 3.",
                33: "the layers overlap: each new one adds 2 frames, not 3.",
                49: "49 layers see 99 frames.",
                51: "50 layers see 101 frames already.",
            },
        ),
        (
            100,
            2,
            {
                50: "where is the stride?",
                9: "the stride counts for the layers after it, not its own.",
                8: "count the layers from 1: with every = 2, the second one has the first stride.",
            },
        ),
        (
            100,
            1,
            {
                50: "where is the stride?",
                5: "the stride counts for the layers after it, not its own.",
                8: "strides are multiplied: after three of them, j is 2 x 2 x 2 = 8.",
            },
        ),
        (1, 3, {1: "without any layer a value sees 1 frame, itself."}),
    )
    for frames, every, mistakes in cases:
        field, step, layers = 1, 1, 0
        while field < frames:
            layers += 1
            field += 2 * step
            step *= 2 if every and layers % every == 0 else 1
        check.equal(function(frames, every), layers, f"layers_needed({frames}, {every})", looks_like=mistakes)
    return "Strides let the field grow much faster: 10 layers do what 50 do without them."


def pan_direction(function: Callable[..., Any]) -> str:
    """The direction of a pan: "right", "left" or "neither"."""
    for frame in (150, 20):
        picture = _picture(frame)
        still = _pan(picture, 0)
        brighter = still.clone()
        brighter[6:] *= 1.2
        films: tuple[tuple[_Film, str, str, dict[str, str]], ...] = (
            (_pan(picture, 3), "right", "a pan to the right by 3 columns a frame", _PAN),
            (_pan(picture, -3), "left", "a pan to the left by 3 columns a frame", _PAN),
            (still, "neither", "a film that stands still", _STILL),
            (brighter, "neither", "a still film that becomes 20 % brighter", _BRIGHTER),
            (0.3 * _pan(picture, 3), "right", "a dark film that pans to the right", _DARK),
            (0.3 * _pan(picture, -3), "left", "a dark film that pans to the left", _DARK),
        )
        for film, expected, what, mistakes in films:
            check.equal(function(film), expected, f"pan_direction({what})", looks_like=mistakes)
    return "The ratio of two opposite kernels is the same for a dark and for a bright film."


_EXCHANGED = "the kernel of the other direction responds more strongly here. Are the two exchanged?"
_PAN = {
    "left": _EXCHANGED,
    "right": _EXCHANGED,
    "neither": "one response is at least twice the other here. Is your limit for the ratio too high?",
}
_STILL = dict.fromkeys(("left", "right"), "both responses are equal here, so their ratio is 1.")
_BRIGHTER = dict.fromkeys(
    ("left", "right"), "a change of brightness raises both responses. Compare the two kernels by their ratio."
)
_DARK = {"neither": "is there a threshold on the response itself? It falls with contrast; a ratio does not."}


def _picture(frame: int) -> torch.Tensor:
    """A frame of bikes as grey values from 0 to 1, (272, 640)."""
    pixels = video.read(data.clip("bikes"), frames=(frame, frame + 1))  # (1, 3, 272, 640)
    return pixels[0].float().mean(dim=0) / 255


def _pan(picture: torch.Tensor, speed: int) -> _Film:
    """Twelve frames (12, 91, 161): the picture moves by `speed` columns a frame."""
    return torch.stack([picture[60:151, 300 - speed * t : 461 - speed * t] for t in range(12)])


CHECKS: dict[str, Check] = {
    "conv-shapes": conv_shapes,
    "mean-kernel": mean_kernel,
    "padding-for": padding_for,
    "conv3d-from-2d": conv3d_from_2d,
    "layers-needed": layers_needed,
    "pan-direction": pan_direction,
}
