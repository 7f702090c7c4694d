"""What a whole network costs: predicted from its shapes, and measured beside it.

`account` predicts, for any `nn.Module` and without running it on data: parameters, bytes, MACs. `measure`
tells what a function really took, `measure_module` what a network took in a process of its own. A prediction
of memory is a lower bound: it knows every tensor that PyTorch makes, and no copy that a library makes inside.

A MAC is one multiply-accumulate: one multiplication and one addition. Counted are the MACs of convolutions
(transposed and grouped ones too), matrix products (linear layers, attention, recurrent layers) and nothing
else: no bias, normalisation, activation, pooling or interpolation.

Source: Lecture 56, 18:07 (the four accounts of one convolution; `coursekit.conv` has them in closed form).
"""

from __future__ import annotations

import pickle
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Any

import torch
from torch import nn

from coursekit import _counting, _measuring
from coursekit import device as devices

Shape = tuple[int, ...]
MB = 1e6


@dataclass(frozen=True)
class Layer:
    """What one module spends itself, in one forward pass; what its children spend stands in their rows.

    Attributes:
        name: its qualified name, as in `model.get_submodule`; "" is the model itself.
        kind: name of its class.
        calls: how often it was called; a shared module has one row and several calls, a module that is never
            called, or whose parameters another one uses, has 0.
        output_shape: shape of the first tensor of its last output; None if there is none.
        parameters: values of its own parameters; one that is shared counts where it comes first.
        activation_bytes: new memory that its operations took; 0 for views and in-place operations. What
            is freed again in between counts too.
        macs: multiply-accumulates, forward.
        saved_bytes: what it was the first to keep for the backward pass; 0 without training.
    """

    name: str
    kind: str
    calls: int
    output_shape: Shape | None
    parameters: int
    activation_bytes: int
    macs: int
    saved_bytes: int


@dataclass(frozen=True)
class Account:
    """What a network costs on one input: made by `account`.

    Memory is counted by piece, not by tensor: views and in-place results are not counted twice.

    Attributes:
        name: class of the model.
        size: shape of its input (or a tuple of shapes, for several arguments).
        dtype: of the input and the parameters.
        parameters: values of all parameters, each one once.
        model_bytes: bytes of parameters and buffers.
        input_bytes: bytes of the input.
        output_bytes: bytes of the output.
        activation_bytes: inference: the most that is held at one time beside the model, input included.
        macs: multiply-accumulates of one forward pass in evaluation mode (which operations count: see the
            module).
        saved_bytes: training: what the forward pass keeps for the backward pass (the input and the output
            where they are needed, no parameters); None without training=True, as the three below.
        gradient_bytes: gradients of the parameters.
        training_bytes: the most that is held at one time in a training step: parameters and buffers, input,
            output and its gradient, what is saved, the gradients on their way, the gradients of the
            parameters. Not in it: an optimizer's state (SGD with momentum: once more the bytes of the
            parameters, Adam: twice).
        training_macs: multiply-accumulates of a training step, forward and backward.
        layers: one row per module, in the order of `model.named_modules()`.
    """

    name: str
    size: Shape | tuple[Shape, ...]
    dtype: torch.dtype
    parameters: int
    model_bytes: int
    input_bytes: int
    output_bytes: int
    activation_bytes: int
    macs: int
    saved_bytes: int | None
    gradient_bytes: int | None
    training_bytes: int | None
    training_macs: int | None
    layers: tuple[Layer, ...] = field(repr=False)

    @property
    def flops(self) -> int:
        """Floating-point operations of the counted MACs: 2 x macs (many tables say FLOPs and mean MACs)."""
        return 2 * self.macs

    @property
    def inference_bytes(self) -> int:
        """Everything that inference holds at its peak: model_bytes + activation_bytes."""
        return self.model_bytes + self.activation_bytes

    def table(self) -> str:
        """One line per layer and the totals, as text of fixed width (MB = 10^6 bytes, M = 10^6)."""
        return "\n".join(line.rstrip() for line in _table(self))

    def __str__(self) -> str:
        return "\n".join(_totals(self))


