"""Predicted and measured cost of networks, side by side, in one run.

    python tools/benchmarks/cost.py [--only NAME ...] [--repeats 1] [--json]

Each line is a network and an input, at inference or in a training step. Predicted: bytes that are held at
the peak beside the model, and MACs (`coursekit.cost.account`, without data). Measured: each in a fresh
process, the rise of its resident memory, the peak of PyTorch's allocator, and the time of one call
(`coursekit.cost.measure_module`). Times are those of a machine at the moment: compare ratios within one run.
Exit code: 0, however slow; 1 if a measured peak lies below its prediction, or the lecture's example in
channels_last_3d more than 10 % above it. Takes about 4.5 minutes of CPU time (7 on the
clock of 2 busy cores), and 2.5 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torchvision
from torch import nn
from torchvision.models import video

from coursekit import cost

LAST = torch.channels_last_3d
PLAIN = torch.contiguous_format
LECTURE = (1, 3, 100, 224, 224)
CLIP = (1, 3, 16, 112, 112)
LIMIT = 1.1  # of the lecture's example in channels_last_3d


class Case(NamedTuple):
    build: Callable[[], nn.Module]
    size: tuple[int, ...]
    training_size: tuple[int, ...]
    memory_format: torch.memory_format = PLAIN


def factorised() -> nn.Module:
    """(2+1)D: space, then time, with about as many weights as 3 x 3 x 3."""
    return nn.Sequential(nn.Conv3d(3, 17, (1, 3, 3)), nn.Conv3d(17, 16, (3, 1, 1)))


CASES = {
    "conv 2D, one frame": Case(lambda: nn.Conv2d(3, 16, 3), (1, 3, 224, 224), (1, 3, 224, 224)),
    "conv 2D, 100 frames": Case(lambda: nn.Conv2d(3, 16, 3), (100, 3, 224, 224), (100, 3, 224, 224)),
    "conv 3D": Case(lambda: nn.Conv3d(3, 16, 3), LECTURE, LECTURE),
    "conv 3D, channels_last_3d": Case(lambda: nn.Conv3d(3, 16, 3), LECTURE, LECTURE, LAST),
    "conv (2+1)D": Case(factorised, LECTURE, (1, 3, 50, 224, 224)),
    "resnet18": Case(torchvision.models.resnet18, (8, 3, 112, 112), (8, 3, 112, 112)),
    "r3d_18": Case(video.r3d_18, CLIP, CLIP),
    "mc3_18": Case(video.mc3_18, CLIP, CLIP),
    "r2plus1d_18": Case(video.r2plus1d_18, CLIP, CLIP),
    "s3d": Case(video.s3d, (1, 3, 16, 224, 224), (1, 3, 16, 224, 224)),
    "mvit_v1_b": Case(video.mvit_v1_b, (1, 3, 16, 224, 224), (1, 3, 16, 224, 224)),
}


Line = dict[str, Any]  # of the table: a name, sizes, bytes, seconds


def compare(name: str, training: bool, repeats: int) -> Line:
    """One line: what was predicted, what was measured."""
    case = CASES[name]
    size = case.training_size if training else case.size
    with torch.device("meta"):
        predicted = cost.account(case.build(), size, training=training)
    seen = cost.measure_module(
        case.build(), size, training=training, memory_format=case.memory_format, repeats=repeats
    )
    held = predicted.activation_bytes
    if training:
        assert predicted.training_bytes is not None  # it was asked for
        held = predicted.training_bytes - predicted.model_bytes
    return {
        "name": name,
        "training": training,
        "size": "x".join(map(str, size)),
        "macs": predicted.training_macs if training else predicted.macs,
        "predicted": held,
        "resident": seen.peak_bytes,
        "allocated": seen.allocated_bytes,
        "margin": seen.margin_bytes,
        "seconds": seen.seconds,
    }


def verdict(line: Line) -> str:
    """What is wrong with a line; empty if nothing is."""
    if line["allocated"] < line["predicted"]:
        return "FAILED: the allocator stays below the lower bound"
    if line["resident"] + line["margin"] < line["predicted"]:
        return "FAILED: the resident memory stays below the lower bound"
    lecture = line["name"] == "conv 3D, channels_last_3d" and not line["training"]
    if lecture and line["resident"] > LIMIT * line["predicted"]:
        return f"FAILED: more than {LIMIT} times the prediction"
    return ""


def show(line: Line) -> None:
    predicted, seconds = line["predicted"], line["seconds"]
    print(
        f"{line['name']:26}{'train' if line['training'] else 'infer':6}{line['size']:18}"
        f"{line['macs'] / 1e9:9.3f}{predicted / 1e6:10.1f}"
        f"{line['allocated'] / 1e6:10.1f}{line['allocated'] / predicted:6.2f}"
        f"{line['resident'] / 1e6:10.1f}{line['resident'] / predicted:6.2f}"
        f"{1000 * seconds:9.0f}{line['macs'] / seconds / 1e9:8.1f}  {verdict(line)}".rstrip(),
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")
    parser.add_argument("--repeats", type=int, default=1, help="calls; the time is their median")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    options = parser.parse_args()
    lines = []
    if not options.json:
        print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; MB = 10^6 bytes")
        print("x: measured / predicted")
        heads = ("GMAC", 9), ("MB", 10), ("allocator", 10), ("x", 6), ("resident", 10), ("x", 6), ("ms", 9)
        print(" " * 50 + "".join(f"{head:>{width}}" for head, width in heads) + "  GMAC/s")
    for name in options.only:
        for training in (False, True):
            lines.append(compare(name, training, options.repeats))
            if not options.json:
                show(lines[-1])
    if options.json:
        print(json.dumps(lines, indent=1))
    return int(any(verdict(line) for line in lines))


if __name__ == "__main__":
    sys.exit(main())
