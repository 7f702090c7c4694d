"""Faster ways to run the same network: folding, channels last, ONNX Runtime, half precision on a GPU.

Every way gives the features of the plain network within `TOLERANCE`; a way that does not is not taken. Only
a precision that was asked for by name is taken as it is.
"""

from __future__ import annotations

import copy
import importlib.util
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn

from coursekit._shared._text import first_line
from coursekit.encoders import _onnx

Run = Callable[[torch.Tensor], torch.Tensor]
BACKENDS = ("auto", "eager", "folded", "onnx")
HALF = {"float16": torch.float16, "bfloat16": torch.bfloat16}
PRECISIONS = ("auto", "float32", *HALF)


class Runner(NamedTuple):
    """A way to compute a network."""

    run: Run
    backend: str  # its name, one of `BACKENDS` but "auto"
    shape: tuple[int, ...]  # of what it gives for the example
    model: bytes = b""  # the ONNX file, if the network was exported just now


# The largest difference to the plain network, as a fraction of its largest value.
TOLERANCE = 1e-3
TOLERANCE_HALF = 2e-2  # float16 on a GPU


def have_onnx() -> bool:
    """Whether the extra `fast` is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("onnx", "onnxruntime"))


def runner(
    network: nn.Module,
    example: torch.Tensor,
    device: torch.device,
    backend: str,
    precision: str = "auto",
) -> Runner:
    """The fastest way to compute what `network` computes, among those that are asked for.

    Args:
        network: on the CPU, in evaluation mode; it is not changed.
        example: float32 (B, 3, H, W) or (B, 3, T, H, W), as the function will get them; B may differ.
        device: where to compute.
        backend: one of `BACKENDS`. "auto" takes ONNX Runtime for an image network on the CPU, if it is
            there, else folded PyTorch.
        precision: one of `PRECISIONS`. "auto" takes float16 on a CUDA device, where its features are within
            `TOLERANCE_HALF`, and else float32.

    Raises:
        ValueError: an unknown backend or precision, or one that was asked for by name and cannot serve.
    """
    check_backend(backend, device)
    check_precision(precision, device, backend)
    if precision in HALF:
        return _halved(network, example, device, backend, precision)
    if backend == "eager":
        return _eager(network, example, device)
    if takes_onnx(device, backend, precision, images=example.dim() == 4):
        try:
            return _exported(network, example)
        except Exception as error:  # the exporter raises whatever a network makes it raise
            if backend == "onnx":
                raise ValueError(
                    f"backend='onnx': {type(network).__name__} cannot be exported "
                    f"({first_line(error)}); take 'folded'"
                ) from error
    folded, right = fold(_copied(network), example)
    run, tolerance = _plain(folded.to(device)), TOLERANCE
    if precision == "auto" and device.type == "cuda":
        run, tolerance = _autocast(run, device, torch.float16), TOLERANCE_HALF
    if _same(network, lambda x: run(x.to(device)).cpu(), example, right, tolerance):
        return Runner(run, "folded", tuple(right.shape))
    return _eager(network, example, device)


def takes_onnx(device: torch.device, backend: str, precision: str, images: bool) -> bool:
    """Whether ONNX Runtime is to compute the network (`images`: one that looks at single images)."""
    if backend != "auto":
        return backend == "onnx"
    return have_onnx() and device.type == "cpu" and precision not in HALF and images


def stored(export: _onnx.Export, example: torch.Tensor) -> Runner | None:
    """A network that was exported by an earlier run; None if ONNX Runtime does not take it any more."""
    try:
        run = _onnx.run(export.model)
        return Runner(run, "onnx", tuple(run(example).shape))
    except Exception:  # onnxruntime raises errors of many kinds; the network is then built and exported anew
        return None


def check_backend(backend: str, device: torch.device) -> None:
    """Raise a ValueError for an unknown backend, or for ONNX Runtime where it cannot serve."""
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r} is unknown; there are: {', '.join(BACKENDS)}")
    if backend == "onnx" and not have_onnx():
        raise ValueError("backend='onnx' needs ONNX Runtime: pip install 'coursekit[fast]'")
    if backend == "onnx" and device.type != "cpu":
        raise ValueError(f"backend='onnx' computes on the CPU here, got device={str(device)!r}")


def check_precision(precision: str, device: torch.device, backend: str) -> None:
    """Raise a ValueError for an unknown precision, or for one that the device or backend does not have."""
    if precision not in PRECISIONS:
        raise ValueError(f"precision={precision!r} is unknown; there are: {', '.join(PRECISIONS)}")
    if precision in HALF and backend == "onnx":
        raise ValueError(f"precision={precision!r}: backend='onnx' computes in float32; take 'folded'")
    if precision in HALF and not _can(device, HALF[precision]):
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"the device {str(device)!r}"
        raise ValueError(
            f"precision={precision!r}: {name} does not compute in {precision}; take "
            + ("'float16', or 'auto'" if device.type == "cuda" else "'float32', or 'auto'")
        )


def _can(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether a device computes in a precision.

    PyTorch emulates bfloat16 on NVIDIA's GPUs before Ampere (compute capability 8.0), which is slow.
    """
    if device.type == "cuda" and dtype is torch.bfloat16:
        return torch.cuda.get_device_capability(device) >= (8, 0)
    try:
        with warnings.catch_warnings(), torch.autocast(device.type, dtype):
            warnings.simplefilter("ignore")  # where it does not know the precision, it only warns
            x = torch.ones(2, 2, device=device)
            return (x @ x).dtype == dtype
    except RuntimeError:
        return False


