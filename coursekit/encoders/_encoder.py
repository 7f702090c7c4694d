"""The encoder: a network without its decision layer, with its preprocessing and its fastest way to run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d

from coursekit import layout
from coursekit._shared._text import first_line
from coursekit.device import move, pick
from coursekit.encoders import _backends, _networks, _onnx
from coursekit.encoders._sliding_window import Windows
from coursekit.encoders._weights import DEFAULT, Built, Preprocessing, weights_hash

# Frames on a CPU. More is slower in PyTorch: above 32 MB, the C library fetches an activation's memory anew
# each time (EfficientNet-Lite0's largest has 4.8 MB a frame); ONNX Runtime takes images one by one.
BATCH = {"eager": 4, "folded": 4, "onnx": 16}
BATCH_GPU = 64

Grid = tuple[int, int]


class Parts(NamedTuple):
    """A network and its decision layer, apart."""

    network: nn.Module
    decision: nn.Module | None
    labels: tuple[str, ...]
    weights_hash: str


class Encoder:
    """A network without its decision layer, with everything that belongs to it. Made by `load`.

    Attributes:
        name: which network.
        network: the plain module, float32 (B, 3, H, W), or (B, 3, T, H, W), to (B, k); for looking at.
        decision: the layer that was taken off (None where there is none that can be put back).
        labels: the classes that it decides among.
        preprocessing: what is done to an image first.
        windows: how a video network looks along time; None for an image network.
        weights: which weights these are.
        weights_hash: first 16 hex digits of a SHA-256 of all of them.
        device: where it computes.
        precision: as for `load`.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module | Callable[[], Parts],
        preprocessing: Preprocessing,
        *,
        decision: nn.Module | None = None,
        labels: Sequence[str] = (),
        windows: Windows | None = None,
        weights: str = "",
        device: torch.device | None = None,
        backend: str = "auto",
        precision: str = "auto",
        cached: bool = False,
        checksum: str = "",
    ) -> None:
        if isinstance(network, nn.Module):
            self._parts = _resting(Parts(network, decision, tuple(labels), weights_hash(network)))
        else:
            self._build = network
        self.name, self.weights = name, weights
        self.preprocessing, self.windows = preprocessing, windows
        self.device = device or torch.device("cpu")
        _backends.check_backend(backend, self.device)
        _backends.check_precision(precision, self.device, backend)
        self.precision = precision
        self._asked = backend
        self._cached = cached  # its export may be kept: `name` stands for code that does not change
        self._checksum = checksum  # of the weights' file, where it is known before the network is built

    @cached_property
    def _parts(self) -> Parts:
        """Built when somebody asks for them: libraries and weights take seconds."""
        with _as_at_the_start():
            return _resting(self._build())

    @property
    def network(self) -> nn.Module:
        return self._parts.network

    @property
    def decision(self) -> nn.Module | None:
        return self._parts.decision

    @property
    def labels(self) -> tuple[str, ...]:
        return self._parts.labels

    @property
    def weights_hash(self) -> str:
        return (self._export or self._parts).weights_hash

    @cached_property
    def _example(self) -> torch.Tensor:
        """A small input: (1, 3, H, W) or (1, 3, T, H, W)."""
        time = () if self.windows is None else (self.windows.length,)
        size = (1, 3, *time, *self.preprocessing.crop)
        generator = torch.Generator().manual_seed(0)
        return torch.rand(size, generator=generator, dtype=torch.float32, device="cpu")

    @cached_property
    def _entry(self) -> _onnx.Entry | None:
        """The network's place in the cache of exported networks."""
        if not self._cached:
            return None
        return _onnx.Entry.of(self.name, self._checksum or self._parts.weights_hash, self._example)

    @cached_property
    def _export(self) -> _onnx.Export | None:
        """What an earlier run has exported, if ONNX Runtime is to compute."""
        images = self.windows is None
        if not _backends.takes_onnx(self.device, self._asked, self.precision, images):
            return None
        return self._entry.read() if self._entry else None

    @cached_property
    def _runner(self) -> _backends.Runner:
        """The fastest way to run the network, found at the first use: this takes a second or more."""
        runner = None
        if self._export is not None:
            runner = _backends.stored(self._export, self._example)
            self._export = self._export._replace(model=b"")  # 14 MB
        if runner is None:
            runner = self._chosen()
        if len(runner.shape) != (3 if self.windows is not None and self.windows.dense else 2):
            raise ValueError(f"{self.name} gives an output of shape {runner.shape}, expected one row (B, k)")
        return runner

    def _chosen(self) -> _backends.Runner:
        """As `_runner`, from the network itself; its export is kept."""
        network = self.network
        try:
            runner = _backends.runner(network, self._example, self.device, self._asked, self.precision)
        except RuntimeError as error:
            size, reason = tuple(self._example.shape), first_line(error)
            raise ValueError(f"{self.name} cannot take an input of shape {size}: {reason}") from error
        if not runner.model:
            return runner
        # Whoever has changed the network since it was loaded has made an export of other weights.
        if self._entry and weights_hash(network) == self._parts.weights_hash:
            self._entry.write(_onnx.Export(self._parts.weights_hash, runner.model))
        return runner._replace(model=b"")

    @property
    def k(self) -> int:
        """How many numbers a row has."""
        return self._runner.shape[-1]

    @property
    def backend(self) -> str:
        """How it computes: "eager", "folded" or "onnx"."""
        return self._runner.backend

    def __call__(self, frames: torch.Tensor) -> torch.Tensor:
        """Features of a clip.

        Args:
            frames: uint8 (T, 3, H, W), RGB.

        Returns:
            float32 (T, k) on the CPU; for a video network a row for each window, or as its `windows` say.

        Raises:
            LayoutError, TypeError, ValueError: not such a clip, or no frame.
        """
        check_frames(frames)
        images = self.prepare(frames)  # (T, 3, h, w)
        if self.windows is None:
            return torch.cat([self.launch(part) for part in images.split(self.batch)]).cpu()  # (T, k)
        rows = []
        for window, centre in self.windows.cut(images):
            rows.append(self.launch(torch.stack(window)[None])[0, : len(centre)])  # (rows, k)
        return torch.cat(rows).cpu()

    @property
    def batch(self) -> int:
        """How many frames it is best given at once, where it computes."""
        return BATCH_GPU if self.device.type == "cuda" else BATCH[self.backend]

    def prepare(self, images: torch.Tensor) -> torch.Tensor:
        """Resize and crop, as the weights were trained: uint8 (B, 3, H, W) -> uint8 (B, 3, h, w)."""
        return self.preprocessing.prepare(images)

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 (..., 3, h, w), 0 to 255 -> float32, with the mean and deviation of the weights' training."""
        mean = torch.tensor(self.preprocessing.mean, device=images.device)[:, None, None] * 255  # (3, 1, 1)
        std = torch.tensor(self.preprocessing.std, device=images.device)[:, None, None] * 255  # (3, 1, 1)
        return images.float().sub_(mean).div_(std)  # `float` has made new values: they may be changed

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """The network on prepared images: uint8 (B, 3, h, w) -> float32 (B, k) on the CPU.

        A video network takes windows, (B, T, 3, h, w), and gives (B, 1, k), or (B, rows, k).
        """
        return self.launch(images).cpu()

    def launch(self, images: torch.Tensor) -> torch.Tensor:
        """As `encode`, but the result stays on the device, and nobody waits for it there."""
        with torch.inference_mode():
            x = self.normalise(move(images, self.device))
            if self.windows is None:
                return self._runner.run(x)  # (B, k)
            rows = self._runner.run(x.transpose(1, 2))  # (B, 3, T, h, w) -> (B, k) or (B, T, k)
            if not self.windows.dense:
                return rows[:, None]  # (B, 1, k)
            return rows[:, self.windows.margin : self.windows.margin + self.windows.step]  # (B, rows, k)

    def decide(self, features: torch.Tensor) -> torch.Tensor:
        """What the decision layer makes of features: float32 (..., k) -> scores (..., classes).

        Raises:
            ValueError: there is no decision layer, or the rows do not have k numbers.
        """
        if self.decision is None:
            raise ValueError(f"{self.name} has no decision layer for its features")
        if features.shape[-1:] != (self.k,):
            raise ValueError(f"features must have rows of k = {self.k} numbers, got {tuple(features.shape)}")
        with torch.inference_mode():
            scores: torch.Tensor = self.decision(features.float())
        return scores

    def names(self, features: torch.Tensor, best: int = 3) -> list[tuple[str, float]]:
        """The most probable classes of one row of features (k,), with their probabilities."""
        chances = self.decide(features).softmax(-1)  # (classes,)
        top = chances.topk(min(best, len(self.labels)))
        return [(self.labels[i], p) for p, i in zip(top.values.tolist(), top.indices.tolist(), strict=True)]

    def __repr__(self) -> str:
        return f"Encoder({self.name}, k={self.k}, weights {self.weights}, {self.backend} on {self.device})"


