"""Tensors whose class or methods are a student's: an answer is what was returned, not what is made later."""

import time
from typing import Any

import pytest
import torch

from coursekit import check
from coursekit.check import NotPlainError, Wrong, decode, encode


def _other(*_: object) -> torch.Tensor:
    return torch.zeros(3)


# A class that says something else when it is asked.
METHODS = dict.fromkeys(("as_subclass", "cpu", "contiguous", "clone", "detach"), _other)
GETTERS = dict.fromkeys(("layout", "is_meta"), property(lambda _: 1 / 0))
Late: Any = type("Late", (torch.Tensor,), {**METHODS, **GETTERS})


def test_no_method_of_a_derived_tensor_is_called() -> None:
    late = Late([1.0, 2.0, 3.0])
    assert late.cpu().sum() == 0
    assert torch.equal(decode(encode({"made": late}))["made"], torch.tensor([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("name", ["cpu", "clone", "numpy", "dtype", "layout", "detach", "as_subclass"])
def test_changed_methods_of_tensors_are_noticed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(torch.Tensor, name, lambda self, *_: torch.zeros(3), raising=False)
        with pytest.raises(NotPlainError, match=r"methods of torch\.Tensor were changed"):
            encode(torch.ones(3))
    assert torch.equal(decode(encode(torch.ones(3))), torch.ones(3))


def test_a_message_about_many_tensors_is_written_at_once() -> None:
    many = [torch.zeros(3, 3, 3, 3, 3) for _ in range(3_000)]
    begin = time.perf_counter()
    with pytest.raises(Wrong) as error:
        check.equal(many, 3, "f(9)")
    assert time.perf_counter() - begin < 2
    assert "got [a float32 tensor of shape (3, 3, 3, 3, 3), a float32" in str(error.value)
    assert len(str(error.value)) < 300


def test_a_message_writes_lists_and_dicts_as_python_does() -> None:
    value = {"a": [1, (2,), ()], "b": {"c": "d"}, "e": [None, True, 1.5, (1, 2)]}
    with pytest.raises(Wrong) as error:
        check.equal(value, 3, "f(9)")
    assert str(error.value) == f"f(9): expected 3, got {value!r}"
