"""Puzzles about the layouts of images and clips: what is the shape of the result?

    from coursekit import predict, puzzles

    predict.shapes(puzzles.layout_puzzles())

No shape is written down here. The right shape comes from running the puzzle's code on a real tensor, each
wrong shape from running the code of a common mistake.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Puzzle:
    """Code, the shape of its result, and the mistakes that lead to wrong shapes.

    Attributes:
        code: Python lines; the last one is an expression whose value is a tensor.
        answer: the shape of that tensor.
        wrong: {wrong shape: the mistake that leads to it}.
        because: the reason for the right shape.
    """

    code: str
    answer: Shape
    wrong: dict[Shape, str]
    because: str


@dataclass(frozen=True)
class _Draft:
    """A puzzle before its shapes are computed; a slip is (code of the mistake, explanation)."""

    code: str
    because: str
    slips: tuple[tuple[str, str], ...]


# The names that the code may use. All sizes differ, so that every mistake changes the shape.
_SETTING = "clip = torch.zeros(16, 3, 91, 161)  # T, C, H, W"
_NAMES = {"torch": torch, "F": F}

_DRAFTS = (
    _Draft(
        "clip.permute(1, 0, 2, 3)",
        "permute lists the old axes in their new order: C first, then T, H, W. This is what Conv3d wants.",
        (
            (
                "clip",
                "That is the shape before: permute(1, 0, ...) puts old axis 1, C, in front.",
            ),
            (
                "clip.permute(1, 2, 3, 0)",
                "Time would be last here; permute(1, 0, 2, 3) only swaps the first two.",
            ),
        ),
    ),
    _Draft(
        "clip.permute(0, 2, 3, 1)",
        "T stays first, and C moves behind H and W: THWC, the order in which matplotlib takes a frame.",
        (
            (
                "clip.permute(0, 3, 1, 2)",
                "You read a number as the new place of an axis. It names the old axis that comes here.",
            ),
            ("clip.permute(0, 3, 2, 1)", "H and W are swapped: old axis 2 (H) comes before old axis 3 (W)."),
        ),
    ),
    _Draft(
        "clip.reshape(3, 16, 91, 161)",
        "reshape gives whatever shape you ask for, if it has as many elements. But it does not move axes: "
        "time and channels are now mixed, where permute(1, 0, 2, 3) would have given the true CTHW clip.",
        (("clip", "reshape does change the shape, without an error: that makes this mistake a silent one."),),
    ),
    _Draft(
        "clip[:, 0]",
        "An index removes its axis: the red plane of each frame, a T × H × W volume.",
        (
            (
                "clip[:, 0:1]",
                "A slice 0:1 would keep the channel axis with length 1; the index 0 removes it.",
            ),
            (
                "clip[0]",
                "That is frame 0 with all its channels; the colon keeps time, 0 picks a channel.",
            ),
        ),
    ),
    _Draft(
        "red, green, blue = clip[:, 0], clip[:, 1], clip[:, 2]\n"
        "torch.cat([red[None], green[None], blue[None]])",
        "Each volume gets a new axis of length 1, and cat joins along it: the lecture's 3 × T × H × W.",
        (
            ("torch.cat([clip[:, 0], clip[:, 1], clip[:, 2]])", "Without [None], cat would join along time."),
            (
                "clip",
                "Time is not first any more. The new axis, along which cat joins, is in front.",
            ),
        ),
    ),
    _Draft(
        "torch.stack([clip[:, 0], clip[:, 1], clip[:, 2]], dim=1)",
        "stack makes a new axis, here at place 1: T × 3 × H × W, the clip that we took apart.",
        (
            (
                "torch.stack([clip[:, 0], clip[:, 1], clip[:, 2]])",
                "That is stack with dim=0, its default; dim=1 puts the new axis behind time.",
            ),
            (
                "torch.cat([clip[:, 0], clip[:, 1], clip[:, 2]], dim=1)",
                "That is cat: it lengthens the axis that is there (H); stack makes a new one.",
            ),
        ),
    ),
    _Draft(
        "clip.permute(1, 0, 2, 3).unsqueeze(0)",
        "B × C × T × H × W with a batch of one: what Conv3d takes.",
        (
            ("clip.permute(1, 0, 2, 3)", "unsqueeze(0) adds an axis of length 1 in front: the batch."),
            ("clip.unsqueeze(0)", "The clip was permuted first: channels come before time."),
            ("clip.permute(1, 0, 2, 3).unsqueeze(-1)", "The new axis goes to place 0, in front, not behind."),
        ),
    ),
    _Draft(
        "loader = torch.utils.data.DataLoader([clip] * 5, batch_size=4)\nnext(iter(loader))",
        "DataLoader stacks four clips along a new first axis, each as it was: B × T × C × H × W.",
        (
            ("torch.cat([clip] * 4)", "The clips are stacked along a new axis, not joined along time."),
            (
                "torch.stack([clip] * 5)",
                "A batch holds four of the five clips; the fifth comes in the next one.",
            ),
        ),
    ),
    _Draft(
        "batch = torch.stack([clip, clip])\nbatch.flatten(0, 1)",
        "B and T become one axis of 2 · 16 = 32 frames: a 2D network takes all of them at once.",
        (
            ("torch.stack([clip, clip])", "flatten(0, 1) joins axes 0 and 1 into one."),
            ("torch.stack([clip, clip]).flatten(1, 2)", "That joins time and channels, axes 1 and 2."),
            (
                "torch.stack([clip, clip]).flatten()",
                "flatten() joins all axes; (0, 1) stops after axis 1.",
            ),
        ),
    ),
    _Draft(
        "clip[1::4]",
        "Frames 1, 5, 9 and 13: every fourth one. A slice keeps its axis.",
        (
            ("clip[1:4]", "1:4 would be frames 1, 2, 3. In 1::4 the 4 is the step."),
            ("clip[1]", "A slice keeps the time axis; an index would remove it."),
        ),
    ),
    _Draft(
        "clip.mean(dim=(2, 3))",
        "One mean for each frame and channel: H and W are gone, T and C stay.",
        (
            ("clip.mean(dim=(0, 1))", "dim names the axes that are averaged away, not those that stay."),
            ("clip.mean(dim=(2, 3), keepdim=True)", "Without keepdim=True the averaged axes vanish."),
            ("clip.mean(dim=3)", "Both axes go, 2 and 3."),
        ),
    ),
    _Draft(
        "# A kernel of length 3 makes each of T, H, W shorter by 2. Channels are summed.\n"
        "kernels = torch.zeros(8, 3, 3, 3, 3)  # 8 kernels of 3 channels x 3 frames x 3 rows x 3 columns\n"
        "F.conv3d(clip.permute(1, 0, 2, 3)[None], kernels)",
        "A batch of 1, one output channel per kernel, and each convolved axis shorter by 2: 16 - 2, 91 - 2, "
        "161 - 2. Notebook 03 derives this rule.",
        (
            (
                "F.conv3d(clip.permute(1, 0, 2, 3)[None], torch.zeros(8, 3, 3, 3, 3), padding=1)",
                "That needs padding=1. Without it, a kernel of 3 loses two positions along each axis.",
            ),
            (
                "F.conv3d(clip.permute(1, 0, 2, 3)[None], torch.zeros(3, 3, 3, 3, 3))",
                "There is one output channel for each of the 8 kernels. The 3 input channels are summed.",
            ),
            (
                "F.conv3d(clip.permute(1, 0, 2, 3), torch.zeros(8, 3, 3, 3, 3))",
                "The batch axis stays: [None] put it there.",
            ),
            (
                "F.conv3d(clip.permute(1, 0, 2, 3)[None], torch.zeros(8, 3, 1, 3, 3))",
                "The kernel is 3 frames long as well: time shrinks too.",
            ),
        ),
    ),
)


def layout_puzzles() -> list[Puzzle]:
    """A dozen puzzles on the layouts of one clip (T, C, H, W) = (16, 3, 91, 161).

    Returns:
        Puzzles in the order in which they build on each other, their shapes computed now.

    Source: Lecture 56, 09:49 (the layouts) and 15:57 (the size of a convolution's output).
    """
    return [_solve(draft) for draft in _DRAFTS]


def shape_of(code: str) -> Shape:
    """Runs a puzzle's code and returns the shape of its last line.

    Args:
        code: Python lines that may use `torch` and `F`; the last one is an expression. Use it only for code
            of this course: the code is not confined in any way.

    Raises:
        ValueError: the last line is not an expression.
    """
    *before, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        raise ValueError(f"the last line of a puzzle must be an expression, got {ast.unparse(last)!r}")
    names: dict[str, Any] = dict(_NAMES)
    with torch.random.fork_rng(devices=[]):  # a DataLoader draws a random number
        exec(compile(ast.Module(before, []), "<puzzle>", "exec"), names)
        result = eval(compile(ast.Expression(last.value), "<puzzle>", "eval"), names)
    return tuple(result.shape)


def _solve(draft: _Draft) -> Puzzle:
    code = f"{_SETTING}\n{draft.code}"
    wrong = {shape_of(f"{_SETTING}\n{slip}"): explanation for slip, explanation in draft.slips}
    return Puzzle(code, shape_of(code), wrong, draft.because)
