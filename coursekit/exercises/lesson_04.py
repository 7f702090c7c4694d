"""The checks of the exercises of notebook 04. Each takes an answer; it returns a sentence or raises Wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from coursekit import check, conv, cost
from coursekit.exercises._check import Check


def clip_megabytes(answer: Any) -> str:
    """The size of a colour clip in float32, in units of 10^6 bytes."""
    _check_function(answer)
    for frames, height, width in ((100, 224, 224), (33, 91, 161)):
        pixels = frames * height * width
        mistakes = [
            (pixels * 3 / 1e6, "that is one byte for each value. float32 has four."),
            (pixels * 4 / 1e6, "that is one value for each pixel. A colour pixel has three."),
            (pixels * 3 * 4 / 2**20, "that divides by 2^20. A megabyte is 10^6 bytes here."),
            (pixels * 3 * 4, "that is in bytes. Divide by 10^6."),
            (pixels * 3 * 8 / 1e6, "that is eight bytes for each value (float64). float32 has four."),
        ]
        got = _number(answer(frames, height, width), "clip_megabytes")
        what = f"clip_megabytes({frames}, {height}, {width})"
        check.close(got, pixels * 3 * 4 / 1e6, what, tolerance=1e-6, looks_like=mistakes)
    return "T x 3 x H x W values of 4 bytes. The lecture's clip takes 60 MB before anything is computed."


def same_macs(answer: Any) -> str:
    """The kernel that needs as many MACs on the clip as 3 x 3 on each frame."""
    sizes = tuple(answer) if isinstance(answer, (tuple, list)) else answer
    if not isinstance(sizes, tuple) or len(sizes) != 3 or not all(type(n) is int for n in sizes):
        raise check.Wrong(f"Expected a tuple of three whole numbers (k_T, k_H, k_W), got {answer!r}.")
    reasons = {
        (3, 3, 3): "this one has three times the weights, and it fits at 98 of 100 moments: 2.94 times.",
        (3, 1, 1): "this one has 3 weights for each channel, 3 x 3 has 9.",
        (3, 3, 1): "it has 9 weights for each channel, but it fits at 98 moments and at all 224 columns.",
        (3, 1, 3): "it has 9 weights for each channel, but it fits at 98 moments and at all 224 rows.",
        (1, 1, 1): "this one has a single weight for each channel, 3 x 3 has 9.",
        (3, 3, 0): "a kernel has a length of at least 1 along each axis.",
    }
    check.equal(sizes, (1, 3, 3), "kernel_size", looks_like=reasons)
    return "A kernel of length 1 in time sees one frame, so this 3D layer is a 2D convolution of each frame."


def longest_clip(answer: Any) -> str:
    """The longest clip whose input and output fit into memory together."""
    _check_function(answer)
    for memory, height, width in ((8 * 10**9, 224, 224), (10**9, 91, 161), (5 * 10**8, 272, 640)):
        into, out = 4 * 3 * height * width, 4 * 16 * (height - 2) * (width - 2)  # bytes for each frame
        exact = (memory + 2 * out) // (into + out)
        mistakes = {
            memory // into: "that is the input alone. Its output must fit, too.",
            memory // out: "that is the output alone. The input is held with it.",
            memory // out + 2: "that is the output alone. The input is held with it.",
            memory // (into + out): "the output has two frames fewer than the input.",
            exact + 1: "this clip does not fit any more. Round down.",
            (memory + 2 * out) // (into + 4 * 16 * height * width): "rows and columns become fewer, too.",
            memory // (into + 4 * 16 * height * width): "the output is smaller than the input on all axes.",
        }
        mistakes.pop(exact, None)
        got = answer(memory, height, width)
        what = f"longest_clip({memory}, {height}, {width})"
        if isinstance(got, float) and not got.is_integer():
            raise check.Wrong(f"{what}: got {got:.2f}, but a clip has a whole number of frames. Round down.")
        check.equal(int(_number(got, "longest_clip")), exact, what, looks_like=mistakes)
    return "With 8 GB, a single layer can hold some 2,100 frames of 224 x 224: 43 s at 50 frames per second."


def heaviest_layers(answer: Any) -> str:
    """The layers with the most MACs and with the most parameters."""
    _check_function(answer)
    narrow_to_wide = nn.Sequential(
        nn.Conv3d(3, 8, 3, padding=1),
        nn.Conv3d(8, 8, 3, padding=1),
        nn.Conv3d(8, 16, 3, stride=2, padding=1),
        nn.Conv3d(16, 32, 3, stride=2, padding=1),
    )
    wide_to_narrow = nn.Sequential(nn.Conv3d(3, 64, 1), nn.Conv3d(64, 4, 3, stride=4), nn.Conv3d(4, 4, 1))
    for network in (narrow_to_wide, wide_to_narrow):
        account = cost.account(network, (1, 3, 8, 32, 48))
        most_macs = max(account.layers, key=lambda layer: layer.macs).name
        most_parameters = max(account.layers, key=lambda layer: layer.parameters).name
        got = answer(account)
        check.that(
            isinstance(got, (tuple, list)) and len(got) == 2,
            f"Expected two names, got {got!r}. End with: return first_name, second_name",
        )
        check.that(
            all(isinstance(name, str) for name in got),
            "Expected the names of the layers, such as '0'. A layer's name is layer.name.",
        )
        reasons = {
            (most_parameters, most_macs): "the two are exchanged: first the MACs, then the parameters.",
            (most_macs, most_macs): "both are the layer with the most MACs.",
            (most_parameters, most_parameters): "both are the layer with the most parameters.",
        }
        reasons.pop((most_macs, most_parameters), None)
        check.equal(tuple(got), (most_macs, most_parameters), "heaviest(account)", looks_like=reasons)
    return "MACs are weights x places. Early layers have many places, late layers have many channels."


class _Watched(nn.Module):
    """A layer that counts its calls and the frames that it is given."""

    def __init__(self, layer: nn.Conv3d) -> None:
        super().__init__()
        self.layer = layer
        self.lengths: list[int] = []

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        """The layer's output for a clip (1, C, T, H, W)."""
        if clip.ndim != 5:
            raise check.Wrong(f"A layer got a tensor of shape {tuple(clip.shape)}. It needs (1, C, T, H, W).")
        self.lengths.append(clip.shape[2])
        output: torch.Tensor = self.layer(clip)
        return output