def load(
    encoder: str | nn.Module = DEFAULT,
    *,
    weights: str = "pretrained",
    layer: str | None = None,
    grid: Grid | None = None,
    preprocessing: Preprocessing | None = None,
    windows: Windows | None = None,
    device: str | torch.device | None = "cpu",
    backend: str = "auto",
    precision: str = "auto",
    start: bool = True,
) -> Encoder:
    """An encoder, ready to use.

    Args:
        encoder: one of `NAMES`; any other image or video network of torchvision by its name, such as
            "swin3d_t"; "raft_small" or "raft_large", for the statistics of the optical flow; "timm/NAME",
            such as "timm/vit_small_patch14_dinov2.lvd142m"; "hf/OWNER/NAME", a video network of Hugging
            Face, with the extra `hf`; or a module of your own, float32 (B, 3, H, W) in.
        weights: "pretrained"; the path of a state dict for the same network; or "random", the same numbers
            in each process. A module of your own keeps what it has.
        layer: name of the layer whose output is wanted instead, as `torchvision.models.feature_extraction`
            names it. An output with a spatial grid is averaged over it.
        grid: (rows, columns): average over each cell of such a grid instead of the whole. The k numbers are
            then the cells of the first channel, row by row, then those of the second: k = channels * rows *
            columns.
        preprocessing: for a module of your own; by default that of torchvision's ImageNet networks.
        windows: for a video network of your own, (B, 3, T, H, W) in; or other windows than those of the
            training: `Windows(32, 16, stride=1)` sees 32 frames in a row, every 16 frames.
        device: where to compute; None picks the best, as `device.pick`.
        backend: "auto", "eager" (the network as it is), "folded" (faster, PyTorch alone) or "onnx".
        precision: "auto" computes in float16 on a CUDA device, where the features stay within 2 % of the
            plain ones, and else in float32. "float32", "float16" or "bfloat16" is taken however far its
            features are off, and stands in the encoder's name.
        start: prepare the network to run now. False: at its first use, for a caller who may only want to know
            its name, weights and preprocessing. A network that cannot run raises its ValueError only then,
            and damaged weights of the default encoder their WeightsError.

    Raises:
        ValueError: an unknown name, layer, device, backend or precision, or one that is not to be had there.
        WeightsError: no such weights, and no network to fetch them; or weights that do not fit.
    """
    where = pick(None if device is None else str(device))
    as_it_is = all(option is None for option in (layer, grid, preprocessing, windows))
    if isinstance(encoder, str) and as_it_is:
        loaded = _described(encoder, weights, where, backend, precision)
        if loaded is not None:
            return _started(loaded, start)
    name, built = _whole(encoder, weights, preprocessing, windows)
    if grid is not None and layer is None and built.maps is None:
        raise ValueError(f"grid={grid}: {name} needs layer=, the name of a layer with a spatial grid")
    if backend == "auto" and (grid is not None or encoder not in _networks.NAMES):
        # Not everything can be exported to ONNX; here that is not known beforehand.
        backend = "folded" if where.type == "cuda" or _has_norms(built.network) else "eager"
    name = _marked(name, precision)
    if layer is not None or grid is not None:
        layer = layer or built.maps or ""
        network: nn.Module = _Pooled(_until(built.network, layer), grid or (1, 1))
        name = f"{name}:{layer}" + (f" on {grid[0]} x {grid[1]}" if grid else "")
        decision = None
    else:
        network, decision = _without_decision(built)
    loaded = Encoder(
        name, network, built.preprocessing, decision=decision, labels=built.labels if decision else (),
        windows=built.windows, weights=built.weights, device=where, backend=backend, precision=precision,
        cached=isinstance(encoder, str) and weights != "random",
    )  # fmt: skip
    return _started(loaded, start)


