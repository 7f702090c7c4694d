"""Make the features of notebook 06 anew: data/order_features.h5, and its entry in data/files.json.

    python -m tools.data.order_features            (some minutes on two cores)

The file holds, for the clips of `motion.course_clips()`, what the notebook would wait for too long: the
features of each picture (clips share pictures, so each is there once), and the motion field of each clip.
Its attributes say how it was made, so that a reader of the file alone knows what he has:

`global` float16 (F, 1280)
    The encoder's features of each picture, as notebook 05 takes them: one number per channel.
`grid` float16 (F, 768)
    An earlier layer of the same encoder, its 192 channels averaged in 2 x 2 quarters of the picture instead
    of over the whole: axes (channels, row, column), flattened.
`motion` int8 (N, T - 1, 7, 7, 2)
    For each clip and pair of neighbouring frames, for each block of 16 x 16 pixels of the later one, the
    columns and rows (in this order) from it to where it was in the earlier one, found by scikit-video's block
    matching. A camera that pans to the right gives columns above 0.

The halves are rounded to 6 binary digits (an error of at most 0.8 %), which makes the file a quarter smaller.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import torch

from coursekit import data, encoders, motion, video
from coursekit._shared._files import atomic

ENCODER = "efficientnet_lite0"
LAYER, GRID = "blocks.5", (2, 2)
BLOCK, REACH = 16, 7  # of block matching: side of a block, farthest displacement, in pixels
METHOD = "DS"  # diamond search
DIGITS = 6  # binary digits of a half's fraction that are kept, of 10

Progress = Callable[[str], None]


def features(pictures: torch.Tensor, *, grid: bool) -> npt.NDArray[np.float16]:
    """What the encoder says of each picture, rounded.

    Args:
        pictures: uint8 (F, 3, S, S).
        grid: an earlier layer with a grid kept, instead of the global features.

    Returns:
        (F, k).
    """
    encoder = _encoder(grid)
    return _rounded(torch.cat([encoder(batch) for batch in pictures.split(16)]))


def fields(clips: motion.Clips, numbers: Sequence[int]) -> npt.NDArray[np.int8]:
    """Motion fields of some of the clips.

    Args:
        clips: all of them.
        numbers: which.

    Returns:
        (len(numbers), T - 1, rows of blocks, columns of blocks, 2): columns and rows of displacement (the
        order of this search method; others of scikit-video give rows first).
    """
    from skvideo import motion as block_matching  # repaired by video.scikit_video

    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)  # luma of ITU-R BT.601
    displacements = []
    for number in numbers:
        grey = (clips.clip(number) * weights).sum(1).round().to(torch.uint8)  # (T, S, S)
        displacements.append(
            block_matching.blockMotion(grey[..., None].numpy(), method=METHOD, mbSize=BLOCK, p=REACH)
        )
    return np.stack(displacements).astype(np.int8)


def write(path: Path, clips: motion.Clips, say: Progress = print) -> None:
    """Writes the file, whole or not at all.

    Args:
        path: file to write, ending in .h5.
        clips: usually those of `motion.course_clips()`.
        say: told what is being done.
    """
    say(f"features of {len(clips.frames)} pictures")
    arrays: dict[str, npt.NDArray[np.generic]] = {"global": features(clips.frames, grid=False)}
    say(f"the same from {LAYER}, with a grid of {GRID[0]} x {GRID[1]}")
    arrays["grid"] = features(clips.frames, grid=True)
    say(f"motion fields of {len(clips)} clips")
    video.scikit_video()
    arrays["motion"] = fields(clips, range(len(clips)))
    _save(path, arrays, _notes(clips))


def _save(path: Path, arrays: dict[str, npt.NDArray[np.generic]], notes: dict[str, str]) -> None:
    with atomic(path) as partial, h5py.File(partial, "w") as file:
        for name, values in arrays.items():
            chunks = (min(len(values), 256), *values.shape[1:])
            file.create_dataset(
                name, data=values, chunks=chunks, compression="gzip", compression_opts=9, shuffle=True
            )
        for name, text in notes.items():
            place, _, attribute = name.rpartition("/")
            file[place or "/"].attrs[attribute] = text


def enter(path: Path, manifest: Path) -> None:
    """Writes size and checksum of the file into the manifest beside it."""
    entries = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
    content = path.read_bytes()
    entries[path.stem] = data.File(path.name, len(content), hashlib.sha256(content).hexdigest())._asdict()
    with atomic(manifest) as partial:
        partial.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


@cache
def _encoder(grid: bool) -> encoders.Encoder:
    """On the CPU and with PyTorch alone, so that it is the same on every machine."""
    if grid:
        return encoders.load(ENCODER, layer=LAYER, grid=GRID, device="cpu", backend="folded")
    return encoders.load(ENCODER, device="cpu", backend="folded")


def _rounded(values: torch.Tensor) -> npt.NDArray[np.float16]:
    """Float16 with `DIGITS` binary digits: rounds the bit pattern, half up in magnitude."""
    bits = values.to(torch.float16).numpy().view(np.uint16).astype(np.uint32)
    drop = 10 - DIGITS
    return (((bits + (1 << (drop - 1))) >> drop) << drop).astype(np.uint16).view(np.float16)


def _notes(clips: motion.Clips) -> dict[str, str]:
    """The attributes of the file and, as "dataset/name", of its datasets."""
    whole, grid = _encoder(False), _encoder(True)
    shots = "; ".join(
        f"{name}: {s.film}, frames {s.frames[0]} to {s.frames[1] - 1}, {s.size[0]} x {s.size[1]} pixels"
        for name, s in motion.SHOTS.items()
    )
    return {
        "encoder": ENCODER,
        "weights_hash": whole.weights_hash,
        "preprocessing": str(whole.preprocessing),
        "clips": f"coursekit.motion.course_clips(): {len(clips)} clips of {clips.order.shape[1]} frames of "
        f"{clips.frames.shape[2]} x {clips.frames.shape[3]} pixels; seed: the number of the shot, from 0",
        "shots": shots,
        "classes": ", ".join(motion.CLASSES),
        "made_by": "python -m tools.data.order_features",
        "rounding": f"float16, of whose fraction {DIGITS} binary digits are kept",
        "global/axes": "picture (an index of Clips.frames), k",
        "global/layer": "the last one before the decision, averaged over the picture",
        "grid/axes": "picture (an index of Clips.frames), k = channel x row x column",
        "grid/layer": f"{LAYER}, averaged in a grid of {GRID[0]} x {GRID[1]}; {grid.k} numbers",
        "motion/axes": "clip, pair of neighbouring frames, row of blocks, column of blocks, (columns, rows)",
        "motion/method": f"skvideo.motion.blockMotion, method {METHOD}, mbSize {BLOCK}, p {REACH}, on luma",
        "motion/unit": "pixels",
    }


def main(arguments: list[str] | None = None) -> int:
    """Makes the file and enters it in the manifest; the exit code is 0 if all went well."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.data.order_features", description="Make the features of notebook 06."
    )
    parser.add_argument("--out", type=Path, help="another file to write, which no manifest names")
    out = parser.parse_args(arguments).out
    path = out or data.FOLDER / "order_features.h5"
    write(path, motion.course_clips())
    if out is None:
        enter(path, data.FOLDER / "files.json")
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
