"""How a network's memory grows with the clip: two numbers per network, from what `cost.account` predicts.

    bytes = fixed + per_pixel * T * H * W

The weights do not grow with the clip. The activations grow almost in proportion to its pixels, not exactly:
each layer treats the borders differently. `fit` takes the two numbers from two sizes and compares them with
a third size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import floor

import torch
from torch import nn

from coursekit import cost
from coursekit._shared._text import number, sentence
from coursekit.show._figure import PALETTE, WIDTH, Picture, figure, render

Size = tuple[int, int, int]
Account = Callable[..., cost.Account]

FITTED: tuple[Size, Size] = ((16, 112, 112), (128, 448, 448))  # (T, H, W)
CHECKED: Size = (64, 224, 320)


@dataclass(frozen=True)
class Fit:
    """Bytes of memory as fixed + per_pixel * T * H * W.

    Attributes:
        fixed: bytes for any clip.
        per_pixel: bytes for each pixel of each frame.
        error: the difference at the size CHECKED, as a fraction of what `cost.account` predicts there.
    """

    fixed: float
    per_pixel: float
    error: float

    def bytes(self, frames: int, height: int, width: int) -> float:
        """Bytes of memory for a clip."""
        return self.fixed + self.per_pixel * frames * height * width

    def frames(self, memory: float, height: int, width: int) -> int:
        """Frames of the longest clip that fits into `memory` bytes; 0 if no frame fits."""
        return max(0, floor((memory - self.fixed) / (self.per_pixel * height * width)))


@dataclass(frozen=True)
class Budget:
    """One network.

    Attributes:
        name: as in the legend.
        per_frame: True for a 2D network. The frames are its batch, so at inference it can take them one
            by one.
        parameter_bytes: bytes of its parameters; an optimizer's state is a multiple of it.
        inference: memory of a forward pass, the model included.
        training: memory of a forward and a backward pass, the model and its gradients included.
    """

    name: str
    per_frame: bool
    parameter_bytes: int
    inference: Fit
    training: Fit


def fit(name: str, model: nn.Module, dtype: torch.dtype, account: Account = cost.account) -> Budget:
    """Fits the two numbers of a network, for inference and for training.

    Args:
        name: as in the legend.
        model: one with a Conv3d takes clips (1, 3, T, H, W), any other frames (T, 3, H, W).
        dtype: of the input and the parameters.
        account: predicts the memory, as `cost.account` does.
    """
    per_frame = not any(isinstance(module, nn.Conv3d) for module in model.modules())
    accounts = {
        (t, h, w): account(model, (t, 3, h, w) if per_frame else (1, 3, t, h, w), training=True, dtype=dtype)
        for t, h, w in (*FITTED, CHECKED)
    }
    inference = {size: each.inference_bytes for size, each in accounts.items()}
    training = {size: each.training_bytes or 0 for size, each in accounts.items()}
    parameter_bytes = accounts[CHECKED].parameters * dtype.itemsize
    return Budget(name, per_frame, parameter_bytes, line(inference), line(training))


def line(points: Mapping[Size, float]) -> Fit:
    """The straight line through the sizes FITTED, and its error at the size CHECKED."""
    (low, high), pixels = FITTED, {size: size[0] * size[1] * size[2] for size in points}
    per_pixel = (points[high] - points[low]) / (pixels[high] - pixels[low])
    fixed = points[low] - per_pixel * pixels[low]
    error = (fixed + per_pixel * pixels[CHECKED]) / points[CHECKED] - 1
    return Fit(rounded(fixed), rounded(per_pixel), abs(round(error, 3)))


def rounded(value: float) -> float:
    """The value with four digits: the fit is not more exact."""
    return float(f"{value:.4g}")


def by(lengths: Sequence[int]) -> str:
    """(16, 112, 112) as 16 × 112 × 112."""
    return " × ".join(str(length) for length in lengths)


def default_networks() -> dict[str, nn.Module]:
    """The lecture's layer, two networks for clips and one for frames. They have shapes and no values."""
    from torchvision.models import resnet18  # type: ignore[import-untyped, unused-ignore]
    from torchvision.models.video import r2plus1d_18, r3d_18  # type: ignore[import-untyped, unused-ignore]

    with torch.device("meta"):
        return {
            "the lecture's Conv3d(3, 16, 3)": nn.Conv3d(3, 16, kernel_size=3),
            "R3D-18": r3d_18(weights=None),
            "R(2+1)D-18": r2plus1d_18(weights=None),
            "ResNet-18 on each frame": resnet18(weights=None),
        }


def draw(budgets: list[Budget], memory_gb: float, size: tuple[int, int], fps: float) -> Picture:
    """The still picture: for each network, how many frames fit at inference and in training."""
    height, width = size
    title = f"Frames of {by(size)} that fit at most into {number(memory_gb)} GB"
    rows, texts = [], []
    for budget in budgets:
        at_most = {
            "inference": budget.inference.frames(memory_gb * 1e9, height, width),
            "training": budget.training.frames(memory_gb * 1e9, height, width),
        }
        rows.append((budget.name, at_most))
        each = ", ".join(f"{mode} {_frames(count, fps)}" for mode, count in at_most.items())
        texts.append(f"{budget.name}: {each}" + (_one_by_one(budget, size) if budget.per_frame else ""))
    with figure(WIDTH, 1.1 + 0.6 * len(rows)) as fig:
        axes = fig.subplots()
        longest = max(1, *(count for _, at_most in rows for count in at_most.values()))
        for place, (_, at_most) in enumerate(rows):
            looks = zip(at_most.items(), (-0.19, 0.19), PALETTE, ("", "///"), strict=False)
            for (mode, count), offset, colour, hatch in looks:
                label = mode if place == 0 else None
                axes.barh(
                    place + offset, count, 0.36, color=colour, label=label, hatch=hatch, edgecolor="white"
                )
                axes.text(
                    count + 0.01 * longest, place + offset, _frames(count, fps), va="center", fontsize=9.5
                )
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set(xlim=(0, 1.3 * longest), xlabel="frames at most")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.invert_yaxis()
        axes.set_title(title)
        fig.legend(loc="outside lower center", ncols=2)
        return render(fig, sentence(f"{title} (GB = 10^9 bytes) at {number(fps)} frames per second", *texts))


def _frames(count: int, fps: float) -> str:
    return f"{count:,} frame{'' if count == 1 else 's'}, {number(rounded(count / fps))} s"


def _one_by_one(budget: Budget, size: tuple[int, int]) -> str:
    alone = budget.inference.bytes(1, *size)
    return f"; one frame at a time any number, in {number(rounded(alone / 1e6))} MB"