def stream_two_layers(answer: Any) -> str:
    """Two layers, each on three frames at a time; nothing is computed twice."""
    _check_function(answer)
    generator = torch.Generator().manual_seed(4)
    first, second = _Watched(nn.Conv3d(3, 4, 3)), _Watched(nn.Conv3d(4, 2, 3))
    clip = torch.rand((1, 3, 11, 13, 15), generator=generator)
    with torch.inference_mode():
        expected = second.layer(first.layer(clip))  # (1, 2, 7, 9, 11)
        got = answer(first, second, clip)
    check.that(isinstance(got, list), f"Expected a list of frames, got {type(got).__name__}.")
    for number, (name, layer, calls) in enumerate((("first", first, 9), ("second", second, 7))):
        longest = max(layer.lengths, default=0)
        check.that(
            longest <= 3, f"{name} was given {longest} frames at a time. Its kernel covers 3, so give it 3."
        )
        check.that(
            len(layer.lengths) <= calls,
            f"{name} was called {len(layer.lengths)} times for {calls} output frames. "
            + (
                "Keep its last outputs instead of computing them again." if number == 0 else "Once is enough."
            ),
        )
    check.that(len(got) == 7, f"Expected 11 - 2 - 2 = 7 output frames, got {len(got)}.")
    for number, frame in enumerate(got):
        check.close(frame, expected[:, :, number], f"output frame {number}")
    return "Both layers hold three frames each. The result is that of the whole clip at once."


def most_kernels(answer: Any) -> str:
    """The largest K for which (2+1)D has fewer weights than 3D: 9 C K + 3 K^2 < 27 C K."""
    _check_function(answer)
    for channels in (3, 1, 16):
        fewer = [K for K in range(1, 8 * channels) if _factorised(channels, K) < _full(channels, K)]
        reasons = {
            max(fewer) + 1: "there both have equally many weights. Fewer are asked for.",
            9 * channels - 1: "do the kernels of 1 x 3 x 3 count, too? They have 9 C K weights.",
        }
        got = _number(answer(channels), "most_kernels")
        check.equal(int(got), max(fewer), f"most_kernels({channels})", looks_like=reasons)
        check.that(float(got).is_integer(), f"most_kernels({channels}): expected a whole number, got {got}.")
    return "9 C K + 3 K^2 < 27 C K means K < 6 C. With 3 colours and 64 kernels, (2+1)D has more weights."


def _full(channels: int, kernels: int) -> int:
    return conv.cost((3, 3, 3), in_channels=channels, out_channels=kernels, kernel=3).weights


def _factorised(channels: int, kernels: int) -> int:
    space = conv.cost((3, 3, 3), in_channels=channels, out_channels=kernels, kernel=(1, 3, 3))
    time = conv.cost((3, 1, 1), in_channels=kernels, out_channels=kernels, kernel=(3, 1, 1))
    return space.weights + time.weights


def _check_function(answer: Callable[..., Any] | Any) -> None:
    if not callable(answer):
        raise check.Wrong(f"Expected a function, got {type(answer).__name__}. Give its name without ().")


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise check.Wrong(f"{name} returned {type(value).__name__}. Return a number.")
    return value


CHECKS: dict[str, Check] = {
    "clip-megabytes": clip_megabytes,
    "same-macs": same_macs,
    "longest-clip": longest_clip,
    "heaviest-layers": heaviest_layers,
    "stream-two-layers": stream_two_layers,
    "most-kernels": most_kernels,
}
