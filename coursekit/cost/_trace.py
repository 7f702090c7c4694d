"""Runs a network on tensors that have shapes but no values, and records the cost of each operation.

The tensors are PyTorch's fake tensors: meta tensors that report the CPU as their device. PyTorch chooses the
same operations as on the CPU, but needs no memory. Every operation passes through `Tally`, which counts
multiply-accumulates and follows each storage from its allocation to its release.

Source: torch.utils._python_dispatch.TorchDispatchMode and torch.autograd.graph.saved_tensors_hooks.
"""

from __future__ import annotations

import copy
import logging
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, is_dataclass
from functools import partial
from operator import index
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)
from torch.utils._python_dispatch import TorchDispatchMode

from coursekit.cost._macs import MACS

Shape = tuple[int, ...]
_LOG = logging.getLogger(FakeTensorMode.__module__)

# --------------------------------------------------------------------------------- the result of one pass


@dataclass
class Spent:
    """The cost of one module's own operations in a forward pass, without those of its children."""

    calls: int = 0
    output_shape: Shape | None = None
    macs: int = 0
    allocated_bytes: int = 0
    saved_bytes: int = 0


@dataclass
class Trace:
    """One pass through the model.

    Attributes:
        modules: by qualified name; the model itself is "".
        peak_bytes: the memory peak in bytes, without parameters and buffers.
        input_bytes: bytes of the input.
        output_bytes: bytes of the output's tensors.
        gradient_bytes: bytes of the parameters' gradients.
        backward_macs: MACs of the backward pass.
    """

    modules: dict[str, Spent] = field(default_factory=dict)
    peak_bytes: int = 0
    input_bytes: int = 0
    output_bytes: int = 0
    gradient_bytes: int = 0
    backward_macs: int = 0

    @property
    def forward_macs(self) -> int:
        """MACs of the forward pass."""
        return sum(spent.macs for spent in self.modules.values())

    @property
    def saved_bytes(self) -> int:
        """Bytes that the forward pass saves for the backward pass."""
        return sum(spent.saved_bytes for spent in self.modules.values())


class Tally(TorchDispatchMode):
    """Sees every operation on tensors, and adds its MACs and new memory to the module that is running."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self.trace = Trace(modules={name: Spent() for name, _ in model.named_modules()})
        self.running = [""]  # the names of the modules that are being called, innermost last
        self.backward = False
        self._held: dict[int, weakref.ref[torch.UntypedStorage]] = {}  # storages that are alive
        self._bytes = 0
        self._model = {_key(tensor) for tensor in (*model.parameters(), *model.buffers())}
        self._saved: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Called by PyTorch in place of each operation `func`."""
        kwargs = kwargs or {}
        count = MACS.get(func.overloadpacket)
        if count is None and _is_composite(func):
            with self:
                return func.decompose(*args, **kwargs)
        out = func(*args, **kwargs)
        if count is not None:
            self._charge(count(out, *args))
        for tensor in tensors(out):
            self._hold(tensor)
        return out

    def save(self, tensor: torch.Tensor) -> torch.Tensor:
        """Called by autograd for each tensor that it saves for the backward pass."""
        key = _key(tensor)
        if key not in self._model and key not in self._saved:
            self._saved.add(key)
            self._spent.saved_bytes += tensor.untyped_storage().nbytes()
        return tensor

    def entered(self, name: str) -> Callable[..., None]:
        """The hook that runs before the forward pass of the module `name`."""
        return lambda module, args: self.running.append(name)

    def left(self, name: str) -> Callable[..., None]:
        """The hook that runs after the forward pass of the module `name`."""

        def hook(module: nn.Module, args: Any, output: Any) -> None:
            self.running.pop()
            spent = self.trace.modules[name]
            spent.calls += 1
            first = next(tensors(output), None)
            spent.output_shape = None if first is None else tuple(first.shape)

        return hook

    @property
    def _spent(self) -> Spent:
        return self.trace.modules[self.running[-1]]

    def _charge(self, macs: int) -> None:
        if self.backward:
            self.trace.backward_macs += macs
        else:
            self._spent.macs += macs

    def _hold(self, tensor: torch.Tensor) -> None:
        """Counts new storages; views and in-place results share one that is already counted."""
        storage, key = tensor.untyped_storage(), _key(tensor)
        if key in self._held or key in self._model:
            return
        size = storage.nbytes()

        def released(_: Any) -> None:
            self._bytes -= size
            del self._held[key]

        self._held[key] = weakref.ref(storage, released)
        self._bytes += size
        self.trace.peak_bytes = max(self.trace.peak_bytes, self._bytes)
        if not self.backward:
            self._spent.allocated_bytes += size


