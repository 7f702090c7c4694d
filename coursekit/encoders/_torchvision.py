"""Every image and video network of torchvision, by torchvision's own name.

The preprocessing, the classes and the address of the weights are in torchvision's weight enumerations. What
stands here is what they do not say: where a grid is, and how a video network was shown its films.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from coursekit._shared._files import sha256
from coursekit.encoders._sliding_window import Windows
from coursekit.encoders._weights import (
    WAYS_OUT,
    Built,
    Preprocessing,
    WeightsError,
    decision_layer,
    read,
    take,
)

# The networks listed in `encoders.NAMES`, and the last layer with a spatial grid of each image network.
MAPS = {
    "resnet18": "layer4",
    "resnet34": "layer4",
    "resnet50": "layer4",
    "vgg16": "features",
    "densenet121": "features",
    "googlenet": "inception5b",
    "mobilenet_v3_small": "features",
    "mobilenet_v3_large": "features",
    "efficientnet_b0": "features",
    "convnext_tiny": "features",
    "r3d_18": None,
    "mc3_18": None,
    "r2plus1d_18": None,
    "s3d": None,
}

# The length of a clip in training, and its stride, for films of about 30 frames per second (torchvision
# evaluates Swin3D at 15 frames per second and MViT at 7.5). The four older networks take each frame: choose
# `fps=15` for the rate of their training. S3D needs 14 frames or more.
WINDOWS = {
    **dict.fromkeys(("r3d_18", "mc3_18", "r2plus1d_18", "s3d"), Windows(16, 16)),
    **dict.fromkeys(("swin3d_t", "swin3d_s", "swin3d_b"), Windows(32, 64, stride=2)),
    **dict.fromkeys(("mvit_v1_b", "mvit_v2_s"), Windows(16, 64, stride=4)),
}

# The weights of these were trained on another scale, to which the network itself brings its input.
_OTHER_SCALE = {"transform_input": True, "init_weights": False}
_OPTIONS = {"googlenet": _OTHER_SCALE, "inception_v3": _OTHER_SCALE}


def names() -> list[str]:
    """All image and video networks of the installed torchvision that classify."""
    from torchvision import models

    return [*models.list_models(module=models), *models.list_models(module=models.video)]


def build(name: str, pretrained: bool) -> Built:
    """The network called `name`, whole.

    Raises:
        WeightsError: its weights cannot be had.
    """
    from torchvision import models

    source = models.get_model_weights(name).DEFAULT
    network = models.get_model(name, weights=None, **_OPTIONS.get(name, {}))
    if pretrained:
        take(network, download(name, source), f"torchvision's {source}")
    labels = tuple(source.meta["categories"])
    windows = None
    if name in models.list_models(module=models.video):
        windows = WINDOWS.get(name) or Windows(16, 16)  # one that a later torchvision has added
    decision = decision_layer(network, len(labels))
    return Built(network, decision, MAPS.get(name), preprocessing(source), windows, labels, str(source))


def preprocessing(source: Any) -> Preprocessing:
    """The transform that belongs to a member of one of torchvision's weight enumerations, in our words."""
    transform = source.transforms()
    size = transform.resize_size
    return Preprocessing(
        resize=size[0] if len(size) == 1 else tuple(size),
        crop=tuple(transform.crop_size * (2 if len(transform.crop_size) == 1 else 1)),
        interpolation=transform.interpolation.value,
        mean=tuple(transform.mean),
        std=tuple(transform.std),
    )


def download(name: str, source: Any) -> dict[str, torch.Tensor]:
    """The state dict from torchvision's cache, or downloaded into it; compared with its checksum.

    Args:
        name: of the network, for messages.
        source: a member of one of torchvision's weight enumerations.

    Raises:
        WeightsError: it is not there and cannot be downloaded, or it is damaged.
    """
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / source.url.rsplit("/", 1)[-1]
    if not file.is_file():
        try:
            source.get_state_dict(progress=False, check_hash=True, weights_only=True)
        except (OSError, RuntimeError) as error:
            raise WeightsError(
                f"the weights of {name} are not at {file}, and cannot be downloaded ({error}). Go online, "
                f"or put {source.url} there; {WAYS_OUT}"
            ) from error
    expected = re.search(r"-([0-9a-f]{8,})\.", file.name)
    actual = sha256(file) if expected else ""
    if expected and not actual.startswith(expected[1]):
        raise WeightsError(
            f"the weights of {name} at {file} are damaged (SHA-256 begins with {actual[:8]}, expected "
            f"{expected[1]}): delete this file, it is downloaded anew"
        )
    return read(file)
