"""Video networks of Hugging Face: `hf/OWNER/NAME`, with the extra `hf`.

    encoders.load("hf/MCG-NJU/videomae-base")                  # 16 frames, k = 768
    encoders.load("hf/facebook/vjepa2-vitl-fpc64-256")         # 64 frames, k = 1024
    encoders.load("hf//home/me/my_videomae")                   # a folder that `save_pretrained` wrote
    encoders.load("hf/videomae", weights="random")             # the architecture, as transformers defines it

A network that was trained to classify gives what its decision layer takes; another one gives the average of
its tokens.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from coursekit._shared._text import first_line
from coursekit.encoders import _hub
from coursekit.encoders._sliding_window import Windows
from coursekit.encoders._weights import Adapted, Built, Preprocessing, WeightsError

# From one frame that the training showed to the next, in films of about 30 frames per second. transformers'
# configurations do not have it; these are the numbers of the repositories in which the networks were trained.
# VideoMAE: github.com/MCG-NJU/VideoMAE, scripts/kinetics (16 x 4).
# V-JEPA 2: github.com/facebookresearch/vjepa2, configs/train (4 frames per second).
# TimeSformer: github.com/facebookresearch/TimeSformer, configs/Kinetics (8 x 32).
# ViViT: github.com/google-research/scenic, projects/vivit/configs/kinetics400/vivit_base_k400.py (32 x 2).
STRIDES = {"videomae": 4, "vjepa2": 8, "timesformer": 32, "vivit": 2}
# Classifiers with another stride, by the number of frames that they see. TimeSformer: the same folder, HR is
# 16 x 16 and L is 96 x 4. V-JEPA 2: configs/inference; SSv2 is 16 x 4 or 64 x 2, Diving48 is 32 x 2.
CLASSIFIER_STRIDES = {"timesformer": {16: 16, 96: 4}, "vjepa2": {16: 4, 32: 2, 64: 2}}
# Transformers would ask on the terminal whether to run code of the repository: it is never run.
SAFE = {"trust_remote_code": False}
EXAMPLES = (
    "MCG-NJU/videomae-base, MCG-NJU/videomae-base-finetuned-kinetics, facebook/vjepa2-vitl-fpc64-256, "
    "facebook/timesformer-base-finetuned-k400, google/vivit-b-16x2-kinetics400"
)


def build(name: str, pretrained: bool) -> Built:
    """The network in a repository of the hub, or in a folder.

    Args:
        name: "owner/name" on the hub, the path of a folder, or one of `STRIDES` for random weights.
        pretrained: whether its weights are wanted.

    Raises:
        ValueError: transformers is not installed, or this is no video network that is known here.
        WeightsError: the weights cannot be had, or some of them are missing.
    """
    if importlib.util.find_spec("transformers") is None:
        raise ValueError(f"encoder='hf/{name}' needs transformers: pip install 'coursekit[hf]'")
    with _silent():
        if name in STRIDES:
            config, processor, revision = _defaults(name, pretrained)
        elif "/" not in name:
            raise ValueError(
                f"encoder='hf/{name}' is unknown: give the owner too, hf/OWNER/NAME, such as {EXAMPLES}; or "
                f"one of {', '.join(f'hf/{kind}' for kind in STRIDES)} with weights='random'"
            )
        else:
            config, processor, revision = _described(name)
        network = _network(name, config, pretrained)
    decides = hasattr(network, "classifier")
    labels = tuple(config.id2label[index] for index in range(config.num_labels)) if decides else ()
    length = config.frames_per_clip if config.model_type == "vjepa2" else config.num_frames
    stride = STRIDES[config.model_type]
    if decides:
        stride = CLASSIFIER_STRIDES.get(config.model_type, {}).get(length, stride)
    weights = f"{name} {revision}" if revision else Path(name).name
    return Built(
        _Tokens(network), "inner.classifier" if decides else "", None, _preprocessing(processor),
        Windows(length, length * stride, stride=stride), labels, weights,
    )  # fmt: skip


class _Tokens(Adapted):
    """A video transformer for clips as all other networks here take them: float32 (B, 3, T, H, W)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the decision layer gives (B, classes), or else the average of the tokens (B, k)."""
        inner: Any = self.inner
        options: dict[str, Any] = {inner.main_input_name: x.transpose(1, 2)}  # (B, T, 3, H, W)
        decides = hasattr(inner, "classifier")
        if inner.config.model_type == "vjepa2" and not decides:
            options["skip_predictor"] = True  # half of the time, for what nobody asked
        output = inner(**options)
        rows: torch.Tensor = output.logits if decides else output.last_hidden_state.mean(1)
        return rows


def _defaults(kind: str, pretrained: bool) -> tuple[Any, Any, str]:
    """The configuration and the processor of an architecture, as transformers defines it.

    Raises:
        ValueError: weights were asked for, which an architecture does not have.
    """
    if pretrained:
        raise ValueError(
            f"encoder='hf/{kind}' is an architecture without weights: name a repository ({EXAMPLES}), "
            "or ask for weights='random'"
        )
    processors = {"videomae": "VideoMAEImageProcessor", "timesformer": "VideoMAEImageProcessor",
                  "vivit": "VivitImageProcessor", "vjepa2": "VJEPA2VideoProcessor"}  # fmt: skip
    library = _transformers()
    return library.CONFIG_MAPPING[kind](), getattr(library, processors[kind])(), ""


def _described(name: str) -> tuple[Any, Any, str]:
    """The configuration, the processor and the revision of a repository or a folder.

    Raises:
        ValueError: it is not the configuration of a video network that is known here.
        WeightsError: it is not there.
    """
    folder = Path(name)
    if folder.is_absolute() or folder.is_dir():
        try:
            config, processor = _config(folder, True), _processor(folder, True)
        except (OSError, ValueError) as error:
            raise WeightsError(
                f"{folder} is no folder of a network of transformers ({first_line(error)}): write it with "
                "save_pretrained of the network and of its processor"
            ) from error
    else:
        config, processor = _hub.fetch(f"hf/{name}", name, lambda cached: (
            _config(name, cached), _processor(name, cached)
        ))  # fmt: skip
    if config.model_type not in STRIDES:
        raise ValueError(
            f"encoder='hf/{name}' is a {config.model_type!r}; the video networks known here are: "
            f"{', '.join(STRIDES)}. Images: the same network is often there as timm/NAME"
        )
    return config, processor, _revision(name)


def _revision(name: str) -> str:
    """The commit of a repository in the hub's cache, 12 digits; empty for a folder."""
    from huggingface_hub import try_to_load_from_cache

    if Path(name).is_dir():
        return ""
    file = try_to_load_from_cache(name, "config.json")  # .../snapshots/COMMIT/config.json
    return Path(file).parent.name[:12] if isinstance(file, str) else ""


