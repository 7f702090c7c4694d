"""What the code of a task may name: the built-in names, the members of a module, the attributes of a value.

All are lists of what is allowed. What nobody thought of is refused.
"""

from __future__ import annotations

import builtins
import enum
import importlib
import types
import typing
from collections.abc import Iterable
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

import numpy as np
import torch


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BUILTINS = _words(
    """abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict divmod enumerate
    filter float format frozenset hash hex id int isinstance issubclass iter len list map max min next
    object oct ord pow print property range repr reversed round set slice sorted staticmethod str sum
    super tuple type zip Ellipsis NotImplemented"""
) | {
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, Exception)
}
METHODS = _words(  # that a class may define
    "__init__ __post_init__ __len__ __getitem__ __contains__ __call__ __iter__ __next__ __repr__ __str__"
)

# Modules that anybody may import: names for annotations. `collections.abc` has nothing else.
EVERYBODY = ("__future__", "typing", "collections.abc")
_MEMBERS = {
    "__future__": _words("annotations"),
    "typing": _words(
        """Any Callable ClassVar Dict Final FrozenSet Generator Generic Iterable Iterator List Literal Mapping
        MutableMapping MutableSequence NamedTuple NoReturn Optional Sequence Set Tuple Type TypeAlias TypeVar
        Union"""
    ),
    "abc": _words("ABC abstractmethod"),
    "collections": _words("ChainMap Counter OrderedDict defaultdict deque namedtuple"),
    "copy": _words("copy deepcopy"),
    "dataclasses": _words("asdict astuple dataclass field replace"),
    "functools": _words("cache cmp_to_key lru_cache partial reduce"),
    "string": _words("ascii_letters ascii_lowercase ascii_uppercase digits"),
}
_TORCH = _words(
    """Tensor Size Generator dtype device layout memory_format BoolTensor ByteTensor DoubleTensor FloatTensor
    HalfTensor IntTensor LongTensor ShortTensor no_grad inference_mode enable_grad is_grad_enabled is_tensor
    finfo iinfo inf nan pi e newaxis manual_seed vmap get_default_dtype unique unravel_index broadcast_shapes
    svd_lowrank pca_lowrank"""
)
# Members of no library, because they read or write files, run text, or reach attributes by their names.
_REFUSED = _words(
    """DataSource attrgetter boolean_dispatch compile ctypeslib eval exec from_file fromfile fromregex
    genfromtxt handle_torch_function has_torch_function has_torch_function_unary has_torch_function_variadic
    import_module info load loadtxt lookfor memmap methodcaller open open_memmap save savetxt savez
    savez_compressed"""
)
# Modules through which everything can be reached: a rule that lists one of them is no rule.
UNSAFE = _words(
    """builtins code codeop ctypes gc importlib inspect io IPython multiprocessing os pathlib pickle runpy
    shutil site subprocess sys threading types weakref"""
)
_HOOKS = _words(
    """grad_fn map2_ map_ apply_ module_load register_hook register_post_accumulate_grad_hook storage
    storage_type untyped_storage format_map mro"""
)
_ARRAY_REFUSED = _words("ctypes dump dumps tofile")
_LAYER = _words(
    "weight bias in_features out_features in_channels out_channels kernel_size stride padding dilation groups"
)
_VALUES = (
    torch.Size, list, dict, str, bytes, tuple, set, frozenset, int, float, complex, bool, slice, range,
    Fraction,
)  # fmt: skip
_TENSORS = (
    torch.Tensor, torch.Generator, torch.dtype, torch.device, torch.finfo, torch.iinfo,
    torch.return_types.max, torch.return_types.sort, torch.return_types.topk,
)  # fmt: skip
# Objects of the interpreter, and data that lead to modules: a class of the student's does not open these.
_INTERPRETER = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.GeneratorType, types.CoroutineType,
    types.AsyncGeneratorType, types.FrameType, types.CodeType, types.TracebackType, types.ModuleType, type,
    property, AttributeError, np.ndarray, np.generic, torch.Tensor, torch.UntypedStorage, torch.FloatStorage,
    enum.EnumMeta, enum.Enum, types.GenericAlias, types.UnionType,
)  # fmt: skip
# Of `typing`, which anybody may import: a type that is given as a text can be evaluated.
_HINTS = {
    kind
    for name, value in vars(typing).items()
    if not name.startswith("__")
    for kind in (type(value), value)
    if isinstance(kind, type) and kind.__module__ == "typing" and not issubclass(kind, typing.IO)
}
_HARMLESS = _words(
    """base buffer byteswap choose compress fill flags flat name partition strides
    filename kwargs _dtype _name _nbytes _size _to"""
)


@cache
def attributes(modules: tuple[str, ...]) -> frozenset[str]:
    """The attributes of values that code may name, where it may use these modules."""
    tensors = any(module.split(".")[0] in ("torch", "numpy") for module in modules)
    kinds = (*_VALUES, *_TENSORS) if tensors else _VALUES
    names = {name for kind in kinds for name in dir(kind)} - _HOOKS | {"args", "value"}
    if any(module == "torch.nn" or module.startswith("torch.nn.modules") for module in modules):
        names |= {*dir(torch.nn.Module), *_LAYER} - {"compile"}
    if "numpy" in modules:
        names |= {*dir(np.ndarray), *dir(np.generic), *dir(np.ufunc)} - _ARRAY_REFUSED
    for module in modules:
        if module.split(".")[0] not in ("torch", "numpy"):
            names |= _attributes_of(module)
    return frozenset(name for name in names if not name.startswith("_"))


def _attributes_of(module: str) -> set[str]:
    """The attributes of the objects that a module's classes make."""
    names: set[str] = set()
    for name, value in vars(importlib.import_module(module)).items():
        if isinstance(value, type) and is_member(module, name):
            names |= {*dir(value), *getattr(value, "__annotations__", ())}
    return names - _HOOKS


@cache
def closed() -> frozenset[str]:
    """Attributes of the interpreter's objects and of arrays, which a class of the student's may not open."""
    return frozenset(name for kind in (*_INTERPRETER, *_HINTS) for name in dir(kind)) - _HARMLESS


@lru_cache(maxsize=10_000)
def is_member(module: str, name: str) -> bool:
    """Whether code may name that member of a module, of which it may use the module."""
    course = module.startswith("coursekit")
    if name.startswith("_") or (name in _REFUSED and not course):
        return False
    if module in _MEMBERS:
        return name in _MEMBERS[module]
    there = importlib.import_module(module)
    value = vars(there).get(name)  # nothing is loaded because a student names it
    if name not in vars(there) or isinstance(value, types.ModuleType):
        return False
    if module == "torch":
        return _is_operation(name, value)
    if not callable(value) or name in getattr(there, "__all__", ()):
        return True
    package = module if course else module.split(".")[0]
    home = getattr(value, "__module__", None)
    return home is None or home.removeprefix("_").startswith(package)


def _is_operation(name: str, value: Any) -> bool:
    """Whether a member of torch works on tensors or makes them."""
    return (
        hasattr(torch._C._VariableFunctions, name)
        or name in torch.functional.__all__
        or name in _TORCH
        or isinstance(value, (torch.dtype, torch.layout, torch.memory_format))
    )


def within(path: str, modules: Iterable[str]) -> bool:
    """Whether a path is a listed module, or leads to one."""
    return any(module == path or module.startswith(f"{path}.") for module in modules)
