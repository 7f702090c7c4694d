"""The same network, sooner: batch normalisation folded, channels last, ONNX Runtime, half precision on a GPU.

Every way gives the features of the plain network within `TOLERANCE`; a way that does not is not taken.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import nn

Run = Callable[[torch.Tensor], torch.Tensor]
BACKENDS = ("auto", "eager", "folded", "onnx")

# The largest difference to the plain network, as a fraction of its largest value.
TOLERANCE = 1e-3
TOLERANCE_HALF = 2e-2  # float16 on a GPU


def have_onnx() -> bool:
    """Whether the extra `fast` is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("onnx", "onnxruntime"))


def runner(network: nn.Module, example: torch.Tensor, device: torch.device, backend: str) -> tuple[Run, str]:
    """A function that computes what `network` computes, and the name of the way it takes.

    Args:
        network: in evaluation mode; it is not changed.
        example: float32 (B, 3, H, W) or (B, 3, T, H, W), as the function will get them; B may differ.
        device: where to compute.
        backend: one of `BACKENDS`. "auto" takes ONNX Runtime for an image network on the CPU, if it is
            there, else folded PyTorch.

    Raises:
        ValueError: an unknown backend, or ONNX Runtime asked for by name where it cannot serve.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r} is unknown; there are: {', '.join(BACKENDS)}")
    if backend == "onnx" and not have_onnx():
        raise ValueError("backend='onnx' needs ONNX Runtime: pip install 'coursekit[fast]'")
    if backend == "onnx" and device.type != "cpu":
        raise ValueError(f"backend='onnx' computes on the CPU here, got device={str(device)!r}")
    if backend == "eager":
        return _plain(_copied(network).to(device), device, half=False), "eager"
    fits = have_onnx() and device.type == "cpu" and example.dim() == 4
    if backend == "onnx" or (backend == "auto" and fits):
        try:
            run = _onnx(network, example)
            if _same(network, run, example, TOLERANCE):
                return run, "onnx"
            reason = "its features differ"
        except Exception as error:  # the exporter raises whatever a network makes it raise
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if backend == "onnx":
            raise ValueError(
                f"backend='onnx': {type(network).__name__} cannot be exported ({reason}); take 'folded'"
            )
    folded = fold(_copied(network), example)
    run = _plain(folded.to(device), device, half=device.type == "cuda")
    tolerance = TOLERANCE_HALF if device.type == "cuda" else TOLERANCE
    if _same(network, lambda x: run(x.to(device)).cpu(), example, tolerance):
        return run, "folded"
    return _plain(_copied(network).to(device), device, half=False), "eager"


def _copied(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode (which torch.fx forgets when it copies)."""
    return copy.deepcopy(network).eval()


def fold(network: nn.Module, example: torch.Tensor) -> nn.Module:
    """Put each batch normalisation into the convolution before it (`network` itself is changed).

        w' = w g / sqrt(v + eps),   b' = (b - m) g / sqrt(v + eps) + beta

    with the running mean m and variance v. Which convolution stands before which is seen in one run on
    `example`: the normalisation's input is the very tensor that the convolution gave.

    Source: the arithmetic is that of torch.nn.utils.fusion.fuse_conv_bn_eval.
    """
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    for path, conv, norm in _pairs(network, example):
        conv.weight, conv.bias = fuse_conv_bn_weights(
            conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        # timm's normalisations hold the activation that follows.
        rest = [
            part for part in (getattr(norm, "drop", None), getattr(norm, "act", None)) if part is not None
        ]
        parent, _, child = path.rpartition(".")
        setattr(network.get_submodule(parent), child, nn.Sequential(*rest) if rest else nn.Identity())
    return network


def _pairs(network: nn.Module, example: torch.Tensor) -> list[tuple[str, Any, Any]]:
    """(name of the normalisation, convolution, normalisation), each used once and alone."""
    made: dict[int, tuple[nn.Module, torch.Tensor]] = {}
    found: list[tuple[str, Any, Any]] = []
    calls: dict[nn.Module, int] = {}
    names = {module: name for name, module in network.named_modules()}

    def after(module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
        calls[module] = calls.get(module, 0) + 1
        if isinstance(module, (nn.Conv2d, nn.Conv3d)):
            made[id(output)] = (module, output)  # the output is held, so that its id stays its own
        elif id(inputs[0]) in made and isinstance(module.running_mean, torch.Tensor):
            found.append((names[module], made[id(inputs[0])][0], module))

    kinds = (nn.Conv2d, nn.Conv3d, nn.BatchNorm2d, nn.BatchNorm3d)
    hooks = [m.register_forward_hook(after) for m in network.modules() if isinstance(m, kinds)]
    with torch.inference_mode():
        network(example)
    for hook in hooks:
        hook.remove()
    return [pair for pair in found if calls[pair[1]] == calls[pair[2]] == 1]


def _plain(network: nn.Module, device: torch.device, *, half: bool) -> Run:
    """PyTorch with channels last; on a GPU in half precision."""
    _channels_last(network)

    def run(x: torch.Tensor) -> torch.Tensor:
        last = torch.channels_last if x.dim() == 4 else torch.channels_last_3d
        x = x.to(memory_format=last)
        with torch.autocast("cuda", torch.float16) if half else contextlib.nullcontext():
            y: torch.Tensor = network(x)
        return y.float()

    return run


def _channels_last(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)
        elif isinstance(module, nn.Conv3d):
            module.to(memory_format=torch.channels_last_3d)


def _onnx(network: nn.Module, example: torch.Tensor) -> Run:
    """The network in ONNX Runtime, image by image, one image on each core.

    Measured with EfficientNet-Lite0: a batch size that is known makes it 1.4 times as fast, and images side
    by side, one on each core, are a tenth faster than all cores on one image after the other.
    """
    import onnxruntime

    file: Any = io.BytesIO()
    with _silent():
        # The older of PyTorch's two exporters: under 1 s instead of 11 s for EfficientNet-Lite0, same result.
        torch.onnx.export(
            _copied(network).cpu(), (example[:1],), file, dynamo=False, opset_version=17,
            input_names=["x"], output_names=["y"],
        )  # fmt: skip
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    cores = ThreadPoolExecutor(torch.get_num_threads(), "coursekit-onnx")

    def one(image: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(session.run(["y"], {"x": image.numpy()})[0])  # (1, k)

    return lambda x: torch.cat(list(cores.map(one, x.contiguous().split(1))))


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """The exporter tells what it does; nobody here asked."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _same(network: nn.Module, run: Run, example: torch.Tensor, tolerance: float) -> bool:
    """Whether `run` gives what the plain network gives; of images (cheap) for a batch of another size too."""
    doubled = [torch.cat([example, example.flip(-1)])] if example.dim() == 4 else []  # (2 B, 3, H, W)
    for x in (example, *doubled):
        with torch.inference_mode():
            right, got = network(x), run(x)
        if right.shape != got.shape or not (right - got).abs().max() <= tolerance * right.abs().max():
            return False
    return True
