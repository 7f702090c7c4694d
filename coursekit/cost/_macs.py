"""The number of multiply-accumulates of one operation, from the shapes of its tensors.

Every function takes the operation's result and its arguments, in PyTorch's order. `MACS` assigns the
functions to the operations. Adding a bias does not count. An operation that is not in `MACS` has no MACs.

Source: the signatures of PyTorch's operations, aten/src/ATen/native/native_functions.yaml.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch

aten = torch.ops.aten


def _convolution(out: Any, x: torch.Tensor, weight: torch.Tensor, *rest: Any) -> int:
    """Each position of the output (transposed: of the input) is multiplied with each weight once."""
    transposed = rest[4]
    steps = x if transposed else out  # (N, channels, positions along each axis)
    return steps.shape[0] * prod(steps.shape[2:]) * weight.numel()


def _convolution_backward(out: Any, grad: Any, x: torch.Tensor, weight: torch.Tensor, *rest: Any) -> int:
    """As many as forward for the gradient of the input, and as many for that of the weights, if asked for."""
    to_input, to_weight, _ = rest[-1]
    return _convolution(grad, x, weight, *rest[:7]) * (int(to_input) + int(to_weight))


def _product(out: Any, a: torch.Tensor, b: torch.Tensor, *rest: Any) -> int:
    """(..., n, k) times (..., k, m): every value of `a` is multiplied with m values of `b`."""
    return a.numel() * b.shape[-1]


def _added_product(out: Any, added: Any, a: torch.Tensor, b: torch.Tensor, *rest: Any) -> int:
    return _product(out, a, b)


def _vector(out: Any, a: torch.Tensor, b: torch.Tensor, *rest: Any) -> int:
    return a.numel()


def _added_vector(out: Any, added: Any, a: torch.Tensor, b: torch.Tensor, *rest: Any) -> int:
    return a.numel()


def _linear(out: Any, x: torch.Tensor, weight: torch.Tensor, *rest: Any) -> int:
    return x.numel() * weight.shape[0]


def _attention(out: Any, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *rest: Any) -> int:
    """Two products in one: q (..., L, E) with k (..., S, E), then (..., L, S) with v (..., S, V)."""
    return q.numel() * k.shape[-2] + prod(q.shape[:-1]) * v.numel() // prod(v.shape[:-2])


def _attention_backward(out: Any, grad: Any, q: torch.Tensor, k: torch.Tensor, v: Any, *rest: Any) -> int:
    """Five products: the weights again, and the gradients of v, of the weights, of q and of k."""
    to_k = q.numel() * k.shape[-2]
    to_v = _attention(out, q, k, v) - to_k
    return 3 * to_k + 2 * to_v


def _recurrent(out: Any, x: torch.Tensor, from_input: torch.Tensor, from_state: torch.Tensor, *_: Any) -> int:
    """One LSTM layer: each of the T x B steps uses every weight of its two matrices once."""
    return x.shape[0] * x.shape[1] * (from_input.numel() + from_state.numel())


def _recurrent_backward(out: Any, x: torch.Tensor, *weights: Any) -> int:
    """As many as forward for the weights, and as many for the input and the states before each step.

    oneDNN computes all of them, also where nobody asked for the gradient of the input.
    """
    return 2 * _recurrent(out, x, *weights)


MACS: dict[Any, Callable[..., int]] = {
    aten.convolution: _convolution,
    aten.convolution_backward: _convolution_backward,
    aten.mm: _product,
    aten.bmm: _product,
    aten.addmm: _added_product,
    aten.baddbmm: _added_product,
    aten.addbmm: _added_product,
    aten.mv: _vector,
    aten.dot: _vector,
    aten.vdot: _vector,
    aten.addmv: _added_vector,
    aten.linear: _linear,
    aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
    aten.mkldnn_rnn_layer: _recurrent,
    aten.mkldnn_rnn_layer_backward: _recurrent_backward,
}