def _described(name: str, weights: str, device: torch.device, backend: str, precision: str) -> Encoder | None:
    """The encoder, if it can be described before its network is built; its network is then built later."""
    known = _networks.described(name, weights)
    if known is None:
        return None
    return Encoder(
        _marked(name, precision), partial(_taken_apart, name, weights), known.preprocessing,
        weights=known.weights, device=device, backend=backend, precision=precision, cached=True,
        checksum=known.checksum,
    )  # fmt: skip


def _taken_apart(name: str, weights: str) -> Parts:
    """The network called `name`, and its decision layer."""
    built = _networks.build(name, weights)
    network, decision = _without_decision(built)
    return Parts(network, decision, built.labels if decision else (), weights_hash(network))


def _resting(parts: Parts) -> Parts:
    """The parts, with a network in evaluation mode that learns nothing."""
    parts.network.eval().requires_grad_(False)
    return parts


@contextmanager
def _as_at_the_start() -> Iterator[None]:
    """PyTorch's modes as a program finds them: a network that is built late is like one built early."""
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.inference_mode(False), torch.enable_grad(), torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(dtype)


def _whole(
    encoder: str | nn.Module, weights: str, preprocessing: Preprocessing | None, windows: Windows | None
) -> tuple[str, Built]:
    """The name of an encoder, and its network with all its layers."""
    if isinstance(encoder, nn.Module):
        chosen = (preprocessing or Preprocessing()).checked()
        module = copy.deepcopy(encoder).eval()
        return type(encoder).__name__, Built(module, "", None, chosen, windows, (), "your own")
    if preprocessing is not None:
        raise ValueError(f"preprocessing is for a module of your own; {encoder} has its own")
    built = _networks.build(encoder, weights)
    if windows is None:
        return encoder, built
    built = _rewindowed(encoder, built, windows)
    return f"{encoder} {windows.length}x{windows.stride}/{windows.step}", built


