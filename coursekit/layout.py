"""Which axis is what: named layouts of images, clips and batches.

A layout is a string with one letter per axis, slowest axis first:

    B batch   T time (frames)   C channels   H height (rows)   W width (columns)

A decoder hands over "TCHW" (the lecture's T x 3 x M x N, rows first), a 3D convolution
wants "BCTHW", matplotlib wants "HWC".

Source: Lecture 56, 05:41 (T x 3 x M x N) and 09:49 (3 x T x M x N, batch in front).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple, TypeVar

import numpy as np
import torch

AXES = {"B": "batch", "T": "time", "C": "channels", "H": "height", "W": "width"}

# The names people use; an error message looks among these for what a shape could be.
COMMON = ("CHW", "HWC", "TCHW", "CTHW", "THWC", "BTCHW", "BCTHW", "BTHWC", "BCHW", "BHWC")

Array = TypeVar("Array", torch.Tensor, np.ndarray)


class LayoutError(ValueError):
    """The shape of an array and the name of its layout do not fit together."""


class Channels(NamedTuple):
    """The three time-space volumes of a clip, each (T, H, W)."""

    red: torch.Tensor
    green: torch.Tensor
    blue: torch.Tensor


def convert(clip: Array, source: str, target: str, *, channels: int | None = 3) -> Array:
    """Rearrange the axes of `clip` from layout `source` to layout `target`.

    The result is always a *view*: no value is copied, only the strides change. Call
    `.contiguous()` (torch) or `numpy.ascontiguousarray` where the new order is wanted in memory.

    An axis that only `target` has (as B in "TCHW" -> "BCTHW") is added with length 1; an axis that only
    `source` has is dropped if its length is 1.

    Args:
        clip: torch tensor or numpy array of any dtype, one axis per letter of `source`.
        source: layout that `clip` has, e.g. "TCHW".
        target: layout that is wanted, e.g. "CTHW".
        channels: how many channels C must have; None for feature maps of any depth.

    Returns:
        A view of `clip`, of the same type and dtype.

    Raises:
        LayoutError: the shape does not fit `source`, or an axis longer than 1 would be lost.

    Source: Lecture 56, 09:49 ("T comes in place of 3", by one permute).

    >>> convert(torch.zeros(16, 3, 91, 161), "TCHW", "CTHW").shape
    torch.Size([3, 16, 91, 161])
    """
    check(clip, source, channels=channels)
    _check_name(target, "target")
    view = clip
    axes = source  # of the view
    for name in source:
        if name not in target:
            view = _drop(view, axes, name, target)
            axes = axes.replace(name, "")
    for name in target:
        if name not in axes:
            view = view[None]
            axes = name + axes
    order = [axes.index(name) for name in target]
    moved: Array = view.permute(order) if isinstance(view, torch.Tensor) else view.transpose(order)
    return moved


def check(
    clip: torch.Tensor | np.ndarray,
    layout: str,
    *,
    channels: int | None = 3,
    dtype: str | None = None,
    name: str | None = None,
    numpy: bool = True,
) -> None:
    """Raise an error that says what is wrong and what to do, if `clip` cannot be in `layout`.

    Args:
        clip: torch tensor or numpy array.
        layout: for example "TCHW".
        channels: how many channels C must have; None for any number.
        dtype: the type of its values, such as "uint8"; None for any.
        name: what the messages call the array, usually the argument of the function that checks it.
        numpy: whether a numpy array will do; if not, the message says how to make a tensor of it.

    Raises:
        TypeError: `clip` is neither a torch tensor nor, with `numpy`, a numpy array.
        LayoutError: wrong number of axes, an empty axis, or a wrong number of channels; names the axis.
        ValueError: another dtype; for uint8, the message says how to convert the values.
    """
    _check_name(layout, "layout")
    _check_kind(clip, layout, name, numpy)
    try:
        _check_shape(tuple(clip.shape), layout, channels)
    except LayoutError as error:
        raise LayoutError(f"{name}: {error}" if name else str(error)) from None
    if dtype is not None:
        _check_dtype(clip, dtype, name or "clip")


def channels(clip: torch.Tensor, layout: str = "TCHW") -> Channels:
    """Pull red, green and blue apart: three time-space volumes.

    Args:
        clip: tensor with 3 channels, in a layout with the letters T, C, H, W.
        layout: its layout.

    Returns:
        Views `red`, `green`, `blue`, each (T, H, W), of the dtype of `clip`.

    Raises:
        LayoutError: the shape does not fit `layout`, or T, C, H, W are not its letters.

    Source: Lecture 56, 09:49.

    >>> channels(torch.zeros(16, 3, 91, 161)).red.shape
    torch.Size([16, 91, 161])
    """
    if sorted(layout) != sorted("TCHW"):
        raise LayoutError(f"channel volumes need a layout of T, C, H and W such as TCHW, got {layout!r}")
    return Channels(*convert(clip, layout, "CTHW").unbind(0))  # 3 x (T, H, W)


def batch(clips: Sequence[torch.Tensor], layout: str = "CTHW", *, channels: int | None = 3) -> torch.Tensor:
    """Stack clips of one shape along a new leading batch axis (this copies).

    Args:
        clips: tensors of the same shape, dtype and device, each in `layout`.
        layout: layout of each clip; the result is in "B" + layout.
        channels: how many channels each must have; None for any number.

    Returns:
        Tensor (B, ...), of the dtype of the clips.

    Raises:
        LayoutError: no clips, a clip that does not fit `layout`, or one that differs from the
            first; the message names the clip and the axis.

    Source: Lecture 56, 09:49 (batch, channels, then the axes that are convolved).
    """
    if not len(clips):
        raise LayoutError("expected at least one clip to make a batch, got none")
    for number, clip in enumerate(clips):
        check(clip, layout, channels=channels)
        _check_same(number, clip, clips[0], layout)
    return torch.stack(list(clips))  # (B, ...)


def shares_memory(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Whether two tensors read the same memory: one is a view of the other, or both are views of a third.

    Args:
        first: tensor of any shape and dtype.
        second: another one.

    Returns:
        True also for views of different parts, such as `clip[:2]` and `clip[2:]`.

    >>> clip = torch.zeros(16, 3, 91, 161)
    >>> shares_memory(clip, clip.permute(1, 0, 2, 3)), shares_memory(clip, clip[[0, 2]])
    (True, False)
    """
    if first.device != second.device:
        return False
    (begin, end), (other, other_end) = (
        (storage.data_ptr(), storage.data_ptr() + storage.nbytes())
        for storage in (first.untyped_storage(), second.untyped_storage())
    )
    return max(begin, other) < min(
        end, other_end
    )  # numpy's views have storages that begin at different places


