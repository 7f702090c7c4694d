"""How far the memory of this process, or of a GPU, rises while a function runs."""

from __future__ import annotations

import ctypes
import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch
from torch.profiler import ProfilerActivity, profile

PROC = Path("/proc/self")
SAMPLES_PER_SECOND = 1000


class Gauge(Protocol):
    """Watches one kind of memory from `start` on; `rise` tells how far it rose at most."""

    how: str
    margin_bytes: float

    def start(self) -> None:
        """Takes what is held now as the base line."""

    def rise(self) -> int:
        """Bytes from the base line to the peak since `start`."""


def gauge(device: torch.device) -> Gauge:
    """The best gauge that this system has for the memory of `device`."""
    if device.type == "cuda":
        return CudaAllocator(device)
    if device.type == "mps":
        return Sampler(torch.mps.current_allocated_memory, "PyTorch's MPS allocator")
    if device.type != "cpu":
        raise ValueError(f"device must be a cpu, cuda or mps device to read its memory, got '{device}'")
    return KernelPeak() if _can_reset() else CpuAllocator()


class KernelPeak:
    """Linux: the highest resident memory of this process, which the kernel records without a gap.

    Freed memory goes back to the kernel first (`malloc_trim`), so that it is not in the base line. The
    kernel counts pages in lots, one lot per core: a reading may be off by `margin_bytes`.
    """

    how = "peak of resident memory, recorded by the kernel"

    def __init__(self) -> None:
        cores = os.cpu_count() or 1
        self.margin_bytes: float = cores * max(32, 2 * cores) * os.sysconf("SC_PAGE_SIZE")
        self._before = 0

    def start(self) -> None:
        """Collects what is garbage, gives free memory back, and lets the record begin anew."""
        gc.collect()
        _trim()
        _reset_peak()
        self._before = _status("VmRSS")

    def rise(self) -> int:
        """Bytes from the base line to the record."""
        return max(0, _status("VmHWM") - self._before)


class CpuAllocator:
    """Any system: the peak of what PyTorch's allocator for the CPU has handed out, to the byte.

    PyTorch's profiler writes down every piece that is taken and given back. What takes memory by itself
    (numpy, a decoder, the threads) is not in it; nor are the pages of the libraries.
    """

    how = "peak of PyTorch's CPU allocator, by its profiler"
    margin_bytes: float = 0

    def start(self) -> None:
        """Starts the profiler."""
        gc.collect()
        os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # or it writes of GPUs that are not there
        self._profile = profile(activities=[ProfilerActivity.CPU], profile_memory=True)
        self._profile.start()

    def rise(self) -> int:
        """Ends the profiler; the highest sum of all pieces since `start`."""
        self._profile.stop()
        recorded: Any = self._profile.profiler
        events = recorded.kineto_results.events()
        pieces = [e for e in events if e.name() == "[memory]" and e.device_type().name == "CPU"]
        held = most = 0
        for piece in sorted(pieces, key=lambda e: e.start_ns()):
            held += piece.nbytes()
            most = max(most, held)
        return most


class Sampler:
    """For a device that keeps no record: reads a number of bytes again and again, and keeps the largest.

    A peak between two readings is missed, by an amount that nobody knows: `margin_bytes` is infinite.
    """

    margin_bytes = float("inf")

    def __init__(self, read: Callable[[], int], what: str) -> None:
        self.how = f"{what}, sampled {SAMPLES_PER_SECOND} times a second"
        self._read = read

    def start(self) -> None:
        """Starts the thread that reads."""
        gc.collect()
        self._before = self._most = self._read()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def rise(self) -> int:
        """Ends the thread; bytes from the base line to the largest reading."""
        self._done.set()
        self._thread.join()
        return max(self._most, self._read()) - self._before

    def _watch(self) -> None:
        while not self._done.wait(1 / SAMPLES_PER_SECOND):
            self._most = max(self._most, self._read())


class CudaAllocator:
    """CUDA: the peak of what PyTorch's allocator has handed out, to the byte."""

    how = "peak of PyTorch's CUDA allocator"
    margin_bytes: float = 0

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before = 0

    def start(self) -> None:
        """Waits for the device, and lets the allocator's record begin anew."""
        gc.collect()
        torch.cuda.synchronize(self._device)
        torch.cuda.reset_peak_memory_stats(self._device)
        self._before = torch.cuda.memory_allocated(self._device)

    def rise(self) -> int:
        """Bytes from the base line to the record."""
        torch.cuda.synchronize(self._device)
        return torch.cuda.max_memory_allocated(self._device) - self._before


def _can_reset() -> bool:
    try:
        _reset_peak()
        return _status("VmHWM") > 0
    except (OSError, KeyError):
        return False


def _reset_peak() -> None:
    (PROC / "clear_refs").write_text("5")  # man proc_pid_clear_refs: 5 resets VmHWM to VmRSS


def _status(name: str) -> int:
    lines = (line.split(":") for line in (PROC / "status").read_text().splitlines())
    return int(dict(lines)[name].split()[0]) * 1024  # the kernel's kB are KiB


def _trim() -> None:
    """Gives freed memory back to the kernel, where the C library can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