def _config(source: str | Path, cached: bool) -> Any:
    """The configuration of a network."""
    return _transformers().AutoConfig.from_pretrained(source, local_files_only=cached, **SAFE)


def _processor(source: str | Path, cached: bool) -> Any:
    """What prepares a video for the network; older repositories describe it as for single images."""
    library, options = _transformers(), {"local_files_only": cached, **SAFE}
    try:
        return library.AutoVideoProcessor.from_pretrained(source, **options)
    except (OSError, ValueError):
        return library.AutoImageProcessor.from_pretrained(source, **options)


def _preprocessing(processor: Any) -> Preprocessing:
    """What a processor does, measured on a black and a white square.

    Its scale may be set in three ways (rescale_factor, offset, image_mean and image_std), which all are
    y = (x / 255 - mean) / std. So the two numbers follow from what it makes of x = 0 and of x = 255.

    Raises:
        ValueError: it resizes in a way that is not done here.
    """
    black, white = (_processed(processor, level) for level in (0, 255))  # (3, h, w) each
    scale = (white - black).mean((1, 2), dtype=torch.float64)  # (3,), 1 / std
    mean = -black.mean((1, 2), dtype=torch.float64) / scale  # (3,)
    size = dict(processor.size)
    edge, height, width = (size.get(name) for name in ("shortest_edge", "height", "width"))
    interpolation = {2: "bilinear", 3: "bicubic"}.get(int(processor.resample))
    if interpolation is None or not (edge or (height and width)):
        raise ValueError(
            f"{type(processor).__name__} resizes to {size} with the filter {processor.resample!r}, which is "
            "not done here: prepare the frames yourself, and give the module"
        )
    return Preprocessing(
        resize=int(edge) if edge else (int(height or 0), int(width or 0)),
        crop=(black.shape[1], black.shape[2]),
        interpolation=interpolation,
        mean=_rounded(mean),
        std=_rounded(1 / scale),
    )


def _processed(processor: Any, level: int) -> torch.Tensor:
    """The first frame (3, h, w) of what a processor makes of a grey video."""
    video = [np.full((512, 512, 3), level, np.uint8)] * 2
    frame: torch.Tensor = next(iter(processor(video, return_tensors="pt").values()))[0, 0]
    return frame.float()


def _rounded(values: torch.Tensor) -> tuple[float, float, float]:
    red, green, blue = (round(value, 5) for value in values.tolist())
    return red, green, blue


def _network(name: str, config: Any, pretrained: bool) -> nn.Module:
    """The network in evaluation mode, in float32; with its decision layer if its training had one.

    Raises:
        WeightsError: the weights are not there, damaged, or some of them are missing.
    """
    library = _transformers()
    decides = any("ForVideoClassification" in kind for kind in config.architectures or ())
    maker = library.AutoModelForVideoClassification if decides else library.AutoModel
    if not pretrained:
        random: nn.Module = maker.from_config(config)
        return random
    network, report = _loaded(name, maker, config)
    missing = sorted([*report["missing_keys"], *(key[0] for key in report["mismatched_keys"])])
    if missing:  # transformers fills these with random numbers
        raise WeightsError(
            f"the weights of hf/{name} do not fit {type(network).__name__}: {', '.join(missing[:3])} "
            f"{'are' if len(missing) > 1 else 'is'} missing or of another size; take another repository"
        )
    return network


def _loaded(name: str, maker: Any, config: Any) -> tuple[nn.Module, dict[str, Any]]:
    """The network and transformers' report of what it found in the file."""

    def get(cached: bool) -> tuple[nn.Module, dict[str, Any]]:
        network, report = maker.from_pretrained(
            name, config=config, local_files_only=cached, output_loading_info=True, **SAFE
        )
        return network.float(), report

    if not Path(name).is_dir():
        return _hub.fetch(f"hf/{name}", name, get)
    try:
        return get(True)
    except Exception as error:  # of transformers, torch or safetensors
        raise WeightsError(
            f"the weights in {name} are missing or damaged ({first_line(error)}): "
            "write them again with save_pretrained"
        ) from error


def _transformers() -> Any:
    """The library, whose import takes seconds."""
    return importlib.import_module("transformers")


@contextmanager
def _silent() -> Iterator[None]:
    """Without transformers' bars and warnings; what matters of them is checked here."""
    logging = _transformers().utils.logging
    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()
