"""The checks of the exercises of notebook 02. Each takes an answer; it returns a sentence or raises Wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from coursekit import check
from coursekit.exercises._check import Check

Function = Callable[..., Any]


def memory_address(address: Function) -> str:
    """`address(index, strides)`: where an element lies, counted from the first one."""
    for shape, order, index in (
        ((4, 3, 5, 7), (0, 1, 2, 3), (1, 2, 0, 3)),
        ((4, 3, 5, 7), (1, 0, 2, 3), (2, 1, 3, 4)),
        ((6, 5), (1, 0), (4, 2)),
    ):
        numbers = torch.arange(torch.Size(shape).numel()).reshape(shape).permute(order)  # value = address
        strides = numbers.stride()
        expected = int(numbers[index])
        lengths = sum(i * n for i, n in zip(index, numbers.shape, strict=True))
        known = [
            (expected - index[-1] * strides[-1], "the last index is missing."),
            (sum(index), "each index must be multiplied by the stride of its axis."),
            (lengths, "those are the lengths of the axes, not their strides."),
            (
                sum(i * s for i, s in zip(index, reversed(strides), strict=True)),
                "the strides are in reverse order.",
            ),
            (float(expected), "right, but as a float: an address is a whole number."),
        ]
        known = [(wrong, mistake) for wrong, mistake in known if type(wrong) is float or wrong != expected]
        got = address(index, strides)
        if isinstance(got, torch.Tensor) and got.numel() == 1:
            got = got.item()
        check.equal(got, expected, f"address({index}, {strides})", known)
    return "The same formula holds for a contiguous tensor and for a view."


def from_matlab(convert: Function) -> str:
    """`from_matlab(clip)`: H, W, C, T becomes B, C, T, H, W, without a copy."""
    clip = torch.arange(5 * 7 * 3 * 4).reshape(5, 7, 3, 4)  # H, W, C, T
    expected = torch.stack([torch.stack([clip[:, :, c, t] for t in range(4)]) for c in range(3)])[None]
    known = [
        (expected[0], "the batch axis is missing: index with [None]."),
        (clip.reshape(1, 3, 4, 5, 7), "reshape moves no axis: the values are mixed. Use permute."),
        (expected.transpose(3, 4), "H and W have changed places."),
        (expected.transpose(1, 2), "that is B, T, C, H, W: channels come before time."),
    ]
    result = convert(clip)
    check.that(isinstance(result, torch.Tensor), f"Expected a torch tensor, got {type(result).__name__}.")
    check.equal(result, expected, "from_matlab(a clip of shape (5, 7, 3, 4))", known)
    shared = result.untyped_storage().data_ptr() == clip.untyped_storage().data_ptr()
    check.that(shared, "The values are right, but they were copied. permute and [None] are enough.")
    return "It is a view: no value was copied."


def planes_in_picture(planes: Function) -> str:
    """`planes(t, frames)`: which (frame, channel) are red, green, blue of picture t after the reshape."""
    for t, frames in ((4, 16), (0, 16), (3, 7)):
        numbers = torch.arange(3 * frames).reshape(
            frames, 3
        )  # the number of each plane, by frame and channel
        misread = numbers.reshape(3, frames)[:, t]  # (3,)
        expected = [tuple((numbers == plane).nonzero()[0].tolist()) for plane in misread]
        known = [
            ([(t, 0), (t, 1), (t, 2)], "those are the planes of the right picture."),
            ([divmod(p, frames) for p in misread.tolist()], "a frame has 3 planes: divide by 3, not by T."),
            ([(channel, frame) for frame, channel in expected], "each pair must be (frame, channel)."),
            (misread.tolist(), "those are the numbers of the planes. Which frame and channel is each?"),
            ([list(pair) for pair in expected], "right, but as lists: each pair must be a tuple."),
            (tuple(expected), "right, but as a tuple: a list is asked."),
            (
                [divmod(16 * c + t, 3) for c in range(3)],
                "a colour gets `frames` planes. Is the 16 of the opening clip still in your code?",
            ),
            (
                [(frame, c) for c, (frame, _) in enumerate(expected)],
                "the frames are right. The channel of a plane is what divmod leaves over.",
            ),
        ]
        known = [(wrong, mistake) for wrong, mistake in known if wrong != expected]
        check.equal(planes(t, frames), expected, f"planes({t}, {frames})", known)
    return "Now you can say which moments are mixed in any picture of the opening clip."


def possible_layouts(layouts: Function) -> str:
    """`layouts(shape)`: which of CTHW, TCHW, THWC fit, if a clip has three channels."""
    for shape, expected in (
        ((16, 3, 91, 161), ["TCHW"]),
        ((3, 16, 91, 161), ["CTHW"]),
        ((3, 3, 91, 161), ["CTHW", "TCHW"]),
        ((16, 91, 161, 3), ["THWC"]),
        ((3, 91, 161, 3), ["CTHW", "THWC"]),
        ((16, 4, 91, 161), []),
    ):
        known: list[tuple[Any, str]] = [
            (list(reversed(expected)), "right, but not in alphabetical order."),
            (tuple(expected), "right, but as a tuple: a list is asked."),
            *(([name], "another layout fits this shape as well.") for name in expected),
            (["CTHW", "TCHW", "THWC"], "the channel axis must have length 3."),
            (["TCHW"], "the channel axis must have length 3, and here it has another one."),
            *((name, "a list is asked, also for a single name.") for name in expected),
        ]
        known = [(wrong, mistake) for wrong, mistake in known if wrong != expected]
        check.equal(layouts(shape), expected, f"layouts({shape})", known)
    return "A shape alone cannot always tell the layout."


def first_axis_fastest(restore: Function) -> str:
    """`restore(numbers, shape)`: a tensor from values that a file stores with the first axis fastest."""
    for shape in ((4, 3, 5, 7), (2, 3), (6,)):
        expected = torch.arange(torch.Size(shape).numel()).reshape(shape) * 10
        stored = torch.from_numpy(expected.numpy().flatten(order="F"))  # as in a MAT file
        backwards = stored.reshape(shape[::-1])
        known = [
            (stored.reshape(shape), "that takes the last axis as the fastest. In the file the first one is."),
            (backwards, "the values are in place, but the axes are in reverse order: permute them."),
        ]
        known = [(wrong, mistake) for wrong, mistake in known if not torch.equal(wrong, expected)]
        check.equal(restore(stored, shape), expected, f"restore(numbers, {shape})", known)
    return "So a MAT file can be read as a view of its bytes."


def find_order(find: Function) -> str:
    """`find_order(original, loaded)`: the order with original.permute(order) equal to loaded, or ()."""
    odd = torch.arange(4 * 3 * 5 * 7).reshape(4, 3, 5, 7)
    square = (
        torch.arange(3 * 3 * 6 * 6).reshape(3, 3, 6, 6) * 7 % 101
    )  # T = C and H = W: no shape tells them apart
    for name, original, order in (
        ("(4, 3, 5, 7)", odd, (1, 0, 2, 3)),
        ("(4, 3, 5, 7)", odd, (1, 2, 3, 0)),
        ("(3, 3, 6, 6)", square, (1, 0, 3, 2)),
    ):
        inverse = tuple(order.index(axis) for axis in range(4))
        known: list[tuple[Any, str]] = [
            (inverse, "that is the inverse: it brings loaded back to original."),
            ((0, 1, 2, 3), "the shapes are equal, but the values are not: compare the values."),
            (list(order), "right, but as a list: a tuple is asked."),
            ((), "there is an order that gives it: try all 24."),
        ]
        known = [(wrong, mistake) for wrong, mistake in known if wrong != order]
        what = f"find_order(original of shape {name}, original.permute{order})"
        check.equal(find(original, original.permute(order)), order, what, known)
    mixed = square.flatten().flip(0).reshape(3, 3, 6, 6)
    known = [((0, 1, 2, 3), "the shapes are equal, but the values are not: compare the values.")]
    check.equal(find(square, mixed), (), "find_order(original, a tensor that no permute gives)", known)
    return "It tells a permute from a reshape, also where all shapes are equal."


CHECKS: dict[str, Check] = {
    "memory-address": memory_address,
    "from-matlab": from_matlab,
    "planes-in-picture": planes_in_picture,
    "possible-layouts": possible_layouts,
    "first-axis-fastest": first_axis_fastest,
    "find-order": find_order,
}
