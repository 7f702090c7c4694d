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
from coursekit.explorer._still import Axis

Triple = tuple[int, int, int]
NAMES, SAMPLES = ("time", "height", "width"), ("frame", "row", "column")
# The range of each field: the page draws these sizes at a readable scale and at once.
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

    The page lays out up to 16 frames as a film strip, with the values of `example_values` in the cells, and
    draws a longer volume as a box. Below it are the size formula with the numbers put in, the cost, the line
    of PyTorch, and one output value computed channel by channel.

    Args:
        size: (T, H, W) of the input, or one number for all three; each up to 1,000.
        kernel: size of the kernel; this and the next three as in `conv.output_size`, each up to 99.
        stride: samples from one position of the kernel to the next.
        padding: zeros at both ends, or "valid", or "same" if that adds as many zeros at both ends.
        dilation: samples from one value of the kernel to the next.
        in_channels: channels of the input, up to 4,096.
        out_channels: number of kernels, up to 4,096.
        bias: whether each kernel adds one.
        at: the output position (t, y, x) at the start; the middle by default.

    Returns:
        A `Page`; a notebook cell that ends in one shows it.

    Raises:
        ValueError, TypeError: as `conv.cost`; also a number above the limits or an `at` outside the output.

    Source: Lecture 56, 12:46 (the kernel's dot products) and 15:57 (sizes, padding and stride per axis).
    """
    lengths = (size, size, size) if isinstance(size, int) else size
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
    n, o = _triple(account.size), _triple(account.output_size)
    k, s, d = _triple(kernel), _triple(stride), _triple(dilation)
    p = _pads(padding, k, d)
    per_axis = {"kernel": k, "stride": s, "dilation": d, "size": n, "padding": p}
    _check_limits(per_axis, {"in_channels": in_channels, "out_channels": out_channels})
    position = _position(at, o)
    settings = {**per_axis, "in_channels": in_channels, "out_channels": out_channels, "bias": bias}
    given = {"settings": settings, "at": position, "limits": LIMITS}
    layer = nn.Conv3d(in_channels, out_channels, k, s, p, d, bias=bias, device="meta")  # holds no weights
    axes = [Axis(*numbers) for numbers in zip(NAMES, SAMPLES, n, k, s, p, d, o, position, strict=True)]
    picture = _still.draw(layer, axes)
    return page("explorer.html", given, picture, title="Convolution explorer")


def budget(
    networks: Mapping[str, nn.Module] | None = None,
    *,
    memory_gb: float = 16,
    size: tuple[int, int] = (224, 224),
    fps: float = 25,
    dtype: torch.dtype = torch.float32,
) -> Page:
    """The budget calculator: how long a clip fits into memory, at inference and in training.

    `cost.account` predicts each network's memory at two sizes. The page uses the straight line through them,
    fixed + per_pixel * T * H * W, for all sizes, and states its error at a third size. The learner changes
    memory, frame size, frame rate and optimizer on the page.

    Args:
        networks: {"name": model}; one with a Conv3d takes clips (1, 3, T, H, W), any other the frames as
            its batch (T, 3, H, W). By default the lecture's layer, R3D-18, R(2+1)D-18 and ResNet-18.
        memory_gb: the memory at the start, in GB = 10^9 bytes.
        size: (H, W) of a frame at the start.
        fps: frames per second at the start.
        dtype: of the input and the parameters; torch.bfloat16 needs half the memory of float32.

    Returns:
        A `Page`; a notebook cell that ends in one shows it.

    Raises:
        ValueError: no network, or a number out of range; and as `cost.account`.
        TypeError: a value in `networks` that is not a module.

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
    return page("budget.html", given, picture, title="Memory budget")


def example_values(
    size: Triple, kernel: Triple, in_channels: int, out_channels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The small whole numbers that the explorer computes with, so that PyTorch can compute the same.

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
    """One number for each axis; `conv` has checked `value`."""
    if not isinstance(value, (tuple, list)):
        return int(value), int(value), int(value)
    t, h, w = (int(each) for each in value)
    return t, h, w


def _pads(padding: conv.Padding, kernel: Triple, dilation: Triple) -> Triple:
    """The padding as numbers; `conv` has checked `padding`."""
    if padding == "valid":
        return 0, 0, 0
    if not isinstance(padding, str):
        return _triple(padding)
    for axis, k, d in zip(NAMES, kernel, dilation, strict=True):
        if d * (k - 1) % 2:
            raise ValueError(
                f"padding='same' adds {d * (k - 1)} zeros along {axis} (kernel {k}, dilation {d}), one "
                "more at the end than at the start. The explorer adds the same number at both ends: give a "
                "number, or use an odd kernel"
            )
    t, h, w = (d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    return t, h, w


def _check_limits(axes: dict[str, Triple], channels: dict[str, int]) -> None:
    for name, values in axes.items():
        for axis, value in zip(NAMES, values, strict=True):
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