def _check_same(number: int, clip: torch.Tensor, first: torch.Tensor, layout: str) -> None:
    for axis, name in enumerate(layout):
        if clip.shape[axis] != first.shape[axis]:
            raise LayoutError(
                f"clips of one batch must have one shape: axis {axis} ({AXES[name]}) has length "
                f"{clip.shape[axis]} in clip {number}, {first.shape[axis]} in clip 0; "
                "cut or resize them to the same size first"
            )
    for what in ("dtype", "device"):
        if getattr(clip, what) != getattr(first, what):
            raise LayoutError(
                f"clips of one batch must have one {what}: clip {number} has {getattr(clip, what)}, "
                f"clip 0 {getattr(first, what)}"
            )


def _check_kind(clip: object, layout: str, name: str | None, numpy: bool) -> None:
    if isinstance(clip, torch.Tensor) or (numpy and isinstance(clip, np.ndarray)):
        return
    expected = "a torch tensor or a numpy array" if numpy else "a torch tensor"
    got = type(clip).__name__
    message = (
        f"{name} must be {expected} ({layout}), got {got}" if name else f"expected {expected}, got {got}"
    )
    if isinstance(clip, np.ndarray):
        message += f": torch.from_numpy({name or 'clip'}) makes a tensor of it"
    raise TypeError(message)


def _check_shape(shape: tuple[int, ...], layout: str, channels: int | None) -> None:
    if len(shape) != len(layout):
        names = ", ".join(AXES[name] for name in layout)
        raise LayoutError(
            f"expected {len(layout)} axes for {layout} ({names}), got {len(shape)}: shape {shape}"
            f"{_batch_hint(shape, layout)}"
        )
    for axis, name in enumerate(layout):
        if shape[axis] == 0:
            raise LayoutError(f"axis {axis} ({AXES[name]}) of a {layout} array is empty: shape {shape}")
    if channels is not None and "C" in layout and shape[layout.index("C")] != channels:
        raise LayoutError(_channel_message(shape, layout, channels))


