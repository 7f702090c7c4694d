"""A network in ONNX Runtime, and the cache of exported networks.

Exporting a network and comparing it with the original takes longer than the features of a short clip. So an
exported network is kept on disk, in the user's cache folder or in $COURSEKIT_CACHE (empty: no cache).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import os
import platform
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from coursekit._shared._cache import cache
from coursekit._shared._files import atomic
from coursekit._shared._lock import sweep

# The older of PyTorch's two exporters: under 1 s instead of 11 s for EfficientNet-Lite0, same result.
SETTINGS: dict[str, Any] = {"dynamo": False, "opset_version": 17, "input_names": ["x"], "output_names": ["y"]}
# What else decides which network is exported. A change in one of them makes an older entry useless.
PACKAGES = ("torch", "torchvision", "timm", "onnx", "onnxruntime", "coursekit")
LAYOUT = 2  # of an entry; count it up when the code that makes entries changes
ENTRIES = 8  # that are kept, about 14 MB each


def export(network: nn.Module, example: torch.Tensor) -> bytes:
    """A network for one image, float32 (1, 3, H, W) to (1, k), as an ONNX file.

    Args:
        network: on the CPU, in evaluation mode; it is not changed.
        example: (B, 3, H, W), of which the first image is used.
    """
    file: Any = io.BytesIO()
    with _silent():
        torch.onnx.export(network, (example[:1],), file, **SETTINGS)
    content: bytes = file.getvalue()
    return content


def run(model: bytes) -> Callable[[torch.Tensor], torch.Tensor]:
    """A function that computes an exported network image by image, one image on each core.

    Measured with EfficientNet-Lite0: a batch size that is known makes it 1.4 times as fast, and images side
    by side, one on each core, are a tenth faster than all cores on one image after the other.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    cores = ThreadPoolExecutor(torch.get_num_threads(), "coursekit-onnx")

    def one(image: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(session.run(["y"], {"x": image.numpy()})[0])  # (1, k)

    return lambda x: torch.cat(list(cores.map(one, x.contiguous().split(1))))


class Export(NamedTuple):
    """An exported network: all that is needed to compute features, without building the network itself."""

    weights_hash: str  # of the network's weights, 16 hex digits
    model: bytes  # the ONNX file


class Entry(NamedTuple):
    """The place of one exported network in the cache: equal for equal networks, versions and settings.

    An entry is written after the exported network has given the features of the original one. It begins with
    a checksum of its key and its content. Where that checksum is right, these are the bytes that passed, for
    this network and these versions, so they are not compared again. A checksum finds damage. It does not stop
    somebody who may write to the user's own files.
    """

    file: Path

    @classmethod
    def of(cls, name: str, weights: str, example: torch.Tensor) -> Entry | None:
        """The entry of a network; None where there is no cache.

        Args:
            name: names the network's code: one of `encoders.NAMES`, with its layer.
            weights: a checksum of the network's weights, or of the file that they come from.
            example: float32 (B, 3, H, W).
        """
        folder = cache("onnx")
        if folder is None:
            return None
        network = [name, weights, list(example.shape[1:])]
        versions = [platform.machine(), *(_version(package) for package in PACKAGES)]
        key = hashlib.sha256(json.dumps([LAYOUT, network, versions, SETTINGS]).encode()).hexdigest()
        return cls(folder / f"{key[:32]}.onnx")

    def read(self) -> Export | None:
        """The exported network; None if it is not there, damaged, or cannot be read."""
        try:
            content = self.file.read_bytes()
            if content[:64] != self._checksum(content[64:]):
                return None
            with contextlib.suppress(OSError):  # a cache that may only be read is good enough
                os.utime(self.file)  # the entries used last are the ones that stay
        except OSError:
            return None
        return Export(content[64:80].decode(), content[80:])

    def write(self, export: Export) -> None:
        """Keep an exported network, and of all others the newest. A folder that refuses it is no error."""
        folder, content = self.file.parent, export.weights_hash.encode() + export.model
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with atomic(self.file, suffix="") as partial:
                partial.write_bytes(self._checksum(content) + content)
            sweep(folder)
            by_age = sorted(folder.glob("*.onnx"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
            for old in by_age[ENTRIES:]:
                old.unlink(missing_ok=True)

    def _checksum(self, content: bytes) -> bytes:
        """64 hex digits."""
        return hashlib.sha256(self.file.name.encode() + content).hexdigest().encode()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # a checkout that is not installed, or a build under another name
        return "unknown"


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without what the exporter prints, logs and warns of."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
