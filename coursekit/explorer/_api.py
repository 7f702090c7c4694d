"""The two explorers: their arguments, checks, and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite

import numpy as np
import torch
from torch import nn

from coursekit import conv
from coursekit.explorer import _budget, _still
from coursekit.explorer._page import Page, page
from coursekit.explorer._still import AXES, Convolution, Triple

# What the fields of the explorer take: it is a thing to look at, not a calculator for any network.
LIMITS = {"size": (1, 1000), "kernel": (1, 99), "stride": (1, 99), "padding": (0, 99), "dilation": (1, 99)}


def convolution(
    size: conv.Sizes = (12, 7, 9),
    kernel: conv.Sizes = 3,
    *,
    stride: conv.Sizes = 1,
    padding: conv.Padding = 0,
    dilation: conv.Sizes = 1,
    in_channels: int = 3,
    out_channels: int = 4,
    bias: bool = True,
    at: Triple | None = None,
) -> Page:
    """The convolution explorer: a volume, a kernel to move and resize, and the output that it fills.

    Up to 16 frames are laid out as a film strip, with the example's values in the cells; a longer volume
    is drawn as a box. Below it stand the size formula with the numbers put in, the cost, the line of
    PyTorch, and one output value worked out channel by channel (with `example_values`).

    Args:
        size: (T, H, W) of the input, or one number for all three; each up to 1,000.
        kernel: its size; this and the next three as in `conv.output_size`, each up to 99.
        stride: its step.
        padding: zeros at both ends, or "valid", or "same" where that is equal at both ends.
        dilation: from one tap of the kernel to the next.
        in_channels: channels of the input, up to 4,096.
        out_channels: number of kernels, up to 4,096.
        bias: whether each kernel adds one.
        at: the output position (t, y, x) to begin with; the middle by default.

    Returns:
        A `Page`; a cell that ends in one shows it.

    Raises:
        ValueError, TypeError: as `conv.cost`; a number above the limits; an `at` outside the output.

    Source: Lecture 56, 12:46 (the kernel's dot products) and 15:57 (sizes, padding and stride per axis).
    """
    lengths: Triple = (size, size, size) if isinstance(size, int) else size  # type: ignore[assignment]
    account = conv.cost(
        lengths,
        in_channels=in_channels,
        out_channels=out_channels,
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        bias=bias,
    )
    if len(account.size) != 3:
        raise ValueError(f"size must be (T, H, W), three numbers, got {len(account.size)}: {size}")
    axes = {"kernel": _triple(kernel), "stride": _triple(stride), "dilation": _triple(dilation)}
    axes |= {"size": _triple(account.size), "padding": _pads(padding, axes["kernel"], axes["dilation"])}
    _check_limits(axes, {"in_channels": in_channels, "out_channels": out_channels})
    output = _triple(account.output_size)
    settings = Convolution(
        **axes, output=output, in_channels=in_channels, out_channels=out_channels, bias=bias
    )
    position = _position(at, output)
    given = {
        "settings": {**axes, "in_channels": in_channels, "out_channels": out_channels, "bias": bias},
        "at": position,
        "limits": LIMITS,
    }
    picture = _still.draw(settings, position)
    return page("explorer.html", given, picture, title="Convolution explorer", height=1180)


def budget(
    networks: Mapping[str, nn.Module] | None = None,
    *,
    memory_gb: float = 16,
    size: tuple[int, int] = (224, 224),
    fps: float = 25,
    dtype: torch.dtype = torch.float32,
) -> Page:
    """The budget calculator: how long a clip fits into memory, at inference and in training.

    Each network's memory is predicted by `cost.account` at two sizes, when this is called, and read
    off between and beyond them as fixed + per_pixel * T * H * W; the page states how far that is off
    at a third size. Memory, frame size, frame rate and optimizer are then moved on the page.

    Args:
        networks: {"name": model}; one with a Conv3d takes clips (1, 3, T, H, W), any other the frames as
            its batch (T, 3, H, W). By default the lecture's layer, R3D-18, R(2+1)D-18 and ResNet-18.
        memory_gb: to begin with, in GB = 10^9 bytes.
        size: (H, W) of a frame, to begin with.
        fps: frames per second, to begin with.
        dtype: of input and parameters; torch.bfloat16 halves what float32 takes.

    Returns:
        A `Page`; a cell that ends in one shows it.

    Raises:
        ValueError: no network, or a number out of range; and as `cost.account`.
        TypeError: something other than a module among the networks.

    Source: Lecture 56, 18:07 (the memory of 100 frames, and the 2 s that they are).
    """
    limits = {"memory_gb": (memory_gb, 0.5, 1000), "fps": (fps, 0.1, 1000)}
    limits |= {f"size[{axis}]": (length, 16, 8192) for axis, length in enumerate(size)}
    for name, (value, low, high) in limits.items():
        if not isfinite(value) or not low <= value <= high:
            raise ValueError(f"{name} must be a number from {low:g} to {high:,}, got {value}")
    if len(size) != 2:
        raise ValueError(f"size must be (H, W) of a frame, got {size}")
    models = _budget.default_networks() if networks is None else networks
    if not models:
        raise ValueError("networks must hold at least one network, got none")
    for name, model in models.items():
        if not isinstance(model, nn.Module):
            raise TypeError(f"networks[{name!r}] must be a torch.nn.Module, got {type(model).__name__}")
    budgets = [_budget.fit(name, model, dtype) for name, model in models.items()]
    given = {
        "networks": [asdict(each) for each in budgets],
        "chosen": min(1, len(budgets) - 1),
        "memory_gb": memory_gb,
        "size": size,
        "fps": fps,
        "dtype": str(dtype).removeprefix("torch."),
        "fitted": [_budget.by(each) for each in _budget.FITTED],
        "checked": _budget.by(_budget.CHECKED),
    }
    picture = _budget.draw(budgets, memory_gb, size, fps)
    return page("budget.html", given, picture, title="Memory budget", height=640)


def example_values(
    size: Triple, kernel: Triple, in_channels: int, out_channels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The small whole numbers that the explorer computes with, to work them out again in PyTorch.

        mix(n) = n^3 mod 101
        x[c, t, y, x] = mix(7 c + 5 t + 3 y + 2 x + 1) mod 10
        w[k, c, i, j, l] = mix(11 k + 7 c + 5 i + 3 j + 2 l + 1) mod 3 - 1
        b[k] = k mod 3 + 1

    Args:
        size: (T, H, W).
        kernel: (t, h, w).
        in_channels: C.
        out_channels: K.

    Returns:
        Input (C, T, H, W), weights (K, C, t, h, w) and biases (K,), all int64.
    """
    c, t, y, x = np.indices((in_channels, *size))
    values = (7 * c + 5 * t + 3 * y + 2 * x + 1) ** 3 % 101 % 10  # (C, T, H, W)
    k, c, i, j, l = np.indices((out_channels, in_channels, *kernel))  # noqa: E741
    weights = (11 * k + 7 * c + 5 * i + 3 * j + 2 * l + 1) ** 3 % 101 % 3 - 1  # (K, C, t, h, w)
    return values, weights, np.arange(out_channels) % 3 + 1


def _triple(value: conv.Sizes) -> Triple:
    """One number for each axis; `conv` has checked them."""
    if not isinstance(value, (tuple, list)):
        return int(value), int(value), int(value)
    t, h, w = (int(each) for each in value)
    return t, h, w


def _pads(padding: conv.Padding, kernel: Triple, dilation: Triple) -> Triple:
    """Padding in numbers; `conv` has checked it."""
    if padding == "valid":
        return 0, 0, 0
    if not isinstance(padding, str):
        return _triple(padding)
    for (_, axis, _), k, d in zip(AXES, kernel, dilation, strict=True):
        if d * (k - 1) % 2:
            raise ValueError(
                f"padding='same' adds {d * (k - 1)} zeros along {axis} (kernel {k}, dilation {d}), one "
                "more at the end; the explorer pads both ends alike: give a number, or an odd kernel"
            )
    t, h, w = (d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    return t, h, w


def _check_limits(axes: dict[str, Triple], channels: dict[str, int]) -> None:
    for name, values in axes.items():
        for (_, axis, _), value in zip(AXES, values, strict=True):
            if value > LIMITS[name][1]:
                raise ValueError(
                    f"the explorer takes a {name} of up to {LIMITS[name][1]:,}, got {value} along {axis}"
                )
    for name, value in channels.items():
        if value > 4096:
            raise ValueError(f"the explorer takes {name} up to 4,096, got {value}")


def _position(at: Triple | None, output: Triple) -> Triple:
    if at is None:
        return _triple(tuple(length // 2 for length in output))
    if len(at) != 3 or not all(0 <= each < length for each, length in zip(at, output, strict=True)):
        last = tuple(length - 1 for length in output)
        raise ValueError(f"at must be an output position (t, y, x) from (0, 0, 0) to {last}, got {at}")
    return _triple(tuple(at))
