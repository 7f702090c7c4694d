"""The account of a model: parameters, activations, bytes and MACs, predicted without running it on data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch
from torch import nn

from coursekit.cost import _trace
from coursekit.cost._trace import Shape

MB = 1e6


@dataclass(frozen=True)
class LayerAccount:
    """The cost of one module in one forward pass, without its children, which have rows of their own.

    Attributes:
        name: its qualified name, as in `model.get_submodule`; "" is the model itself.
        kind: name of its class.
        calls: number of calls. A shared module has one row and several calls. A module that is never called,
            or whose parameters another module uses, has 0.
        output_shape: shape of the first tensor of its last output; None if there is none.
        parameters: values of its own parameters; a shared parameter counts where it comes first.
        activation_bytes: memory that its operations allocated, also if it was freed in between; 0 for views
            and in-place operations.
        macs: multiply-accumulates, forward.
        saved_bytes: memory that it was the first to save for the backward pass; 0 without training.
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
    """The cost of a network for one input; `account` returns it.

    Memory is counted by storage, not by tensor: views and in-place results are not counted twice.

    Attributes:
        name: class of the model.
        size: shape of its input (or a tuple of shapes, for several arguments).
        dtype: of the input and the parameters.
        parameters: values of all parameters, each of them once.
        model_bytes: bytes of parameters and buffers.
        input_bytes: bytes of the input.
        output_bytes: bytes of the output.
        activation_bytes: inference: the memory peak beside the model, input included.
        macs: multiply-accumulates of one forward pass in evaluation mode (the package's text says which
            operations count).
        saved_bytes: training: memory that the forward pass saves for the backward pass (input and output
            where they are needed, no parameters). Without training=True, this and the next three are None.
        gradient_bytes: gradients of the parameters.
        training_bytes: the memory peak of a training step: parameters and buffers, input, output and its
            gradient, saved tensors, gradients of activations, gradients of the parameters. An optimizer's
            state is not included (SGD with momentum: the bytes of the parameters once more, Adam: twice).
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
    layers: tuple[LayerAccount, ...] = field(repr=False)

    @property
    def flops(self) -> int:
        """Floating-point operations, 2 x macs; many tables write FLOPs and mean MACs."""
        return 2 * self.macs

    @property
    def inference_bytes(self) -> int:
        """The memory peak of inference with the model: model_bytes + activation_bytes."""
        return self.model_bytes + self.activation_bytes

    def part(self, name: str) -> LayerAccount:
        """The sum over a module and all modules inside it, such as the "layer1" of a ResNet.

        Args:
            name: its qualified name; "" is the whole model.

        Returns:
            One row with the sums; `output_shape` and `calls` are those of the first row.

        Raises:
            ValueError: no row has that name or begins with it; the message has the names.
        """
        rows = [row for row in self.layers if name in ("", row.name) or row.name.startswith(f"{name}.")]
        if not rows:
            parts = sorted({row.name.partition(".")[0] for row in self.layers})
            raise ValueError(f"{self.name} has no part {name!r}; its parts are {', '.join(parts)}")
        sums = {
            account: sum(getattr(row, account) for row in rows)
            for account in ("parameters", "activation_bytes", "macs", "saved_bytes")
        }
        return replace(rows[0], name=name, kind="", **sums)

    def summary(self) -> dict[str, float]:
        """The four accounts in units for a table: {"10^6 parameters": ..., "10^9 MACs": ..., ...}."""
        accounts = {
            "10^6 parameters": self.parameters / 1e6,
            "10^9 MACs": self.macs / 1e9,
            "inference MB": self.inference_bytes / MB,
        }
        if self.training_bytes is not None:
            accounts["training MB"] = self.training_bytes / MB
        return accounts

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
    """Predicts the cost of `model` for an input of a given shape, without data and without allocating memory.

    A copy of the model, whose tensors have shapes but no values, runs once in evaluation mode, and with
    `training` once more in training mode, forward and backward. The model itself does not change.

    Args:
        model: any module; its forward hooks run too, on tensors without values.
        size: shape of the input, batch first, such as (1, 3, 16, 112, 112); a tuple of shapes for a model
            with several arguments.
        training: predict a training step too: a forward pass, a gradient of each output, a backward pass. The
            input needs no gradient.
        dtype: of the input and of all floating-point parameters. A dtype of whole numbers (token ids) applies
            only to the input.

    Returns:
        Lower bounds of memory, exact numbers of parameters and MACs.

    Raises:
        TypeError: `model` is not a module, or `size` is not a tuple of whole numbers.
        ValueError: an axis shorter than 1, or an input on which the model fails. The message has the size,
            the layer and the model's own error message.

    >>> clip = account(nn.Conv3d(3, 16, kernel_size=3), (1, 3, 100, 224, 224))
    >>> clip.parameters, clip.macs, clip.activation_bytes
    (1312, 6259462272, 369320448)
    """
    _trace.check_model(model)
    shapes = _trace.shapes_of(size)
    forward = _trace.trace(model, shapes, dtype, training=False)
    step = _trace.trace(model, shapes, dtype, training=True) if training else None
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


def _bytes(tensor: torch.Tensor, dtype: torch.dtype) -> int:
    cast = tensor.is_floating_point() and dtype.is_floating_point
    return tensor.numel() * (dtype.itemsize if cast else tensor.element_size())


def _layers(model: nn.Module, forward: _trace.Trace, step: _trace.Trace | None) -> Iterator[LayerAccount]:
    """Rows of the modules that have no children or have a cost of their own."""
    seen: set[nn.Parameter] = set()
    for name, module in model.named_modules():
        own = set(module.parameters(recurse=False)) - seen
        seen |= own
        spent = forward.modules[name]
        saved = step.modules[name].saved_bytes if step else 0
        leaf = next(module.children(), None) is None
        if leaf or own or spent.macs or spent.allocated_bytes or saved:
            yield LayerAccount(
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
