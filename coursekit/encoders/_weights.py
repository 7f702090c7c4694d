"""What belongs to a network (its weights, its preprocessing), and state dicts from files."""

from __future__ import annotations

import hashlib
import math
import operator
from collections.abc import Callable
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.functional import interpolate, pad

from coursekit._shared._text import first_line
from coursekit.encoders._sliding_window import Windows

DEFAULT = "efficientnet_lite0"
WAYS_OUT = f"or take encoder={DEFAULT!r}: it needs no download. weights='random' gives an untrained network"


class WeightsError(Exception):
    """Pretrained weights cannot be had or do not fit; the message says where they belong and what to do."""


class Preprocessing(NamedTuple):
    """What is done to a uint8 image before the network sees it, as its weights were trained.

    Attributes:
        resize: the shorter side after resizing, or (H, W), in pixels.
        crop: (H, W) of the piece that is cut out of the middle, in pixels.
        interpolation: "bilinear" or "bicubic", with antialiasing.
        mean: of red, green, blue on the scale 0 to 1; taken off.
        std: divided by.
    """

    resize: int | tuple[int, int] = 256
    crop: tuple[int, int] = (224, 224)
    interpolation: str = "bilinear"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def checked(self) -> Preprocessing:
        """The same in Python's own numbers.

        Raises:
            ValueError: no image can be prepared with these values.
        """
        one = isinstance(self.resize, Integral)
        resize = _plain(operator.index, [self.resize] * 2 if one else self.resize, 2)
        crop, mean, std = (
            _plain(operator.index, self.crop, 2), _plain(float, self.mean, 3), _plain(float, self.std, 3)
        )  # fmt: skip
        rules = {
            "resize": (resize and min(resize) > 0, "a whole number of pixels, or two: (H, W)"),
            "crop": (crop and min(crop) > 0, "two whole numbers of pixels: (H, W)"),
            "interpolation": (self.interpolation in ("bilinear", "bicubic"), "'bilinear' or 'bicubic'"),
            "mean": (mean, "three numbers: of red, green, blue"),
            "std": (std and min(std) > 0, "three numbers above 0"),
        }
        for name, (right, expected) in rules.items():
            if not right:
                raise ValueError(f"preprocessing: {name}={getattr(self, name)!r} must be {expected}")
        return Preprocessing(resize[0] if one else resize, crop, str(self.interpolation), mean, std)

    def prepare(self, images: torch.Tensor) -> torch.Tensor:
        """Resize and crop, where the images are: uint8 (B, 3, H, W) -> uint8 (B, 3, h, w)."""
        if images.dtype != torch.uint8:
            raise TypeError(f"images must be torch.uint8, 0 to 255, got {images.dtype}")
        size = self._resized(*images.shape[-2:])
        packed = images.contiguous(memory_format=torch.channels_last)  # the same shape; half the time
        if packed.device.type != "cpu":  # only there PyTorch resizes bytes
            packed = packed.float()
        resized = interpolate(packed, size, mode=self.interpolation, antialias=True)  # (B, 3, H', W')
        if resized.is_floating_point():
            resized = resized.clamp_(0, 255).round_().byte()
        vertical, horizontal = (_margins(*pair) for pair in zip(size, self.crop, strict=True))
        return pad(resized, (*horizontal, *vertical))  # (B, 3, h, w)

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        """(H', W') of an image of (H, W) pixels after resizing."""
        if not isinstance(self.resize, int):
            return self.resize
        short, long = sorted((height, width))
        sides = self.resize, int(self.resize * long / short)
        return sides if height <= width else sides[::-1]


def _plain(kind: Callable[[Any], Any], values: Any, length: int) -> Any:
    """A tuple of that many finite numbers; None if `values` are something else."""
    try:
        plain = tuple(kind(value) for value in values)
    except (TypeError, ValueError):
        return None
    return plain if len(plain) == length and all(map(math.isfinite, plain)) else None


def _margins(size: int, crop: int) -> tuple[int, int]:
    """What to add before and after `size` pixels to get the middle `crop`: less than 0 where some go."""
    more = crop - size
    before = more // 2 if more > 0 else -round(-more / 2)  # half a pixel goes where torchvision puts it
    return before, more - before


class Built(NamedTuple):
    """A network with its weights, whole, in evaluation mode."""

    network: nn.Module
    decision: str  # name of the layer that decides; empty where there is none
    maps: str | None  # name of the last layer with a spatial grid (B, C, h, w)
    preprocessing: Preprocessing
    windows: Windows | None  # None: one image at a time
    labels: tuple[str, ...]  # names of the classes it decides among
    weights: str  # which weights these are


class Described(NamedTuple):
    """What is known of a network of images before it is built."""

    preprocessing: Preprocessing
    weights: str  # which weights these are
    checksum: str  # SHA-256 of their file


class Adapted(nn.Module):
    """A library's network, `inner`, behind the interface of all video networks here: (B, 3, T, H, W) in."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner


def weights_hash(network: nn.Module) -> str:
    """A short SHA-256 of all that a network has learned: equal for equal names, shapes and values."""
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(f"{name} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def decision_layer(network: nn.Module, classes: int) -> str:
    """The name of the last linear layer or convolution, if it gives `classes` numbers; else empty."""
    kinds = (nn.Linear, nn.Conv2d, nn.Conv3d)
    layers = [(name, module) for name, module in network.named_modules() if isinstance(module, kinds)]
    name, last = layers[-1]
    size = last.out_features if isinstance(last, nn.Linear) else last.out_channels
    return name if size == classes else ""


def read(file: Path) -> dict[str, torch.Tensor]:
    """The state dict in a file.

    Raises:
        WeightsError: no such file, a damaged one, or one without a state dict.
    """
    if not file.is_file():
        raise WeightsError(
            f"weights={str(file)!r}: no such file; give 'pretrained', 'random', or a file's path"
        )
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises errors of many kinds
        raise WeightsError(
            f"{file} is damaged or holds no weights ({first_line(error)}): copy or save it again"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise WeightsError(f"{file} holds no state dict: save one with torch.save(model.state_dict(), path)")
    return state


def take(network: nn.Module, state: dict[str, torch.Tensor], source: str) -> None:
    """Load a state dict; the batch counts of batch normalisation may be missing (nothing here uses them).

    Args:
        network: gets the weights.
        state: the state dict.
        source: where it is from, for the message.

    Raises:
        WeightsError: it is that of another network.
    """
    if isinstance(network, Adapted):
        network = network.inner  # the state dict has the names of the library
    own = network.state_dict()
    needed = {key for key in own if not key.endswith("num_batches_tracked")}
    errors = [
        f"{key}: {tuple(state[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own.keys() & state.keys()
        if state[key].shape != own[key].shape
    ]
    errors += [f"{key} is missing" for key in sorted(needed - state.keys())]
    errors += [f"{key} is unknown" for key in sorted(state.keys() - own.keys())]
    if errors:
        raise WeightsError(
            f"{source} does not fit {type(network).__name__}: {'; '.join(errors[:3])}"
            f"{f' and {len(errors) - 3} more' if len(errors) > 3 else ''}; take the weights of this network"
        )
    network.load_state_dict(state, strict=False)
