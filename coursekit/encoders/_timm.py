"""Image networks of timm: `timm/NAME`, or `timm/NAME.TAG` for weights other than timm's first choice.

    encoders.load("timm/vit_small_patch14_dinov2.lvd142m")     # k = 384

timm's configuration of each set of weights says what its images were like: size, crop, scale.
Source: Wightman, PyTorch Image Models, https://github.com/huggingface/pytorch-image-models
"""

from __future__ import annotations

import difflib
import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from coursekit._shared._text import first_line
from coursekit.encoders import _hub
from coursekit.encoders._weights import WAYS_OUT, Built, Preprocessing, WeightsError


def build(name: str, pretrained: bool) -> Built:
    """The network that timm calls `name`, whole.

    Raises:
        ValueError: timm does not know it, or its images are prepared in a way that is not known here.
        WeightsError: its weights cannot be had.
    """
    import timm

    config = _config(name)
    preprocessing = _preprocessing(name, config)
    network = _pretrained(name, config) if pretrained else timm.create_model(name, pretrained=False)
    return Built(
        network, _decision(network), None, preprocessing, None, _labels(network),
        f"timm/{config.architecture}.{config.tag}",
    )  # fmt: skip


def _config(name: str) -> Any:
    """Timm's configuration of the weights called `name`.

    Raises:
        ValueError: there is no such network, or no such set of weights.
    """
    import timm
    from timm.models import PretrainedCfg, get_pretrained_cfg

    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        near = difflib.get_close_matches(architecture.lower(), timm.list_models(), 3, 0.5)
        raise ValueError(
            f"encoder='timm/{name}' is unknown: timm {timm.__version__} has no network of this name"
            + (f"; did you mean {' or '.join(f'timm/{other}' for other in near)}?" if near else "")
            + " timm.list_models('*dino*') lists those with dino in their names"
        )
    try:
        return get_pretrained_cfg(name) or PretrainedCfg(architecture=architecture)
    except RuntimeError as error:
        tags = timm.list_pretrained(f"{architecture}.*")
        raise ValueError(
            f"encoder='timm/{name}': no weights of this network are called {tag!r}; there are "
            f"{', '.join(f'timm/{other}' for other in tags) or 'none'}"
        ) from error


def _preprocessing(name: str, config: Any) -> Preprocessing:
    """Timm's own transform for evaluation, in our words.

    Raises:
        ValueError: it pads the image, or takes other than colour images.
    """
    from timm.data import config as defaults

    resolve: Any = defaults.resolve_data_config
    data = resolve(pretrained_cfg=config.to_dict())
    channels, height, width = data["input_size"]
    mode, interpolation = data["crop_mode"], data["interpolation"]
    if channels != 3 or mode not in ("center", "squash") or (mode == "center" and height != width):
        raise ValueError(
            f"encoder='timm/{name}' takes {channels} channels of {height} x {width} pixels, prepared by "
            f"crop_mode={mode!r}, which is not done here: prepare the frames yourself, and give the module"
        )
    scaled = math.floor(height / data["crop_pct"]), math.floor(width / data["crop_pct"])
    return Preprocessing(
        resize=scaled if mode == "squash" else scaled[0],
        crop=(height, width),
        interpolation=interpolation,
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
    )


def _pretrained(name: str, config: Any) -> nn.Module:
    """The network with its weights, from the hub's cache, the hub, or the address of the authors."""
    import timm

    overlay = {}
    if config.hf_hub_id:
        overlay = {"file": str(_file(name, config))}
    elif not config.url:
        raise WeightsError(f"timm has no pretrained weights for {name}; {WAYS_OUT}")
    try:
        network: nn.Module = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay)
    except Exception as error:  # of torch, safetensors or urllib
        folder = Path(torch.hub.get_dir()) / "checkpoints"
        place = overlay.get("file") or f"{folder / Path(config.url).name}, from {config.url},"
        raise WeightsError(
            f"the weights of timm/{name} at {place} cannot be had or are damaged ({first_line(error)}). "
            f"Delete this file if it is there, and go online; {WAYS_OUT}"
        ) from error
    return network


def _file(name: str, config: Any) -> Path:
    """The file of the weights in the hub's cache, downloaded if it is not there."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    repository, _, revision = config.hf_hub_id.partition("@")
    either = ["model.safetensors", "pytorch_model.bin"]
    *others, last = [config.hf_hub_filename] if config.hf_hub_filename else either

    def get(cached: bool) -> Path:
        options: dict[str, Any] = {"revision": revision or None, "local_files_only": cached}
        for file in others:
            try:
                return Path(hf_hub_download(repository, file, **options))
            except LocalEntryNotFoundError:
                if not cached:
                    raise
            except EntryNotFoundError:
                pass  # older weights are only there as a pickle
        return Path(hf_hub_download(repository, last, **options))

    return _hub.fetch(f"timm/{name}", repository, get)


def _decision(network: Any) -> str:
    """The name of the layer that decides; empty for a network that only gives features, or has several."""
    head = network.get_classifier()
    if not isinstance(head, nn.Linear) or head.in_features != _width(network):
        network.reset_classifier(0)
        return ""
    return next(str(name) for name, module in network.named_modules() if module is head)


def _width(network: Any) -> int:
    """How many numbers the decision layer takes; older versions of timm have only the second attribute."""
    return int(getattr(network, "head_hidden_size", network.num_features))


def _labels(network: Any) -> tuple[str, ...]:
    """The names of ImageNet's classes, for weights that decide among them."""
    from timm.data.imagenet_info import ImageNetInfo, infer_imagenet_subset

    subset = infer_imagenet_subset(network) if network.num_classes else None
    if subset is None:
        return ()
    info = ImageNetInfo(subset)
    return tuple(info.index_to_description(index) for index in range(network.num_classes))
