"""A simulated device: "sim" computes on the CPU, but for PyTorch it is another device, as a GPU is.

    COURSE_DEVICE=sim python ...        # or device.pick("sim")

Code that is to run on a GPU can fail in two ways that a CPU never shows: a tensor was not moved to the
device, or a result was not brought back. On "sim" both fail, on any machine, in PyTorch's own words.

A tensor on "sim" is a shell around a tensor on the CPU. PyTorch asks the shell (`__torch_dispatch__`) for
every elementary operation; it is done on the tensors inside, so the values are those of the CPU: nearly
always to the last bit, and else as close as PyTorch's two ways to the same result are to each other.

What it cannot tell:

- nothing about CUDA: not whether there is a kernel for an operation, not how fast it is, not its memory;
- nothing about numerics: a GPU adds in another order, and with half precision rounds more;
- nothing about time: every operation is done when the call returns, so a forgotten `synchronize` goes
  unseen, and so does a copy that is read before it has arrived;
- random numbers drawn on it are the CPU's, a GPU's are others; it has no `torch.Generator` of its own;
- `torch.save` of its tensors, `torch.load(map_location="sim")`, autocast, `torch.compile` and packed
  sequences are not simulated; a change of shape in place (`t_`, `resize_`) raises NotImplementedError.

It stands on a private part of PyTorch, which may change: `_setup_privateuseone_for_python_backend` (newer
than PyTorch 2.9) lets the one device type that is kept free for others, PrivateUse1, be written in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

NAME = "sim"

# These make a tensor of a size that is known only inside: they are done on the CPU, and wrapped.
_FACTORIES = (
    "empty.memory_format", "empty_strided", "arange", "arange.start", "arange.start_step", "linspace",
    "logspace", "eye", "eye.m", "tril_indices", "triu_indices",
)  # fmt: skip
# PyTorch goes other ways for these on a GPU, and takes this device for one: they are done whole on the CPU.
_WHOLE = (
    "gru.input", "lstm.input", "rnn_tanh.input", "rnn_relu.input", "dropout", "scaled_dot_product_attention",
)  # fmt: skip
# The second argument of these, the indices, may lie on the CPU.
_INDEXING = {"index.Tensor", "index_put.default", "index_put_.default", "_index_put_impl_.default"}
# Two copy from one device to another, and one compares what the devices are.
_MAY_MIX = {"copy_.default", "_to_copy.default", "_has_compatible_shallow_copy_type.default"}

_registered: list[torch.library.Library] = []  # what is registered lasts as long as this object


def register() -> None:
    """Make the device known to PyTorch, for the rest of this process; a second call changes nothing.

    Raises:
        RuntimeError: this PyTorch is too old; something else has taken PyTorch's only free device type; or
            PyTorch has run a backward pass before, and with it started a thread for each device it knew.
    """
    if not _registered:
        _registered.append(_kernels())
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
    module: Any = getattr(torch, NAME)  # as torch.cuda is for "cuda"; `checkpoint` and `fork_rng` ask it
    module.get_amp_supported_dtype = lambda: [torch.float16, torch.bfloat16]
    module.get_rng_state = lambda device=0: torch.get_rng_state()
    module.set_rng_state = lambda state, device=0: None  # it draws from the CPU's, which is set by itself
    library = torch.library.Library("aten", "IMPL")
    library.impl("_copy_from", _copy_from, "PrivateUse1")
    for name in _FACTORIES:
        library.impl(name, _factory(_operation(name)), "PrivateUse1")
    for name in _WHOLE:
        library.impl(name, _whole(_operation(name)), "AutogradPrivateUse1")
    return library


class SimTensor(torch.Tensor):
    """A tensor on "sim": shape, strides and dtype of the one inside, which is on the CPU."""

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

    # With these two, PyTorch keeps a module's parameters the same objects when it moves them here.
    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["_inside"], None

    @staticmethod
    def __tensor_unflatten__(inner: dict[str, torch.Tensor], meta: None, size: Any, stride: Any) -> SimTensor:
        return SimTensor(inner["_inside"])

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operation: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Do one operation on the tensors inside; its results are on "sim" again."""
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
            return args[0]  # this one has come back to the CPU
        if not stays:
            return result
        # As on any device, a view of an ordinary tensor is an ordinary one, also in inference mode.
        ordinary = operation.is_view and not any(shell.is_inference() for shell in shells.values())
        with torch.inference_mode(torch.is_inference_mode_enabled() and not ordinary):
            return _closed(result, shells, name)

    @property
    def data(self) -> torch.Tensor:
        """The same values, outside of autograd; assigning to it puts other values into this tensor."""
        found: torch.Tensor = torch.Tensor.data.__get__(self)  # type: ignore[attr-defined]
        return found

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
        """The values as Python numbers, which PyTorch brings back by itself."""
        return self._inside.tolist()

    def __format__(self, spec: str) -> str:
        return format(self._inside, spec) if self.dim() == 0 else object.__format__(self, spec)

    def __repr__(self) -> str:  # type: ignore[override]
        return f"{repr(self._inside)[:-1]}, device='{self.device}')"


# ------------------------------------------------------------------------------------------ one operation


def _opened(value: Any, shells: dict[int, SimTensor]) -> Any:
    """The tensors inside, also of a list; `shells` remembers whose they are."""
    if isinstance(value, SimTensor):
        shells[id(value._inside)] = value
        return value._inside
    if isinstance(value, (list, tuple)):
        return [_opened(x, shells) for x in value]
    return value


def _closed(value: Any, shells: dict[int, SimTensor], name: str) -> Any:
    """Tensors in shells: an argument that was changed in place keeps its own, a new one gets a new one."""
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
    """Raise PyTorch's error if a tensor on the CPU takes part in an operation on this device.

    As on a GPU, a single number (0-dim) may come from the CPU, but nothing may be written into it there.
    """
    generator = options.get("generator")
    if generator is not None:
        found = generator.device.type
        raise RuntimeError(f"Expected a {NAME!r} device type for generator but found {found!r}")
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
    """What `torch.tensor(values, device="sim")` calls by a way that bypasses `__torch_dispatch__`."""
    source, inside = (x._inside if isinstance(x, SimTensor) else x for x in (source, target))
    inside.copy_(source)
    return target


def _whole(operation: Any) -> Callable[..., Any]:
    """The operation on copies on the CPU; gradients find their way back through the copies."""
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
