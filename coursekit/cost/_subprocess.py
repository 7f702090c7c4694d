"""Measures a network in a process of its own."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from typing import Any

import torch
from torch import nn

from coursekit.cost._measure import Measured, measure
from coursekit.cost._trace import Shape, check_model, shapes_of, tensors, trace
from coursekit.device import pick


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
    """Time and memory peak of a network on random input, in a fresh process: what `account` predicts.

    Before the call, the process holds the model and nothing else. The predictions are `activation_bytes` for
    inference and `training_bytes - model_bytes` for a training step. They are lower bounds of `peak_bytes`
    and of `allocated_bytes` (which needs one more call). The difference is copies inside a library, such as a
    convolution's input or output in another memory format, and the library's own pages.

    Args:
        model: a module that another process can import (not one from a notebook's cell); it is copied.
        size: as for `account`.
        training: forward and backward in training mode, instead of forward in evaluation mode.
        dtype: as for `account`.
        memory_format: such as torch.channels_last_3d, for the parameters and inputs with that number of axes.
        repeats: number of calls. The first one also loads the libraries, so it takes longer.
        device: the device on which to compute; None is the CPU.

    Raises:
        TypeError, ValueError: as `account`, before a process is started; and for a model that cannot be sent
            to another process.
        MemoryError: the system ended the process, which happens when memory runs out.
    """
    check_model(model)
    shapes = shapes_of(size)
    predicted = trace(model, shapes, dtype, training=training)
    work = partial(
        _in_fresh_process,
        _pickled(model),
        shapes,
        training=training,
        dtype=dtype,
        memory_format=memory_format,
        repeats=repeats,
        device=str(device or "cpu"),
        threads=torch.get_num_threads(),
    )
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        try:
            return process.submit(work).result()
        except BrokenProcessPool as error:
            raise MemoryError(
                f"the process that ran {type(model).__name__} on an input of size {size} ended before it "
                "was done, probably because memory ran out. Beside the model it needs at least "
                f"{predicted.peak_bytes / 1e6:,.0f} MB: use a smaller input, or free memory"
            ) from error


def _pickled(model: nn.Module) -> bytes:
    """The model as bytes; otherwise multiprocessing would move its parameters to shared memory."""
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
    device: str,
    threads: int,
) -> Measured:
    torch.set_num_threads(threads)
    where = pick(device)
    model: nn.Module = pickle.loads(pickled)
    del pickled
    kind = dtype if dtype.is_floating_point else None
    model = model.to(where, kind).to(memory_format=memory_format)
    if model.training != training:
        model.train(training)
    model.zero_grad()
    inputs = partial(_inputs, shapes, dtype, memory_format, where)
    once = partial(_step if training else _forward, model, inputs)
    return measure(once, repeats=repeats, device=where, allocator=True)


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
    arguments = inputs()  # held until the end, as a training loop holds its batch
    outputs = [y for y in tensors(model(*arguments)) if y.requires_grad]
    torch.autograd.backward(outputs, [torch.ones_like(y) for y in outputs])
    model.zero_grad()
