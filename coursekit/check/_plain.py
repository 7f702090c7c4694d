"""Plain values: what an answer may be made of, and its form as JSON text that is read without running code.

None, bool, int, float, str, lists, tuples, dicts with str keys, and tensors (NumPy arrays become tensors).
Values are rebuilt from their parts, so an object with an `__eq__` of its own never gets to a comparison.
"""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np
import torch

DEPTH = 20  # lists within lists
# What is called on a tensor here, and what torch has under these names.
_CALLED = "detach as_subclass cpu contiguous clone numpy dtype layout is_meta shape"
_OWN = {name: vars(torch.Tensor).get(name) for name in _CALLED.split()}


def name_of(dtype: torch.dtype) -> str:
    """A dtype's name, as "float32"."""
    return str(dtype).removeprefix("torch.")


_DTYPES = {
    name_of(dtype): dtype
    for dtype in (torch.float16, torch.float32, torch.float64, torch.bool, torch.uint8, torch.int8,
                  torch.int16, torch.int32, torch.int64)
}  # fmt: skip


class NotPlainError(ValueError):
    """An answer may not be made of this value, or a text is not the form of a value."""


def plain(value: Any, depth: int = 0) -> Any:
    """Copy a value, made of Python's own types and of tensors on the CPU.

    Raises:
        NotPlainError: something in it is of another type; the message names the type.
    """
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if depth > DEPTH:
        raise NotPlainError(f"it is nested more than {DEPTH} deep")
    if kind in (list, tuple) or isinstance(value, torch.Size):
        items = [plain(item, depth + 1) for item in value]
        return items if kind is list else tuple(items)
    if kind is dict:
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, torch.Tensor):
        return _tensor_of(value)
    if isinstance(value, np.ndarray) and value.dtype.name in _DTYPES:
        return torch.from_numpy(np.array(value, value.dtype.newbyteorder("="), order="C"))
    if isinstance(value, np.generic) and value.dtype.name in _DTYPES:
        return value.item()
    if isinstance(value, torch.dtype):
        return name_of(value)
    if isinstance(value, np.ndarray):
        raise NotPlainError(f"it is a {kind.__name__} of {value.dtype}")
    raise NotPlainError(f"it is a {kind.__name__}")


def _tensor_of(value: torch.Tensor) -> torch.Tensor:
    """A copy of a tensor. No method of a class that somebody derived from torch.Tensor is called."""
    if any(vars(torch.Tensor).get(name) is not own for name, own in _OWN.items()):
        raise NotPlainError("it is a tensor, and methods of torch.Tensor were changed")
    tensor = torch.Tensor.detach(value)
    if type(tensor) is not torch.Tensor:
        try:
            tensor = torch.Tensor.as_subclass(tensor, torch.Tensor)
        except RuntimeError:
            raise NotPlainError(f"it is a {type(value).__name__}") from None
    if name_of(tensor.dtype) not in _DTYPES:
        raise NotPlainError(f"it is a {type(value).__name__} of {tensor.dtype}")
    if tensor.layout is not torch.strided or tensor.is_meta:
        raise NotPlainError("it is a tensor that is sparse, or has no data")
    return tensor.cpu().contiguous().clone()


def encode(value: Any) -> str:
    """The JSON text of a value.

    Raises:
        NotPlainError: `plain` does not accept it, or it has an integer of thousands of digits.
    """
    try:
        return json.dumps(_to_json(plain(value)), allow_nan=False)
    except NotPlainError:
        raise
    except ValueError as error:
        raise NotPlainError(str(error)) from None


def decode(text: str) -> Any:
    """The value of a text that `encode` made, or that somebody forged. Nothing of it is run.

    Raises:
        NotPlainError: the text is not the form of a value.
    """
    try:
        return _from_json(json.loads(text), 0)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RuntimeError) as error:
        raise NotPlainError(f"it cannot be read ({type(error).__name__})") from None


def _key(key: Any) -> str:
    if type(key) is not str:
        raise NotPlainError(f"a key of its dict is a {type(key).__name__}, not a str")
    return key


def _to_json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [_to_json(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": {key: _to_json(item) for key, item in value.items()}}
    data = base64.b64encode(value.numpy().tobytes()).decode()
    return {"tensor": [name_of(value.dtype), list(value.shape), data]}


def _from_json(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    ((tag, content),) = value.items()
    if tag == "float":
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[content]
    if depth > DEPTH:
        raise ValueError("too deep")
    if tag in ("list", "tuple"):
        items = [_from_json(item, depth + 1) for item in list(content)]
        return items if tag == "list" else tuple(items)
    if tag == "dict":
        return {str(key): _from_json(item, depth + 1) for key, item in content.items()}
    if tag == "tensor":
        return _tensor(*content)
    raise ValueError("no such tag")


def _tensor(name: str, shape: list[int], data: str) -> torch.Tensor:
    dtype = _DTYPES[name]
    if not all(type(n) is int and n >= 0 for n in shape) or len(shape) > 8:
        raise ValueError("no shape")
    if math.prod(n for n in shape if n) >= 2**31:  # an empty tensor too: a sum of it would fill the memory
        raise ValueError("too large")
    raw = base64.b64decode(data, validate=True)
    if len(raw) != math.prod(shape) * dtype.itemsize:
        raise ValueError("the bytes do not fill the shape")
    if not raw:
        return torch.zeros(shape, dtype=dtype)
    if dtype is torch.bool and raw.strip(b"\x00\x01"):
        raise ValueError("no booleans")
    return torch.frombuffer(bytearray(raw), dtype=dtype).reshape(shape)
