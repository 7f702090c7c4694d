"""Which device to compute on, and how long a computation takes there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median

import torch

from coursekit._shared._text import first_line


def pick(name: str | None = None) -> torch.device:
    """The device to use: `name`, else $COURSE_DEVICE, else the best one that is there.

    Args:
        name: "cpu", "cuda", "cuda:1", "mps", ...; None chooses CUDA, then Apple's MPS, then the CPU. "sim" is
            for tests: it computes on the CPU and is as strict as a GPU (`coursekit.testing.sim_device`).

    Returns:
        A torch.device on which a small sum has been computed, so that it is known to work.

    Raises:
        ValueError: the device that was asked for by name does not exist or does not work here.
    """
    asked = name or os.environ.get("COURSE_DEVICE") or None
    if asked is None:
        return _best()
    origin = "name" if name else "$COURSE_DEVICE"
    try:
        if asked.partition(":")[0] == "sim":
            from coursekit.testing import sim_device  # loaded only where it is asked for

            sim_device.register()
        device = torch.device(asked)
        torch.zeros(1, device=device).add_(1).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"{origin}={asked!r} is no device that works here ({first_line(error)}); "
            f"leave it out to use {_best().type!r}, or choose 'cpu'"
        ) from error
    return device


def move(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The tensor on `device`; to a GPU from pinned memory, so that nobody waits for the copy."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.contiguous().pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def synchronize(device: torch.device) -> None:
    """Wait until `device` has done what was asked of it (the CPU already has)."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def has_bfloat16() -> bool:
    """Whether this CPU computes in bfloat16. If not, PyTorch emulates it: convolutions take far longer.

    Intel's and AMD's CPUs have it with AVX-512 or AVX-NE-CONVERT, which oneDNN uses. PyTorch without oneDNN
    (on macOS) emulates it.
    """
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except AttributeError:  # without oneDNN
        return False


def seconds(function: Callable[[], object], *, repeats: int = 5, device: torch.device | None = None) -> float:
    """Median wall-clock time of `function()` in seconds, after one call to warm up.

    Args:
        function: called without arguments; its result is thrown away.
        repeats: number of timed calls (> 0).
        device: device on which it computes; waited for before each clock reading.

    Raises:
        ValueError: `repeats` is less than 1.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, got {repeats}")
    device = device or torch.device("cpu")
    function()
    readings = []
    for _ in range(repeats):
        synchronize(device)
        start = time.perf_counter()
        function()
        synchronize(device)
        readings.append(time.perf_counter() - start)
    return median(readings)


def _best() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
