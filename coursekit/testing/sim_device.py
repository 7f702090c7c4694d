"""A simulated device: "sim" computes on the CPU, but PyTorch treats it as another device, like a GPU.

    COURSE_DEVICE=sim python ...        # or device.pick("sim")

Code for a GPU can fail in two ways that do not appear on a CPU: a tensor was not moved to the device, or a
result was not moved back. On "sim" both fail, on any machine, with PyTorch's own error messages.

A tensor on "sim" is a shell around a tensor on the CPU. PyTorch passes every elementary operation to the
shell (`__torch_dispatch__`), which runs it on the tensors inside. The values are therefore those of the CPU:
nearly always the same to the last bit, otherwise as close as two of PyTorch's ways to compute the same
result.

It does not simulate:

- CUDA: whether an operation has a kernel, its speed and its memory;
- numerics: a GPU adds in another order, and rounds more with half precision;
- time: every operation is done when the call returns. A missing `synchronize` is not noticed, nor a copy that
  is read before it has arrived;
- random numbers: they are the CPU's, and a GPU draws other ones; "sim" has no `torch.Generator` of its own;
- `torch.save` of its tensors, `torch.load(map_location="sim")`, autocast, `torch.compile` and packed
  sequences. A change of shape in place (`t_`, `resize_`) raises NotImplementedError.

It needs a private part of PyTorch, which may change: `_setup_privateuseone_for_python_backend` (newer than
PyTorch 2.9) makes it possible to write PrivateUse1, the device type reserved for extensions, in Python.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch

NAME = "sim"

# These create a tensor: they run on the CPU, and their result is wrapped.
_FACTORIES = (
    "empty.memory_format", "empty_strided", "arange", "arange.start", "arange.start_step", "linspace",
    "logspace", "eye", "eye.m", "tril_indices", "triu_indices",
)  # fmt: skip
# PyTorch composes these of other operations on a GPU, and also on this device: they run whole on the CPU.
_WHOLE = (
    "gru.input", "lstm.input", "rnn_tanh.input", "rnn_relu.input", "dropout", "scaled_dot_product_attention",
)  # fmt: skip
# The second argument of these, the indices, may be on the CPU.
_INDEXING = {"index.Tensor", "index_put.default", "index_put_.default", "_index_put_impl_.default"}
# Two copy from one device to another, and one compares the devices.
_MAY_MIX = {"copy_.default", "_to_copy.default", "_has_compatible_shallow_copy_type.default"}

_registered: list[torch.library.Library] = []  # kernels are registered as long as this object exists


def register() -> None:
    """Register the device in PyTorch, for the rest of this process. A second call changes nothing.

    Raises:
        RuntimeError: this PyTorch is too old; PyTorch's only free device type is already in use; or PyTorch
            has already run a backward pass, which started one thread for each device known by then.
    """
    if not _registered:
        _registered.append(_kernels())
        # When a backward pass has returned, PyTorch's thread for this device still frees its last gradients.
        # If Python shut down before that, the thread would abort the process.
        atexit.register(time.sleep, 0.2)
    try:
        torch.zeros(1, device=NAME, requires_grad=True).sum().backward()
    except RuntimeError as error:
        raise RuntimeError(f"{NAME!r} must be chosen before the first backward pass of a process") from error


def _kernels() -> torch.library.Library:
    try:
        from torch.utils.backend_registration import _setup_privateuseone_for_python_backend
    except ImportError as error:
        raise RuntimeError(f"PyTorch {torch.__version__} has no devices written in Python") from error
    _setup_privateuseone_for_python_backend(NAME)
    module: Any = getattr(torch, NAME)  # like torch.cuda for "cuda"; `checkpoint` and `fork_rng` use it
    module.get_amp_supported_dtype = lambda: [torch.float16, torch.bfloat16]
    module.get_rng_state = lambda device=0: torch.get_rng_state()
    module.set_rng_state = lambda state, device=0: None  # it uses the CPU's state, which PyTorch sets itself
    library = torch.library.Library("aten", "IMPL")
    library.impl("_copy_from", _copy_from, "PrivateUse1")
    for name in _FACTORIES:
        library.impl(name, _factory(_operation(name)), "PrivateUse1")
    for name in _WHOLE:
        library.impl(name, _whole(_operation(name)), "AutogradPrivateUse1")
    return library


class SimTensor(torch.Tensor):
    """A tensor on "sim" with the shape, strides and dtype of the tensor inside, which is on the CPU."""

    _inside: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, inside: torch.Tensor) -> SimTensor:
        """Wrap a tensor on the CPU, without copying it."""
        shell: SimTensor = torch.Tensor._make_wrapper_subclass(
            cls,
            inside.shape,
            strides=inside.stride(),
            storage_offset=inside.storage_offset(),
            dtype=inside.dtype,
            device=torch.device(NAME, 0),
        )
        shell._inside = inside
        return shell

    # With these two, a module's parameters stay the same objects when the module is moved to this device.
    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["_inside"], None

    @staticmethod
    def __tensor_unflatten__(inner: dict[str, torch.Tensor], meta: None, size: Any, stride: Any) -> SimTensor:
        return SimTensor(inner["_inside"])

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operation: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one operation on the tensors inside; its results are on "sim" again."""
        options = dict(kwargs or {})
        name = operation.__name__
        if name not in _MAY_MIX:
            _refuse_mixing(name, args, options)
        target = options.get("device")
        stays = target is None or torch.device(target).type == NAME
        if target is not None and stays:
            options["device"] = "cpu"
        shells: dict[int, SimTensor] = {}  # by the id of the tensor inside
        inner = [_opened(x, shells) for x in args]
        result = operation(*inner, **{key: _opened(x, shells) for key, x in options.items()})
        if name == "copy_.default" and not isinstance(args[0], SimTensor):
            return args[0]  # a copy back to the CPU
        if not stays:
            return result
        # As on any device, a view of an ordinary tensor is an ordinary tensor, also in inference mode.
        ordinary = operation.is_view and not any(shell.is_inference() for shell in shells.values())
        with torch.inference_mode(torch.is_inference_mode_enabled() and not ordinary):
            return _closed(result, shells, name)

    @property
    def data(self) -> torch.Tensor:
        """The same values, outside of autograd; an assignment replaces the values of this tensor."""
        values: torch.Tensor = torch.Tensor.data.__get__(self)  # type: ignore[attr-defined]
        return values

    @data.setter
    def data(self, other: torch.Tensor) -> None:
        torch.Tensor.data.__set__(self, other)  # type: ignore[attr-defined]
        if isinstance(other, SimTensor):  # PyTorch has refused any other
            self._inside = other._inside

    def numpy(self, *, force: bool = False) -> Any:
        """As on a GPU: only with `force`, else TypeError."""
        if not force:
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. "
                "Use Tensor.cpu() to copy the tensor to host memory first."
            )
        return self.detach().cpu().numpy()

    def tolist(self) -> Any:
        """The values as Python numbers; PyTorch copies them to the CPU itself."""
        return self._inside.tolist()

    def __format__(self, spec: str) -> str:
        return format(self._inside, spec) if self.dim() == 0 else object.__format__(self, spec)

    def __repr__(self) -> str:  # type: ignore[override]
        return f"{repr(self._inside)[:-1]}, device='{self.device}')"


