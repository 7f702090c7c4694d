"""Measures a function: its time, and the peak of this process's or a GPU's memory above the start."""

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
    """Time and memory of a function; `measure` returns it.

    Attributes:
        seconds: wall time of one call, the median of all calls.
        peak_bytes: the memory peak, minus the memory before the call. The function's result is included.
        margin_bytes: the largest error of `peak_bytes`: 0 for an allocator; infinite for samples. The Linux
            kernel counts pages in batches, one per core (0.26 MB in total on 2 cores, 2 MB on 16).
        how: the method of measurement, in words.
        allocated_bytes: the same peak as recorded by PyTorch's allocator, exact to the byte, without the
            memory that other libraries allocate. None if it was not requested.
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
    warm_up: int = 0,
    device: torch.device | None = None,
    allocator: bool = False,
) -> Measured:
    """Time and memory peak of `function()`, in this process.

    The source of the peak depends on the device:

    - CPU, Linux: the resident memory of the process, recorded by the kernel. Free memory is given back and
      the record is reset before the call. The first call of an operation also loads pages of its library
      (about 10 MB).
    - CPU, macOS and Windows (or a Linux that does not allow the reset): PyTorch's allocator, by its profiler.
      Memory of numpy and of decoders is not included, and the function runs a little slower.
    - CUDA: PyTorch's allocator.
    - MPS: PyTorch's allocator, sampled 1,000 times per second; a short peak may be missed.

    `measure_module` measures in a fresh process.

    Args:
        function: called without arguments; its result is held until the peak is read.
        repeats: number of calls (> 0); the peak is the largest of all calls.
        warm_up: number of calls before them, which are not measured (0 or more). Use 1 to compare times: the
            first call of an operation also loads its library and prepares its plan.
        device: the device on which the function computes; None is the CPU.
        allocator: on the CPU, call the function once more to read `allocated_bytes` too.

    Raises:
        ValueError: `repeats` less than 1, `warm_up` less than 0, or a device whose memory cannot be read.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, got {repeats}")
    if warm_up < 0:
        raise ValueError(f"warm_up must be 0 or more, got {warm_up}")
    device = device or torch.device("cpu")
    gauge = gauge_for(device)
    for _ in range(warm_up):
        function()
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
    """Watches one kind of memory from `start` on; `rise` returns its peak above the start."""

    how: str
    margin_bytes: float

    def start(self) -> None:
        """Takes the memory that is held now as the base line."""

    def rise(self) -> int:
        """Bytes from the base line to the peak since `start`."""


def gauge_for(device: torch.device) -> Gauge:
    """The best gauge for the memory of `device` on this system."""
    if device.type == "cuda":
        return CudaAllocator(device)
    if device.type == "mps":
        return Sampler(torch.mps.current_allocated_memory, "PyTorch's MPS allocator")
    if device.type not in _ON_CPU:
        raise ValueError(f"device must be a cpu, cuda or mps device to read its memory, got '{device}'")
    return KernelPeak() if _can_reset() else CpuAllocator()


class KernelPeak:
    """Linux: the peak of this process's resident memory, which the kernel records continuously.

    Freed memory goes back to the kernel first (`malloc_trim`), so that it is not part of the base line. The
    kernel counts pages in batches, one per core: a reading may be wrong by up to `margin_bytes`.
    """

    how = "peak of resident memory, recorded by the kernel"

    def __init__(self) -> None:
        cores = os.cpu_count() or 1
        self.margin_bytes: float = cores * max(32, 2 * cores) * os.sysconf("SC_PAGE_SIZE")
        self._before = 0

    def start(self) -> None:
        """Collects garbage, gives free memory back, and resets the record."""
        gc.collect()
        _trim()
        _reset_peak()
        self._before = _status("VmRSS")

    def rise(self) -> int:
        """Bytes from the base line to the record."""
        return max(0, _status("VmHWM") - self._before)


class CpuAllocator:
    """Any system: the peak of the memory handed out by PyTorch's CPU allocator, exact to the byte.

    PyTorch's profiler records every allocation and every release. Memory that others allocate (numpy, a
    decoder, the threads) is not included, nor are the pages of the libraries.
    """

    how = "peak of PyTorch's CPU allocator, by its profiler"
    margin_bytes: float = 0

    def start(self) -> None:
        """Starts the profiler."""
        gc.collect()
        os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # otherwise it reports missing GPUs
        # acc_events keeps the events of the only cycle; without it PyTorch 2.11 (Colab) warns.
        self._profile = profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True)
        self._profile.start()

    def rise(self) -> int:
        """Ends the profiler; the highest sum of all allocations since `start`."""
        self._profile.stop()
        recorded: Any = self._profile.profiler
        events = recorded.kineto_results.events()
        pieces = [e for e in events if e.name() == "[memory]" and e.device_type().name == "CPU"]
        held = peak = 0
        for piece in sorted(pieces, key=lambda e: e.start_ns()):
            held += piece.nbytes()
            peak = max(peak, held)
        return peak


class Sampler:
    """For a device without a record: reads the number of bytes repeatedly and keeps the largest.

    A peak between two readings is missed. Its size is unknown, so `margin_bytes` is infinite.
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
    """CUDA: the peak of the memory handed out by PyTorch's allocator, exact to the byte."""

    how = "peak of PyTorch's CUDA allocator"
    margin_bytes: float = 0

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before = 0

    def start(self) -> None:
        """Waits for the device, and resets the allocator's record."""
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
    """Gives freed memory back to the kernel, if the C library can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
