"""The checks of the exercises of notebook 01. Each takes an answer; it returns a sentence or raises Wrong."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F

from coursekit import check, data, video
from coursekit.exercises._check import Check

_SMALL = (45, 81)  # rows, columns: films small enough for a check of a second


def frame_at(answer: Callable[..., Any]) -> str:
    """The frame on the screen at a time: the last one that has appeared."""
    _check_function(answer)
    times = video.times(data.clip("carphone_pristine"))  # (120,), 29.97 fps
    for second in (2.5, 0.0, 1.0):
        expected = max(number for number, time in enumerate(times.tolist()) if time <= second)
        got = _whole(answer(times, second), f"frame_at(times of carphone, {second})")
        mistakes = {
            expected + 1: "this frame appears later; the one before is still on the screen.",
            expected + 2: "counted from 1? The first frame is frame 0.",
            expected - 1: "one frame too early: the next one has already appeared.",
        }
        if second == 0:
            mistakes = {1: "frame 0 appears at 0 s, and at this time it is there already."}
        check.equal(got, expected, f"frame_at(times of carphone, {second})", looks_like=mistakes)
    uneven = torch.tensor([0.0, 0.1, 0.5, 2.0])
    got = _whole(answer(uneven, 0.5), "frame_at([0, 0.1, 0.5, 2.0], 0.5)")
    early = {1: "frame 2 appears at 0.5 s, and at this time it is there already.", **_uneven(4, 5, 14, 15)}
    check.equal(got, 2, "frame_at([0, 0.1, 0.5, 2.0], 0.5)", looks_like=early)
    got = _whole(answer(uneven, 1.9), "frame_at([0, 0.1, 0.5, 2.0], 1.9)")
    check.equal(got, 2, "frame_at([0, 0.1, 0.5, 2.0], 1.9)", looks_like=_uneven(18, 19, 56, 57))
    return "It is the last frame that has appeared, also where the frames do not come at equal intervals."


def seconds_in_a_gigabyte(answer: Any) -> str:
    """How long 10^9 bytes last at 1920 x 1080, three colours, 50 fps."""
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        raise check.Wrong(f"Expected a number of seconds, got {type(answer).__name__}.")
    frame = 1920 * 1080 * 3  # bytes
    mistakes = {
        1e9 / (frame / 3 * 50): "that counts one byte for each pixel, but a colour pixel has three.",
        1e9 / (frame * 4 * 50): "that counts four bytes for each value (float32); here it is one.",
        1e9 / frame: "that is the number of frames. How many seconds do they last?",
        2**30 / (frame * 50): "that is a gibibyte, 2^30 bytes. The exercise asks for 10^9 bytes.",
        8e9 / (frame * 50): "that counts bits. One value is a byte.",
        frame * 50 / 1e9: "that is how many GB one second takes. How many seconds fit in one GB?",
    }
    known = list(mistakes.items())
    check.close(float(answer), 1e9 / (frame * 50), "seconds", tolerance=0.01, looks_like=known)
    return "One second takes 1920 x 1080 x 3 x 50 = 311 MB, so 1 GB is full after about three seconds."


def flash_kernel(kernel: Any) -> str:
    """A kernel on three stacked grey frames: 0 for a steady change, above 0 for a flash in the middle one."""
    check.that(isinstance(kernel, torch.Tensor), f"Expected a torch tensor, got {type(kernel).__name__}.")
    reasons = {
        (3, 3, 3): "the axis that counts the kernels is missing in front; here there is one kernel.",
        (3, 1, 3, 3): "these are three kernels of one channel; it should be one kernel of three channels.",
        (1, 2, 3, 3): "the stack has three channels, so the kernel needs three matrices.",
        (1, 1, 3, 3): "the stack has three channels, so the kernel needs three matrices.",
    }
    check.equal(tuple(kernel.shape), (1, 3, 3, 3), "flash_kernel.shape", looks_like=reasons)
    frame = video.read(data.clip("bikes"), frames=(100, 101), size=_SMALL).float().mean(dim=1)[0]  # (H, W)
    now = 0.1 + frame / 510  # from 0.1 to 0.6, so that there is room for other brightness
    weights = kernel.detach().float()
    still = _applied(weights, now, now, now).abs().max().item()
    if still >= 1e-4 and weights.min() >= 0:
        raise check.Wrong(
            "Where the three frames are equal, the result must be 0. None of your weights is negative, so "
            "your kernel only adds values and does not compare the frames."
        )
    check.that(
        still < 1e-4,
        f"Where the three frames are equal, the result must be 0, but it reaches {still:.3g}. At each place, "
        "the numbers of the three matrices must sum to 0.",
    )
    steady = _applied(weights, now - 0.1, now, now + 0.1).abs().max().item()
    check.that(
        steady < 1e-4,
        "Where the brightness rises by the same amount from frame to frame, the result must be 0, but it "
        f"reaches {steady:.3g}. The change from frame 1 to 2 and the change from frame 2 to 3 must cancel.",
    )
    flash = _applied(weights, now, now + 0.1, now)
    if flash.max() < 0:
        raise check.Wrong(
            "Where only the middle frame is brighter, the result must be above 0, but it is below 0. All "
            "signs are exchanged."
        )
    check.that(
        flash.min().item() > 1e-4,
        "Where all pixels are brighter in the middle frame only, the result must be above 0, but somewhere "
        "it is 0 or less. Is the sum of the second matrix above 0?",
    )
    return "It compares two changes, so it answers to a flash and not to light that changes steadily."


def within_shots(answer: Callable[..., Any]) -> str:
    """The mean correlation of pairs that are some frames apart and lie in one shot."""
    _check_function(answer)
    frames = 12
    generator = torch.Generator().manual_seed(1)
    alike = torch.rand(frames, frames, generator=generator)  # (12, 12)
    alike = (alike + alike.T) / 2
    cuts = [3, 8]
    shot = [sum(number >= cut for cut in cuts) for number in range(frames)]
    for lag in (1, 2):
        pairs = [(number, number + lag) for number in range(frames - lag)]
        inside = [alike[a, b].item() for a, b in pairs if shot[a] == shot[b]]
        everything = [alike[a, b].item() for a, b in pairs]
        shifted = [alike[a, b].item() for a, b in pairs if _late(a, cuts) == _late(b, cuts)]
        each = [
            [alike[a, b].item() for a, b in pairs if shot[a] == shot[b] == number]
            for number in range(len(cuts) + 1)
        ]
        known = [
            (_mean(everything), "that is the mean over all pairs. Leave out those with a cut between them."),
            (_mean([_mean(values) for values in each if values]),
             "that is the mean of the shots' means. Count every pair once, so that long shots count more."),
            (_mean(shifted), "a cut is the first frame of the new shot, not the last of the old one."),
            (_mean([alike[a, b].item() for a, b in pairs if b not in cuts]),
             "with a lag above 1, more than one pair crosses each cut."),
            (torch.cat([alike[a:b, a:b].flatten() for a, b in pairwise([0, *cuts, frames])]).mean().item(),
             "that is the mean over whole blocks. Take the diagonal of each block that is `lag` away."),
        ]  # fmt: skip
        known = [(wrong, reason) for wrong, reason in known if abs(wrong - _mean(inside)) > 1e-6]
        got = _number(answer(alike, cuts, lag), f"within_shots(alike, {cuts}, {lag})")
        check.close(got, _mean(inside), f"within_shots(alike, {cuts}, {lag})", looks_like=known)
    whole = _number(answer(alike, [], 1), "within_shots(alike, [], 1)")
    check.close(whole, alike.diagonal(1).mean().item(), "within_shots(alike, [], 1), a film without cuts")
    return "Pairs with a cut between them are left out, and every other pair counts once."


def after_shuffling(answer: Callable[..., Any]) -> str:
    """The mean correlation of neighbours over all shuffles: that of all pairs of different frames."""
    _check_function(answer)
    generator = torch.Generator().manual_seed(2)
    values = torch.rand(9, 40, generator=generator)  # (9, 40)
    alike = torch.corrcoef(values)  # (9, 9)
    pairs = [alike[a, b].item() for a in range(9) for b in range(9) if a != b]
    known = [
        (alike.mean().item(), "the diagonal is included, but no frame is its own neighbour."),
        (alike.diagonal(1).mean().item(), "those are the neighbours before the shuffling."),
        (_mean(pairs) / 2, "each pair was counted once in the sum and twice in the number of pairs."),
        (sum(pairs) / 81, "the diagonal is left out of the sum, but its 9 entries are still counted."),
        ((sum(pairs) / 2 + 9) / 45, "the diagonal is included, but no frame is its own neighbour."),
    ]  # fmt: skip
    got = _number(answer(alike), "after_shuffling(alike)")
    check.close(got, _mean(pairs), "after_shuffling(alike)", tolerance=1e-5, looks_like=known)
    return "Every pair of different frames is equally likely, so it is the mean over all of them."


def in_order(answer: Callable[..., Any]) -> str:
    """The order of shuffled frames of one shot, by their likeness, from the first one on."""
    _check_function(answer)
    shot = video.read(data.clip("bikes"), frames=(137, 187), size=_SMALL)  # (50, 3, 45, 81)
    later = 1 + torch.randperm(len(shot) - 1, generator=torch.Generator().manual_seed(3))
    now_at = torch.cat([torch.zeros(1, dtype=torch.long), later])  # the old number of each shuffled frame
    got = answer(shot[now_at].clone())
    if hasattr(got, "tolist"):  # a tensor or an array
        got = got.tolist()
    check.that(isinstance(got, (list, tuple)), f"Expected a list of positions, got {type(got).__name__}.")
    check.that(
        not isinstance(got[0] if got else 0, (list, tuple)),
        "You returned the frames. Return the positions in which they must be shown, as a list of numbers.",
    )
    check.that(
        sorted(map(int, got)) == list(range(len(shot))),
        f"Expected each position from 0 to {len(shot) - 1} once, in a list of {len(shot)} numbers.",
    )
    order = [int(position) for position in got]
    expected = now_at.argsort().tolist()
    check.that(
        order[0] == 0, f"The first frame is still in its place, so the list begins with 0, not {order[0]}."
    )
    if order == now_at.tolist():
        raise check.Wrong(
            "You returned, for each shuffled frame, its place in the film. Return the positions in the "
            "shuffled clip, in the order in which they must be shown."
        )
    by_first = torch.corrcoef(shot[now_at].flatten(1).float())[0].argsort(descending=True).tolist()
    if order == by_first:
        raise check.Wrong(
            "You sorted all frames by their likeness to the first one. Compare with the last frame that you "
            "have placed, one step after the other."
        )
    wrong = sum(a != b for a, b in zip(order, expected, strict=True))
    check.that(wrong == 0, f"{wrong} of {len(shot)} places are wrong in a shot of bikes.")
    return "Likeness gives the order. Without the first frame, forwards and backwards would be equally good."


def _uneven(*numbers: int) -> dict[int, str]:
    """The reason for a frame number that somebody computes with a fixed interval."""
    return dict.fromkeys(numbers, "these frames do not come at equal intervals: use their times.")


def _check_function(answer: Any) -> None:
    check.that(callable(answer), f"Expected a function, got {type(answer).__name__}.")


def _whole(value: Any, what: str) -> int:
    """A frame number: an int, or a tensor or NumPy number with one whole value."""
    if hasattr(value, "item") and getattr(value, "size", 1) not in (0,):
        try:
            value = value.item()
        except (RuntimeError, ValueError):
            raise check.Wrong(f"{what}: expected one frame number, got {value}") from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise check.Wrong(f"{what}: expected a frame number (an int), got {value!r}")
    return value


def _number(value: Any, what: str) -> float:
    """A float, also from a tensor or a NumPy number with one value."""
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        raise check.Wrong(f"{what}: expected one number, got {value!r}") from None


def _applied(weights: torch.Tensor, *frames: torch.Tensor) -> torch.Tensor:
    """The result of a kernel (1, T, 3, 3) on T grey frames (H, W), as (H', W')."""
    return F.conv2d(torch.stack(frames)[None], weights)[0, 0]


def _late(number: int, cuts: list[int]) -> int:
    """The shot of a frame for a reader who counts a cut as the last frame of the old shot."""
    return sum(number > cut for cut in cuts)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


CHECKS: dict[str, Check] = {
    "frame-at": frame_at,
    "seconds-in-a-gigabyte": seconds_in_a_gigabyte,
    "flash-kernel": flash_kernel,
    "within-shots": within_shots,
    "after-shuffling": after_shuffling,
    "in-order": in_order,
}