# ------------------------------------------------------------------------------------------ one operation


def _opened(value: Any, shells: dict[int, SimTensor]) -> Any:
    """The tensors inside, also of a list; `shells` records to which shell each one belongs."""
    if isinstance(value, SimTensor):
        shells[id(value._inside)] = value
        return value._inside
    if isinstance(value, (list, tuple)):
        return [_opened(x, shells) for x in value]
    return value


def _closed(value: Any, shells: dict[int, SimTensor], name: str) -> Any:
    """Tensors in shells: an argument changed in place keeps its shell, a new tensor gets a new one."""
    if isinstance(value, torch.Tensor):
        shell = shells.get(id(value))
        if shell is None:
            return SimTensor(value)
        if shell.shape != value.shape:
            raise NotImplementedError(f"{NAME!r} does not simulate a change of shape in place (aten.{name})")
        return shell
    if isinstance(value, (list, tuple)):
        return type(value)(_closed(x, shells, name) for x in value)
    return value


def _refuse_mixing(name: str, args: tuple[Any, ...], options: dict[str, Any]) -> None:
    """Raise PyTorch's error if an operation on this device uses a tensor on the CPU.

    As on a GPU, a 0-dimensional tensor on the CPU may be read, but not written.
    """
    generator = options.get("generator")
    if generator is not None:
        kind = generator.device.type
        raise RuntimeError(f"Expected a {NAME!r} device type for generator but found {kind!r}")
    in_place = name.partition(".")[0].endswith("_")
    written = [*args[: int(in_place)], options.get("out")]
    if any(_on_cpu(x) for x in written):
        raise _mixed(name)
    read = [*args[:1], *args[2:]] if name in _INDEXING and not _on_cpu(args[0]) else args
    for x in (*read, *options.values()):
        if isinstance(x, (list, tuple)):
            if any(_on_cpu(y) for y in x):
                raise _mixed(name)
        elif _on_cpu(x) and x.dim() > 0:
            raise _mixed(name)


def _on_cpu(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and not isinstance(value, SimTensor) and value.device.type == "cpu"


def _mixed(name: str) -> RuntimeError:
    return RuntimeError(
        "Expected all tensors to be on the same device, but found at least two devices, "
        f"{NAME}:0 and cpu! (in aten.{name})"
    )


# ---------------------------------------------------------------------------------------- registered kernels


def _operation(name: str) -> Any:
    packet, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, packet), overload or "default")


def _factory(operation: Any) -> Callable[..., SimTensor]:
    def make(*args: Any, device: Any = None, pin_memory: Any = None, **options: Any) -> SimTensor:
        return SimTensor(operation(*args, device="cpu", **options))

    return make


def _copy_from(source: torch.Tensor, target: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:
    """Called by `torch.tensor(values, device="sim")`, which bypasses `__torch_dispatch__`."""
    source, inside = (x._inside if isinstance(x, SimTensor) else x for x in (source, target))
    inside.copy_(source)
    return target


def _whole(operation: Any) -> Callable[..., Any]:
    """The operation on copies on the CPU; the gradients flow back through the copies."""
    name = operation.__name__

    def compute(*args: Any, **options: Any) -> Any:
        _refuse_mixing(name, args, options)
        result = operation(*_moved(args, "cpu"), **options)
        return _moved(result, NAME)

    return compute


def _moved(value: Any, device: str) -> Any:
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return tuple(_moved(x, device) for x in value)
    return value