def _halved(
    network: nn.Module, example: torch.Tensor, device: torch.device, backend: str, precision: str
) -> Runner:
    """The network in half precision, which was asked for by name: however far its features are off.

    Raises:
        ValueError: they are not finite.
    """
    chosen = runner(network, example, device, "eager" if backend == "eager" else "folded", "float32")
    run = _autocast(chosen.run, device, HALF[precision])
    with torch.inference_mode():
        finite = bool(run(example.to(device)).isfinite().all())
    if not finite:
        raise ValueError(
            f"precision={precision!r}: {type(network).__name__} gives values that {precision} cannot hold "
            "(infinite, or no number); take 'auto' or 'float32'"
        )
    return chosen._replace(run=run)


def _eager(network: nn.Module, example: torch.Tensor, device: torch.device) -> Runner:
    """The network as it is, on the device."""
    run = _plain(_copied(network).to(device))
    with torch.inference_mode():
        return Runner(run, "eager", tuple(run(example.to(device)).shape))


def _exported(network: nn.Module, example: torch.Tensor) -> Runner:
    """The network in ONNX Runtime: exported, and compared with the plain one.

    Raises:
        ValueError: the exported network gives other features.
    """
    model = _onnx.export(_copied(network), example)
    run = _onnx.run(model)
    with torch.inference_mode():
        right = network(example)  # (B, k)
    if not _same(network, run, example, right, TOLERANCE):
        raise ValueError("its features differ")
    return Runner(run, "onnx", tuple(right.shape), model)


def _copied(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode (which torch.fx forgets when it copies)."""
    return copy.deepcopy(network).eval()


def fold(network: nn.Module, example: torch.Tensor) -> tuple[nn.Module, torch.Tensor]:
    """Put each batch normalisation into the convolution before it (`network` itself is changed).

        w' = w g / sqrt(v + eps),   b' = (b - m) g / sqrt(v + eps) + beta

    with the running mean m and variance v. Which convolution stands before which is seen in one run on
    `example`: the normalisation's input is the very tensor that the convolution gave.

    Returns:
        `network`, and what it gave for `example` before it was changed.

    Source: the arithmetic is that of torch.nn.utils.fusion.fuse_conv_bn_eval.
    """
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    pairs, output = _pairs(network, example)
    for path, conv, norm in pairs:
        conv.weight, conv.bias = fuse_conv_bn_weights(
            conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        # timm's normalisations hold the activation that follows.
        rest = [
            part for part in (getattr(norm, "drop", None), getattr(norm, "act", None)) if part is not None
        ]
        parent, _, child = path.rpartition(".")
        setattr(network.get_submodule(parent), child, nn.Sequential(*rest) if rest else nn.Identity())
    return network, output


def _pairs(network: nn.Module, example: torch.Tensor) -> tuple[list[tuple[str, Any, Any]], torch.Tensor]:
    """Each (name of the normalisation, convolution, normalisation), used once and alone; and the output."""
    outputs: dict[int, tuple[nn.Module, torch.Tensor]] = {}  # of convolutions, by the output's id
    pairs: list[tuple[str, Any, Any]] = []
    calls: dict[nn.Module, int] = {}
    names = {module: name for name, module in network.named_modules()}

    def after(module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
        calls[module] = calls.get(module, 0) + 1
        if isinstance(module, (nn.Conv2d, nn.Conv3d)):
            outputs[id(output)] = (module, output)  # the output is held, so that its id stays its own
        elif id(inputs[0]) in outputs and isinstance(module.running_mean, torch.Tensor):
            pairs.append((names[module], outputs[id(inputs[0])][0], module))

    kinds = (nn.Conv2d, nn.Conv3d, nn.BatchNorm2d, nn.BatchNorm3d)
    hooks = [m.register_forward_hook(after) for m in network.modules() if isinstance(m, kinds)]
    with torch.inference_mode():
        result: torch.Tensor = network(example)
    for hook in hooks:
        hook.remove()
    return [pair for pair in pairs if calls[pair[1]] == calls[pair[2]] == 1], result


def _plain(network: nn.Module) -> Run:
    """PyTorch with channels last."""
    _channels_last(network)

    def run(x: torch.Tensor) -> torch.Tensor:
        last = torch.channels_last if x.dim() == 4 else torch.channels_last_3d
        y: torch.Tensor = network(x.to(memory_format=last))
        return y.float()

    return run


def _autocast(run: Run, device: torch.device, dtype: torch.dtype) -> Run:
    """The same in half precision: PyTorch chooses the operations for which that is precise enough."""

    def lower(x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device.type, dtype):
            return run(x)

    return lower


def _channels_last(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)
        elif isinstance(module, nn.Conv3d):
            module.to(memory_format=torch.channels_last_3d)


def _same(network: nn.Module, run: Run, example: torch.Tensor, right: torch.Tensor, tolerance: float) -> bool:
    """Whether `run` gives what the plain network gives; of images (cheap) for a batch of another size too.

    Args:
        network: the plain network.
        run: what is compared with it.
        example: (B, 3, H, W) or (B, 3, T, H, W).
        right: what the plain network gives for `example`.
        tolerance: the largest difference, as a fraction of the largest value.
    """
    with torch.inference_mode():
        pairs = [(right, run(example))]
        if example.dim() == 4:
            doubled = torch.cat([example, example.flip(-1)])  # (2 B, 3, H, W)
            pairs.append((network(doubled), run(doubled)))
    return all(
        plain.shape == ours.shape and bool((plain - ours).abs().max() <= tolerance * plain.abs().max())
        for plain, ours in pairs
    )