def _check_dtype(clip: torch.Tensor | np.ndarray, dtype: str, name: str) -> None:
    got = str(clip.dtype)
    library = "torch." if isinstance(clip, torch.Tensor) else ""
    if got == library + dtype:
        return
    message = f"{name} has dtype {got}, expected {library}{dtype}"
    if dtype == "uint8":
        message += f" with values 0 to 255: {_to_uint8(clip, name)}"
    raise ValueError(message)


def _to_uint8(clip: torch.Tensor | np.ndarray, name: str) -> str:
    """How to convert `clip`, not empty, to uint8: this depends on its values."""
    floating = _is_floating(clip)
    if floating is None:
        return "such values are no pixels"
    cast = "to(torch.uint8)" if isinstance(clip, torch.Tensor) else "astype(numpy.uint8)"
    low, high = _extremes(clip)
    if not (low >= 0 and high <= 255):  # also where a value is NaN
        return f"its values reach from {low:.4g} to {high:.4g}, so bring them into 0 to 255 first"
    if not floating:
        return f"use {name}.{cast}"
    if high <= 1:
        return f"since its values lie between 0 and 1, use ({name} * 255).round().{cast}"
    return f"use {name}.round().{cast}"


def _is_floating(clip: torch.Tensor | np.ndarray) -> bool | None:
    """True for floats, False for whole numbers and bool, None for anything else (complex, text)."""
    if isinstance(clip, torch.Tensor):
        return None if clip.is_complex() else clip.is_floating_point()
    return clip.dtype.kind == "f" if clip.dtype.kind in "fiub" else None


def _extremes(clip: torch.Tensor | np.ndarray) -> tuple[float, float]:
    """The smallest and the largest value, NaN if one is NaN."""
    if isinstance(clip, np.ndarray):
        return float(clip.min()), float(clip.max())
    # One index of the first axis at a time: it needs little memory, and `double` has every type's extremes.
    lows, highs = zip(*(part.detach().cpu().double().aminmax() for part in clip), strict=True)
    return torch.stack(lows).min().item(), torch.stack(highs).max().item()


def _check_name(layout: str, argument: str) -> None:
    if not isinstance(layout, str) or not layout:
        raise LayoutError(f"{argument} must be a layout such as 'TCHW', got {layout!r}")
    unknown = [name for name in layout if name not in AXES]
    if unknown:
        known = ", ".join(f"{name} {word}" for name, word in AXES.items())
        raise LayoutError(f"{argument}={layout!r} has no axis called {unknown[0]!r}; the axes are {known}")
    repeated = [name for name in layout if layout.count(name) > 1]
    if repeated:
        raise LayoutError(f"{argument}={layout!r} names the axis {repeated[0]!r} twice")


def _drop(view: Array, layout: str, name: str, target: str) -> Array:
    axis = layout.index(name)
    if view.shape[axis] != 1:
        raise LayoutError(
            f"target={target!r} has no {name}, but axis {axis} ({AXES[name]}) of the {layout} array "
            f"has length {view.shape[axis]}: choose one index of it first, or keep {name} in the target"
        )
    return view.squeeze(axis)


def _channel_message(shape: tuple[int, ...], layout: str, channels: int) -> str:
    axis = layout.index("C")
    kind = "clip" if "T" in layout else "image"
    wanted = f"{channels} channel" + ("" if channels == 1 else "s")
    message = f"expected {wanted} on axis {axis} of a {layout} {kind}, got shape {shape}"
    for other in _orders(layout):
        if shape[other.index("C")] == channels:
            return f"{message}: is it {other}?"
    return (
        f"{message}: pass channels={shape[axis]} if it has {shape[axis]}, channels=None if any number will do"
    )


def _orders(layout: str) -> list[str]:
    """Other orders of the same letters, the usual ones first."""
    every = ["".join(order) for order in permutations(layout)]
    return [name for name in COMMON if name in every] + [name for name in every if name not in COMMON]


def _batch_hint(shape: tuple[int, ...], layout: str) -> str:
    if "B" in layout and len(shape) == len(layout) - 1:
        return "; is the batch axis missing? clip[None] adds it"
    if "B" not in layout and len(shape) == len(layout) + 1:
        return f"; is it a batch? Then it is B{layout}, and clip[0] is its first clip"
    return ""