def _marked(name: str, precision: str) -> str:
    """The name of an encoder, with a precision that was asked for."""
    return name if precision == "auto" else f"{name} in {precision}"


def _started(loaded: Encoder, start: bool) -> Encoder:
    """The encoder, prepared to run if it is to be."""
    if start:
        _ = loaded.k
    return loaded


def check_frames(frames: torch.Tensor) -> None:
    """Raise a LayoutError, a TypeError or a ValueError if `frames` is no clip, uint8 (T, 3, H, W)."""
    layout.check(frames, "TCHW", dtype="uint8", name="frames", numpy=False)


def _rewindowed(name: str, built: Built, windows: Windows) -> Built:
    """The network with other windows.

    Raises:
        ValueError: it looks at single images, or gives a row for each frame.
    """
    if built.windows is None or built.windows.dense or windows.dense:
        kind = "single images" if built.windows is None else f"{built.windows}"
        raise ValueError(
            f"windows={windows} is for video networks with a row for a window; {name} has {kind}"
        )
    return built._replace(windows=windows)


def _has_norms(network: nn.Module) -> bool:
    """Whether there is batch normalisation that could be folded."""
    return any(isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)) for module in network.modules())


def _without_decision(built: Built) -> tuple[nn.Module, nn.Module | None]:
    """The network with an identity where it decided, and the layer that did."""
    if not built.decision:
        return built.network, None
    decision = built.network.get_submodule(built.decision)
    parent, _, child = built.decision.rpartition(".")
    setattr(built.network.get_submodule(parent), child, nn.Identity())
    return built.network, decision.eval() if isinstance(decision, nn.Linear) else None


def _until(network: nn.Module, layer: str) -> nn.Module:
    """A network that gives {"map": the output of one of its layers}."""
    from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

    try:
        names = get_graph_node_names(network, suppress_diff_warning=True)[1]
    except Exception:  # torch.fx cannot follow every network; the layer then must be a module
        names = [name for name, _ in network.named_modules() if name]
        if layer in names:
            return _Tapped(network, layer)
    else:
        if any(name == layer or name.startswith(f"{layer}.") for name in names):
            part: nn.Module = create_feature_extractor(network, {layer: "map"}, suppress_diff_warning=True)
            return part
    near = [name for name in names if name.startswith(layer.split(".")[0])] or names
    raise ValueError(f"layer={layer!r} is none of {type(network).__name__}; there are {', '.join(near[-8:])}")


class _Tapped(nn.Module):
    """Runs a whole network, and gives {"map": what one of its modules gave}."""

    def __init__(self, inner: nn.Module, layer: str) -> None:
        super().__init__()
        self.inner, self.layer = inner, layer

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """The output of the module, by the name that `_Pooled` asks for."""
        seen: dict[str, torch.Tensor] = {}
        module = self.inner.get_submodule(self.layer)
        hook = module.register_forward_hook(lambda _, inputs, output: seen.update(map=output))
        try:
            self.inner(x)
        finally:
            hook.remove()
        return seen


class _Pooled(nn.Module):
    """Averages what a network gives over the cells of a grid, and lays the cells side by side."""

    def __init__(self, inner: nn.Module, grid: Grid) -> None:
        super().__init__()
        self.inner, self.grid = inner, grid

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features (B, k)."""
        y: torch.Tensor = self.inner(x)["map"]  # (B, C, h, w), (B, C, T, h, w) or (B, k)
        if y.dim() == 5:
            y = y.mean(2)  # (B, C, h, w)
        return adaptive_avg_pool2d(y, self.grid).flatten(1) if y.dim() == 4 else y.flatten(1)
