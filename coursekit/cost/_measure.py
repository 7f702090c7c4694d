"""What a function took: its time, and how far the memory of this process, or of a GPU, rose at most."""

from __future__ import annotations

import ctypes
import gc
import os
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch.profiler import ProfilerActivity, profile

from coursekit.device import synchronize

PROC = Path("/proc/self")
SAMPLES_PER_SECOND = 1000
_ON_CPU = ("cpu", "sim")  # types of devices that compute on the CPU; "sim" is coursekit.testing.sim_device


@dataclass(frozen=True)
class Measured:
    """What a function took: made by `measure`.

    Attributes:
        seconds: wall-clock time of one call, the median of all.
        peak_bytes: how far the memory rose above what was held before, at most; what the function
            returns is in it.
        margin_bytes: by how much `peak_bytes` may be wrong: 0 for an allocator; on Linux the kernel counts
            pages in lots, one lot per core (0.26 MB on 2 cores, 2 MB on 16); infinite for samples.
        how: the gauge that read it.
        allocated_bytes: the same peak, as PyTorch's own allocator tells it, to the byte: without what
            other libraries take by themselves. None where it was not asked for.
    """

    seconds: float
    peak_bytes: int
    margin_bytes: float
    how: str
    allocated_bytes: int | None = None


def measure(
    function: Callable[[], object],
    *,
    repeats: int = 1,
    device: torch.device | None = None,
    allocator: bool = False,
) -> Measured:
    """Time and peak memory of `function()`, in this process.

    Whose peak it is:

    - CPU, Linux: the resident memory of the process, from the kernel's own record, which begins
      anew after free memory was given back. The first call of an operation also loads pages
      of its library (about 10 MB).
    - CPU, macOS and Windows (or a Linux that forbids to reset the record): PyTorch's allocator, through its
      profiler; numpy and decoders are not in it, and the clock is a little slower.
    - CUDA: PyTorch's allocator.
    - MPS: PyTorch's allocator, sampled a thousand times a second; a short peak may be missed.

    For a process that nothing else has touched: `measure_module`.

    Args:
        function: called without arguments; what it returns is held until the peak is read.
        repeats: number of calls (> 0); the peak is that of the worst call.
        device: where the function computes; None is the CPU.
        allocator: call it once more on the CPU to read `allocated_bytes` too.

    Raises:
        ValueError: `repeats` less than 1, or a device whose memory cannot be read.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, got {repeats}")
    device = device or torch.device("cpu")
    gauge = gauge_for(device)
    seconds, peaks = zip(*(_call(function, gauge, device) for _ in range(repeats)), strict=True)
    allocated = None
    if isinstance(gauge, (CpuAllocator, CudaAllocator)):
        allocated = max(peaks)
    elif allocator and device.type in _ON_CPU:
        _, allocated = _call(function, CpuAllocator(), device)
    return Measured(statistics.median(seconds), max(peaks), gauge.margin_bytes, gauge.how, allocated)


def _call(function: Callable[[], object], gauge: Gauge, device: torch.device) -> tuple[float, int]:
    gauge.start()
    start = time.perf_counter()
    try:
        result = function()
        synchronize(device)
        seconds = time.perf_counter() - start
    finally:
        peak = gauge.rise()
    del result
    return seconds, peak


# ---------------------------------------------------------------------------------------------- gauges


class Gauge(Protocol):
    """Watches one kind of memory from `start` on; `rise` tells how far it rose at most."""

    how: str
    margin_bytes: float

    def start(self) -> None:
        """Takes what is held now as the base line."""

    def rise(self) -> int:
        """Bytes from the base line to the peak since `start`."""


def gauge_for(device: torch.device) -> Gauge:
    """The best gauge that this system has for the memory of `device`."""
    if device.type == "cuda":
        return CudaAllocator(device)
    if device.type == "mps":
        return Sampler(torch.mps.current_allocated_memory, "PyTorch's MPS allocator")
    if device.type not in _ON_CPU:
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
        # acc_events: there is one cycle, whose events are wanted; without it PyTorch 2.11 (Colab) warns.
        self._profile = profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True)
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