def _is_composite(func: Any) -> bool:
    """Whether the operation is composed of others and has no CPU kernel, as under inference_mode."""
    if func.namespace != "aten":
        return False
    has_kernel = partial(torch._C._dispatch_has_kernel_for_dispatch_key, func.name())
    return has_kernel("CompositeImplicitAutograd") and not has_kernel("CPU")


def _key(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def tensors(value: Any) -> Iterator[torch.Tensor]:
    """All tensors in a value made of tuples, lists, dicts and dataclasses."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors(part)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from tensors(part)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from tensors(vars(value))


# ------------------------------------------------------------------------------------------- one pass


def trace(model: nn.Module, shapes: tuple[Shape, ...], dtype: torch.dtype, *, training: bool) -> Trace:
    """One pass of a copy without values: forward in evaluation mode, or a training step.

    Args:
        model: it is not changed.
        shapes: one for each argument of its forward method.
        dtype: of the arguments, and (unless it is a dtype of whole numbers) of the floating-point parameters.
        training: also run backward, from a gradient of ones for each output.

    Raises:
        TypeError: `dtype` is none of PyTorch's.
        ValueError: the model fails on such an input. The message has the model's own error and the layer.
    """
    if not isinstance(dtype, torch.dtype):
        raise TypeError(f"dtype must be a torch.dtype such as torch.float16, got {dtype!r}")
    fake = FakeTensorMode(allow_non_fake_inputs=True)
    with torch.inference_mode(False), torch.set_grad_enabled(training):
        twin = _without_values(model, fake, dtype)
        if twin.training != training:
            twin.train(training)
        tally = Tally(twin)
        for name, module in twin.named_modules():
            module.register_forward_pre_hook(tally.entered(name), prepend=True)
            module.register_forward_hook(tally.left(name))
        try:
            with _plain_operations(), fake, tally:
                _run(tally, twin, shapes, dtype, training)
        except Exception as error:
            raise ValueError(_explain(error, twin, shapes, dtype, tally.running[-1])) from None
    gradients = (p.grad for p in twin.parameters() if p.grad is not None)
    tally.trace.gradient_bytes = sum(g.numel() * g.element_size() for g in gradients)
    return tally.trace


def _run(
    tally: Tally, model: nn.Module, shapes: tuple[Shape, ...], dtype: torch.dtype, training: bool
) -> None:
    inputs = [torch.empty(shape, dtype=dtype, device="cpu") for shape in shapes]
    tally.trace.input_bytes = sum(x.untyped_storage().nbytes() for x in inputs)
    tally.trace.modules[""].allocated_bytes = 0  # so far only the input was allocated
    with torch.autograd.graph.saved_tensors_hooks(tally.save, lambda tensor: tensor):
        outputs = list({id(y): y for y in tensors(model(*inputs))}.values())
    tally.trace.output_bytes = sum(y.numel() * y.element_size() for y in outputs)
    if training:
        _backward(tally, outputs)


@contextmanager
def _plain_operations() -> Iterator[None]:
    """Switches off PyTorch's fused transformer layers, which hide their operations, and its log."""
    fast_path, silent = torch.backends.mha.get_fastpath_enabled(), _LOG.disabled
    torch.backends.mha.set_fastpath_enabled(False)
    _LOG.disabled = True  # it would print the traceback of an error that `_explain` describes
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
        _LOG.disabled = silent


def _backward(tally: Tally, outputs: list[torch.Tensor]) -> None:
    learning = [y for y in outputs if y.requires_grad]
    if not learning:
        raise ValueError("there is nothing to train: no output depends on a parameter with requires_grad")
    tally.backward = True
    torch.autograd.backward(learning, [torch.ones_like(y) for y in learning])


def _without_values(model: nn.Module, fake: FakeTensorMode, dtype: torch.dtype) -> nn.Module:
    """A copy whose parameters, buffers and other tensors have shapes but no values."""
    copies: dict[int, Any] = {}  # by id of the tensor: deepcopy uses these as the copies
    with fake:
        for module in model.modules():
            attributes = (*module._parameters.values(), *module._buffers.values(), *vars(module).values())
            for tensor in attributes:
                if isinstance(tensor, torch.Tensor) and id(tensor) not in copies:
                    copies[id(tensor)] = _empty(tensor, dtype, type(model).__name__)
    return copy.deepcopy(model, copies)


def _empty(tensor: torch.Tensor, dtype: torch.dtype, name: str) -> torch.Tensor:
    if torch.nn.parameter.is_lazy(tensor):
        raise ValueError(
            f"{name} has lazy layers, whose parameters have no shape yet; first call it once on a real input"
        )
    cast = tensor.is_floating_point() and dtype.is_floating_point
    kind = dtype if cast else tensor.dtype
    new = torch.empty_strided(tensor.shape, tensor.stride(), dtype=kind, device="cpu")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(new, requires_grad=tensor.requires_grad)
    return new


def _explain(
    error: Exception, model: nn.Module, shapes: tuple[Shape, ...], dtype: torch.dtype, name: str
) -> str:
    size = str(shapes[0]) if len(shapes) == 1 else ", ".join(map(str, shapes))
    layer = f" in {name} ({type(model.get_submodule(name)).__name__})" if name else ""
    if isinstance(error, (DataDependentOutputException, DynamicOutputShapeException)):
        reason = f"it needs the values of a tensor ({error.func}), and a prediction has only shapes"
    else:
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return f"{type(model).__name__} fails on an input of size {size}, {dtype}{layer}: {reason}"


def check_model(model: object) -> None:
    """Raises a TypeError unless `model` is a module."""
    if not isinstance(model, nn.Module):
        hint = "; call the class to make a module, as in Net()" if isinstance(model, type) else ""
        raise TypeError(f"model must be a torch.nn.Module, got {model!r} ({type(model).__name__}){hint}")
    if isinstance(model, torch.jit.ScriptModule):
        raise TypeError(
            "model is compiled by torch.jit, and its operations are not seen: give the module itself"
        )


def shapes_of(size: Any) -> tuple[Shape, ...]:
    """One shape or several as a tuple of shapes, checked.

    Raises:
        TypeError: neither a tuple of whole numbers nor a tuple of such tuples.
        ValueError: no axis, or an axis shorter than 1.
    """
    if isinstance(size, (tuple, list)) and size and all(isinstance(part, (tuple, list)) for part in size):
        return tuple(_shape(part) for part in size)
    return (_shape(size),)


def _shape(size: Any) -> Shape:
    example = "such as (1, 3, 16, 112, 112) for one clip (B, C, T, H, W)"
    if not isinstance(size, (tuple, list)) or any(isinstance(n, bool) for n in size):
        raise TypeError(f"size must be a tuple of whole numbers {example}, got {size!r}")
    try:
        shape = tuple(index(n) for n in size)
    except TypeError:
        raise TypeError(f"size must be a tuple of whole numbers {example}, got {size!r}") from None
    if not shape:
        raise ValueError(f"size must have at least one axis, {example}, got ()")
    for axis, n in enumerate(shape):
        if n < 1:
            raise ValueError(f"size[{axis}] must be at least 1, got {n} in {shape}")
    return shape