def account(
    model: nn.Module,
    size: Shape | tuple[Shape, ...],
    *,
    training: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Account:
    """Predicts what `model` costs on an input of a given shape, without data and without its memory.

    A copy of the model whose tensors have shapes but no values runs once in evaluation mode, and with
    `training` once more in training mode, forward and backward. The model itself stays as it is.

    Args:
        model: any module; its forward hooks run too, on tensors without values.
        size: shape of the input, batch first, such as (1, 3, 16, 112, 112); for a model with several
            arguments a tuple of shapes.
        training: predict a training step too: a forward pass, a gradient for each output, a backward
            pass; the input itself needs no gradient.
        dtype: of the input and of all floating-point parameters. One of whole numbers (token ids)
            is the input's alone.

    Returns:
        Lower bounds of memory, exact counts of parameters and MACs.

    Raises:
        TypeError: `model` is no module, or `size` no tuple of whole numbers.
        ValueError: an axis shorter than 1, or an input on which the model fails; the message names
            the size, the layer and the model's own complaint.

    >>> clip = account(nn.Conv3d(3, 16, kernel_size=3), (1, 3, 100, 224, 224))
    >>> clip.parameters, clip.macs, clip.activation_bytes
    (1312, 6259462272, 369320448)
    """
    _check_model(model)
    shapes = _counting.shapes_of(size)
    forward = _counting.trace(model, shapes, dtype, training=False)
    step = _counting.trace(model, shapes, dtype, training=True) if training else None
    model_bytes = sum(_bytes(tensor, dtype) for tensor in (*model.parameters(), *model.buffers()))
    return Account(
        name=type(model).__name__,
        size=shapes[0] if len(shapes) == 1 else shapes,
        dtype=dtype,
        parameters=sum(p.numel() for p in model.parameters()),
        model_bytes=model_bytes,
        input_bytes=forward.input_bytes,
        output_bytes=forward.output_bytes,
        activation_bytes=forward.peak_bytes,
        macs=forward.forward_macs,
        saved_bytes=None if step is None else step.saved_bytes,
        gradient_bytes=None if step is None else step.gradient_bytes,
        training_bytes=None if step is None else model_bytes + step.peak_bytes,
        training_macs=None if step is None else step.forward_macs + step.backward_macs,
        layers=tuple(_layers(model, forward, step)),
    )


def _check_model(model: object) -> None:
    if not isinstance(model, nn.Module):
        hint = "; make one first, Net()" if isinstance(model, type) else ""
        raise TypeError(f"model must be a torch.nn.Module, got {model!r} ({type(model).__name__}){hint}")


def _bytes(tensor: torch.Tensor, dtype: torch.dtype) -> int:
    cast = tensor.is_floating_point() and dtype.is_floating_point
    return tensor.numel() * (dtype.itemsize if cast else tensor.element_size())


def _layers(model: nn.Module, forward: _counting.Trace, step: _counting.Trace | None) -> Iterator[Layer]:
    """Rows of the modules that have no children, or spend something themselves."""
    seen: set[nn.Parameter] = set()
    for name, module in model.named_modules():
        own = set(module.parameters(recurse=False)) - seen
        seen |= own
        spent = forward.modules[name]
        saved = step.modules[name].saved_bytes if step else 0
        leaf = next(module.children(), None) is None
        if leaf or own or spent.macs or spent.allocated_bytes or saved:
            yield Layer(
                name=name,
                kind=type(module).__name__,
                calls=spent.calls,
                output_shape=spent.output_shape,
                parameters=sum(p.numel() for p in own),
                activation_bytes=spent.allocated_bytes,
                macs=spent.macs,
                saved_bytes=saved,
            )


def _table(account: Account) -> Iterator[str]:
    trained = account.training_bytes is not None
    rows = [("layer", "kind", "output", "parameters", "new MB", "MMACs", "saved MB" if trained else "")]
    for layer in account.layers:
        output = "-" if layer.output_shape is None else " x ".join(map(str, layer.output_shape))
        rows.append(
            (
                layer.name or "(model)",
                layer.kind if layer.calls == 1 else f"{layer.kind}, {layer.calls} calls",
                output,
                f"{layer.parameters:,}",
                f"{layer.activation_bytes / MB:,.2f}",
                f"{layer.macs / 1e6:,.2f}",
                f"{layer.saved_bytes / MB:,.2f}" if trained else "",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        left, right = row[:3], row[3:]
        yield "  ".join(
            [text.ljust(w) for text, w in zip(left, widths[:3], strict=True)]
            + [text.rjust(w) for text, w in zip(right, widths[3:], strict=True)]
        )
        if number == 0:
            yield "-" * (sum(widths) + 2 * len(widths) - 2)
    yield ""
    yield from _totals(account)


def _totals(account: Account) -> Iterator[str]:
    yield f"{account.name} on {account.size}, {str(account.dtype).removeprefix('torch.')}"
    accounts = [
        ("parameters", account.parameters, ""),
        ("model", account.model_bytes, "bytes"),
        ("input", account.input_bytes, "bytes"),
        ("output", account.output_bytes, "bytes"),
        ("activations, peak at inference", account.activation_bytes, "bytes"),
        ("forward", account.macs, f"MACs = {account.flops:,} FLOPs"),
        ("kept for backward", account.saved_bytes, "bytes"),
        ("training step, peak, with the model", account.training_bytes, "bytes"),
        ("training step", account.training_macs, "MACs"),
    ]
    for words, value, unit in accounts:
        if value is not None:
            yield f"  {words:36}{value:>18,} {unit}".rstrip()


# -------------------------------------------------------------------------------------------- measured


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
        CPU, Linux: the resident memory of the process, from the kernel's own record, which begins
            anew after free memory was given back. The first call of an operation also loads pages
            of its library (about 10 MB).
        CPU, macOS and Windows (or a Linux that forbids to reset the record): PyTorch's allocator, through its
            profiler; numpy and decoders are not in it, and the clock is a little slower.
        CUDA: PyTorch's allocator.
        MPS: PyTorch's allocator, sampled a thousand times a second; a short peak may be missed.
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
    gauge = _measuring.gauge(device)
    seconds, peaks = zip(*(_call(function, gauge, device) for _ in range(repeats)), strict=True)
    allocated = None
    if isinstance(gauge, (_measuring.CpuAllocator, _measuring.CudaAllocator)):
        allocated = max(peaks)
    elif allocator and device.type == "cpu":
        _, allocated = _call(function, _measuring.CpuAllocator(), device)
    return Measured(statistics.median(seconds), max(peaks), gauge.margin_bytes, gauge.how, allocated)


def _call(function: Callable[[], object], gauge: _measuring.Gauge, device: torch.device) -> tuple[float, int]:
    gauge.start()
    start = time.perf_counter()
    try:
        result = function()
        devices.synchronize(device)
        seconds = time.perf_counter() - start
    finally:
        peak = gauge.rise()
    del result
    return seconds, peak


def measure_module(
    model: nn.Module,
    size: Shape | tuple[Shape, ...],
    *,
    training: bool = False,
    dtype: torch.dtype = torch.float32,
    memory_format: torch.memory_format = torch.contiguous_format,
    repeats: int = 1,
    device: torch.device | None = None,
) -> Measured:
    """Time and peak memory of a network on random input, in a fresh process: what `account` predicts.

    The peak rises from a process that holds the model and nothing else. Its prediction is, for inference
    `activation_bytes`, and for a training step `training_bytes - model_bytes`: lower bounds of both
    `peak_bytes` and `allocated_bytes` (an additional call reads it). What is above them are copies inside a
    library, such as a convolution's input or output in another memory format, and the library's own pages.

    Args:
        model: a module that another process can import (so not one from a notebook's cell); it is copied.
        size: as for `account`.
        training: forward and backward in training mode, instead of forward in evaluation mode.
        dtype: as for `account`.
        memory_format: such as torch.channels_last_3d, for the parameters and the input that have its axes.
        repeats: number of calls; the first one also loads the libraries, so its time is longer.
        device: where to compute; None is the CPU.

    Raises:
        TypeError, ValueError: as `account`, before a process is started; and for a model that cannot be sent
            to another process.
        MemoryError: the process was ended by the system, which happens when memory runs out.
    """
    _check_model(model)
    predicted = account(model, size, training=training, dtype=dtype)
    work = partial(
        _in_fresh_process,
        _pickled(model),
        _counting.shapes_of(size),
        training=training,
        dtype=dtype,
        memory_format=memory_format,
        repeats=repeats,
        device=device or torch.device("cpu"),
        threads=torch.get_num_threads(),
    )
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        try:
            return process.submit(work).result()
        except BrokenProcessPool as error:
            least = predicted.training_bytes or predicted.inference_bytes
            raise MemoryError(
                f"the process that ran {predicted.name} on {predicted.size} was ended before it was done, "
                f"probably because memory ran out: it needs {least / MB:,.0f} MB at least"
            ) from error


def _pickled(model: nn.Module) -> bytes:
    """The model as bytes: left to itself, multiprocessing would move its parameters to shared memory."""
    local = sorted({type(m).__name__ for m in model.modules() if type(m).__module__ == "__main__"})
    if local:
        raise ValueError(
            f"a fresh process cannot import {', '.join(local)}, which this notebook or script defines; "
            "move it to a module, or use measure(lambda: model(x))"
        )
    try:
        return pickle.dumps(model)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(f"{type(model).__name__} cannot be sent to a fresh process: {error}") from error


def _in_fresh_process(
    pickled: bytes,
    shapes: tuple[Shape, ...],
    *,
    training: bool,
    dtype: torch.dtype,
    memory_format: torch.memory_format,
    repeats: int,
    device: torch.device,
    threads: int,
) -> Measured:
    torch.set_num_threads(threads)
    model: nn.Module = pickle.loads(pickled)
    del pickled
    kind = dtype if dtype.is_floating_point else None
    model = model.to(device, kind).to(memory_format=memory_format).train(training)
    model.zero_grad()
    inputs = partial(_inputs, shapes, dtype, memory_format, device)
    once = partial(_step if training else _forward, model, inputs)
    return measure(once, repeats=repeats, device=device, allocator=True)


def _inputs(
    shapes: tuple[Shape, ...], dtype: torch.dtype, memory_format: torch.memory_format, device: torch.device
) -> list[torch.Tensor]:
    """Random numbers from 0 to 1, or zeros if the dtype is of whole numbers."""
    axes = {torch.channels_last: 4, torch.channels_last_3d: 5}.get(memory_format)
    inputs = []
    for shape in shapes:
        kind = memory_format if axes == len(shape) else torch.contiguous_format
        x = torch.empty(shape, dtype=dtype, device=device, memory_format=kind)
        inputs.append(x.uniform_() if dtype.is_floating_point else x.zero_())
    return inputs


def _forward(model: nn.Module, inputs: Callable[[], list[torch.Tensor]]) -> Any:
    with torch.no_grad():
        return model(*inputs())


def _step(model: nn.Module, inputs: Callable[[], list[torch.Tensor]]) -> None:
    arguments = inputs()  # held until the end, as the loop that trains holds its batch
    outputs = [y for y in _counting.tensors(model(*arguments)) if y.requires_grad]
    torch.autograd.backward(outputs, [torch.ones_like(y) for y in outputs])
    model.zero_grad()
