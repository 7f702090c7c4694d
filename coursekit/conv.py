"""The output size, the cost and the receptive field of convolutions, by formula, for any number of axes.

    conv.output_size((100, 224, 224), kernel=3)  # (98, 222, 222)

Names and symbols, for each axis that is convolved (time, height and width for a clip):

    n size   k kernel   s stride   p padding (on both sides)   d dilation   o output size

Batch and channels are not convolved, so they are not part of `size`. All functions compute with whole numbers
and need no tensor.

Source: Lecture 56, 15:57 (sizes, padding and stride per axis) and 18:07 (the four accounts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, prod
from numbers import Integral
from typing import Literal, NamedTuple, overload

from coursekit._shared._rate import frame_rate

Sizes = int | tuple[int, ...]
Padding = int | tuple[int, ...] | Literal["same", "valid"]


class _Rule(NamedTuple):
    """The smallest value of an argument, and the words of its error messages."""

    plural: str
    smallest: int
    hint: str


_RULES = {
    "size": _Rule("sizes", 1, "an empty axis has nothing to convolve"),
    "kernel": _Rule("kernel sizes", 1, "1 looks at one sample at a time"),
    "stride": _Rule("strides", 1, "1 visits every position"),
    "padding": _Rule("paddings", 0, "0 adds nothing, and slicing the input makes it smaller"),
    "dilation": _Rule("dilations", 1, "1 leaves no gaps between the samples of a kernel"),
    "in_channels": _Rule("", 1, "a grey clip has 1, a colour clip 3"),
    "out_channels": _Rule("", 1, "it is the number of kernels"),
    "groups": _Rule("", 1, "1 lets every output channel see every input channel"),
    "bytes_per_value": _Rule("", 1, "float32 has 4, float16 2"),
    "n of n * cost": _Rule("", 1, "1 * cost is the cost of one input"),
}

# ------------------------------------------------------------------------------------- output size


@overload
def output_size(
    size: int, kernel: Sizes, stride: Sizes = 1, padding: Padding = 0, dilation: Sizes = 1
) -> int: ...
@overload
def output_size(
    size: tuple[int, ...], kernel: Sizes, stride: Sizes = 1, padding: Padding = 0, dilation: Sizes = 1
) -> tuple[int, ...]: ...
def output_size(
    size: Sizes, kernel: Sizes, stride: Sizes = 1, padding: Padding = 0, dilation: Sizes = 1
) -> Sizes:
    """Length of a convolution's output along each axis.

        o = floor((n + 2 p - d (k - 1) - 1) / s) + 1

    A single number applies to every axis. A tuple has one number per axis, in the order of `size` (time,
    height, width for a clip). A dilated kernel spans d (k - 1) + 1 samples and reads k of them.

    Args:
        size: n, the input length in samples (frames, pixels), 1 or more per axis, without batch and
            channels.
        kernel: k, in samples.
        stride: s, samples from one position of the kernel to the next.
        padding: p, zeros added at each end. "valid" is 0. "same" adds d (k - 1) zeros in total, so that
            o = n (if this number is odd, the end gets one more than the start), and needs stride 1.
        dilation: d, samples from one value of the kernel to the next.

    Returns:
        o: an int for an int `size`, otherwise a tuple of ints.

    Raises:
        ValueError: a tuple of the wrong length, a value out of range, an unknown word, "same" with a stride
            above 1, or a kernel that spans more than the padded input. The message names the argument, the
            axis and the values.
        TypeError: a value that is not a whole number; True and 2.0 are not.

    Source: Lecture 56, 15:57 (its formula is the case d = 1 where s divides evenly);
        torch.nn.Conv3d for floor, dilation and "same".

    >>> output_size(224, kernel=3)
    222
    >>> output_size((100, 224, 224), kernel=3)
    (98, 222, 222)
    >>> output_size((16, 112, 112), kernel=(3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3))
    (16, 56, 56)
    >>> output_size((100, 224, 224), kernel=3, stride=(1, 2))
    Traceback (most recent call last):
    ...
    ValueError: a 3D convolution needs 3 strides (time, height, width), got 2: (1, 2)
    """
    lengths = _lengths(size)
    axes = len(lengths)
    kernels = _per_axis("kernel", kernel, axes)
    strides = _per_axis("stride", stride, axes)
    dilations = _per_axis("dilation", dilation, axes)
    added = _added(padding, kernels, strides, dilations)
    outputs = tuple(
        _output_length(n, k, s, both_ends, d, name)
        for n, k, s, both_ends, d, name in zip(
            lengths, kernels, strides, added, dilations, _names(axes), strict=True
        )
    )
    return outputs if isinstance(size, (tuple, list)) else outputs[0]


def _output_length(n: int, k: int, s: int, both_ends: int, d: int, axis: str) -> int:
    """The formula for one axis; `both_ends` is 2 p, or the odd number of zeros that "same" may add."""
    span = d * (k - 1) + 1
    if span > n + both_ends:
        raise ValueError(_too_large(n, k, both_ends, d, axis))
    return (n + both_ends - d * (k - 1) - 1) // s + 1


def _too_large(n: int, k: int, both_ends: int, d: int, axis: str) -> str:
    span = d * (k - 1) + 1
    dilated = "" if d == 1 else f" with dilation {d}"
    largest = (n + both_ends - 1) // d + 1
    enough = (span - n + 1) // 2  # half of what is missing, rounded up
    return (
        f"the kernel is larger than the padded input along {axis}: {span} (kernel {k}{dilated}) against "
        f"{n + both_ends} (size {n}, padding {both_ends // 2} at each end); "
        f"use a kernel of {largest} or less, or a padding of {enough} or more"
    )


def _added(
    padding: Padding, kernels: tuple[int, ...], strides: tuple[int, ...], dilations: tuple[int, ...]
) -> tuple[int, ...]:
    """Zeros that padding adds along each axis, at both ends together."""
    if not isinstance(padding, str):
        return tuple(2 * p for p in _per_axis("padding", padding, len(kernels)))
    if padding == "valid":
        return (0,) * len(kernels)
    if padding != "same":
        raise ValueError(
            f"padding must be a whole number, a tuple with one per axis, 'same' or 'valid', got {padding!r}"
        )
    for s, axis in zip(strides, _names(len(strides)), strict=True):
        if s != 1:
            raise ValueError(
                f"padding='same' needs stride 1 on every axis, as in PyTorch, got stride {s} along {axis}; "
                "give the padding as a number: dilation * (kernel - 1) // 2 for an odd kernel"
            )
    return tuple(d * (k - 1) for k, d in zip(kernels, dilations, strict=True))


# ------------------------------------------------------------------------------ cost of a convolution


@dataclass(frozen=True)
class Cost:
    """The cost of one convolution, by formula; `cost` returns it.

    Values are numbers held in memory. MACs are multiply-accumulates: one multiplication and one addition, so
    a FLOP count is twice as large. `n * cost` is the same convolution applied to n separate inputs, for
    example a 2D convolution to n frames: the parameters stay, everything else is multiplied by n.

    Attributes:
        size: input length per convolved axis, for a clip (T, H, W).
        output_size: output length per axis.
        in_channels: C of the input.
        out_channels: number of kernels, C of the output.
        kernel: kernel length per axis.
        groups: number of separate convolutions into which the channels are split.
        bias: whether each kernel adds a bias.
        bytes_per_value: bytes of one value, 4 for float32.
        input_gradient: whether training needs the gradient of the input.
        inputs: number of separate inputs that are convolved.
    """

    size: tuple[int, ...]
    output_size: tuple[int, ...]
    in_channels: int
    out_channels: int
    kernel: tuple[int, ...]
    groups: int
    bias: bool
    bytes_per_value: int
    input_gradient: bool
    inputs: int = 1

    @property
    def weights(self) -> int:
        """Values of all kernels: out_channels x (in_channels / groups) x kernel volume."""
        return self.out_channels * (self.in_channels // self.groups) * prod(self.kernel)

    @property
    def biases(self) -> int:
        """One per kernel, or none."""
        return self.out_channels if self.bias else 0

    @property
    def parameters(self) -> int:
        """Parameter space: weights + biases."""
        return self.weights + self.biases

    @property
    def model_bytes(self) -> int:
        """Model size: parameters x bytes per value."""
        return self.parameters * self.bytes_per_value

    @property
    def input_values(self) -> int:
        """Number of inputs x in_channels x T x H x W, without the zeros of padding."""
        return self.inputs * self.in_channels * prod(self.size)

    @property
    def output_values(self) -> int:
        """Number of inputs x out_channels x output volume: the output activations."""
        return self.inputs * self.out_channels * prod(self.output_size)

    @property
    def activation_bytes(self) -> int:
        """Operational space: input and output, held at the same time.

        This counts all separate inputs. Convolved one after the other, they need the space of one.
        """
        return (self.input_values + self.output_values) * self.bytes_per_value

    @property
    def backward_values(self) -> int:
        """Values of the gradients that a backward pass computes.

        Gradient of the output + gradient of the parameters + gradient of the input (unless
        `input_gradient` is False). Each gradient has as many values as the tensor to which it belongs.
        """
        to_input = self.input_values if self.input_gradient else 0
        return self.output_values + self.parameters + to_input

    @property
    def training_bytes(self) -> int:
        """Parameters, input, output and all gradients, held at the same time.

        The output is held until the backward pass if the next layer of the network needs it there. In that
        case this is a lower bound: libraries add copies of their own, and an optimizer adds its state (Adam
        two more values per parameter).
        """
        return self.model_bytes + self.activation_bytes + self.backward_values * self.bytes_per_value

    @property
    def macs(self) -> int:
        """Operational compute, forward: one MAC for each output value and each weight of its kernel.

        Multiplications by the zeros of the padding count. Adding the bias does not.
        """
        return self.inputs * prod(self.output_size) * self.weights

    @property
    def backward_macs(self) -> int:
        """MACs of the backward pass.

        As many as forward for the gradient of the weights, and (unless `input_gradient` is False) the same
        number again for the gradient of the input.
        """
        return 2 * self.macs if self.input_gradient else self.macs

    def __rmul__(self, inputs: int) -> Cost:
        return replace(self, inputs=_whole("n of n * cost", inputs) * self.inputs)

    __mul__ = __rmul__

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def cost(
    size: Sizes,
    *,
    in_channels: int,
    out_channels: int,
    kernel: Sizes,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    bias: bool = True,
    bytes_per_value: int = 4,
    input_gradient: bool = True,
) -> Cost:
    """The cost of one convolution of one input: parameters, values, bytes and MACs.

    For K kernels on C channels in G groups, with kernel length k and output length o along each axis:

        weights = K (C / G) prod(k)      output values = K prod(o)      MACs = weights x prod(o)

    Args:
        size: input length per axis, without batch and channels: (T, H, W) for a clip, (H, W) for
            an image.
        in_channels: C of the input.
        out_channels: K, the number of kernels.
        kernel: as in `output_size`, one number for all axes or a tuple; so are the next three.
        stride: as in `output_size`.
        padding: as in `output_size`.
        dilation: as in `output_size`.
        groups: G; each group reads C / G input channels and computes K / G output channels.
        bias: whether each kernel adds a bias.
        bytes_per_value: 4 for float32, 2 for float16 and bfloat16.
        input_gradient: whether the backward pass computes the gradient of the input. False for the first
            layer of a network, because training does not need the gradient of the clip.

    Returns:
        The cost for one input; `n * cost(...)` is the cost for n separate inputs.

    Raises:
        ValueError: as `output_size`, and for groups that do not divide both numbers of channels.
        TypeError: a value that is not a whole number; `bias` or `input_gradient` that is not True or False.

    Source: Lecture 56, 18:07 (the doctest is its example).

    >>> clip = cost((100, 224, 224), in_channels=3, out_channels=16, kernel=3)
    >>> clip.output_size, clip.weights, clip.biases, clip.output_values, clip.macs
    ((98, 222, 222), 1296, 16, 77277312, 6259462272)
    >>> frame = cost((224, 224), in_channels=3, out_channels=16, kernel=3)
    >>> clip.output_values / frame.output_values, clip.output_values / (100 * frame).output_values
    (98.0, 0.98)
    """
    lengths = _lengths(size)
    outputs = output_size(lengths, kernel, stride, padding, dilation)
    in_channels = _whole("in_channels", in_channels)
    out_channels = _whole("out_channels", out_channels)
    groups = _whole("groups", groups)
    _check_groups(groups, in_channels, out_channels)
    for argument, flag in {"bias": bias, "input_gradient": input_gradient}.items():
        if not isinstance(flag, bool):
            raise TypeError(f"{argument} must be True or False, got {flag!r} ({type(flag).__name__})")
    return Cost(
        size=lengths,
        output_size=outputs,
        in_channels=in_channels,
        out_channels=out_channels,
        kernel=_per_axis("kernel", kernel, len(lengths)),
        groups=groups,
        bias=bias,
        bytes_per_value=_whole("bytes_per_value", bytes_per_value),
        input_gradient=input_gradient,
    )


def _check_groups(groups: int, in_channels: int, out_channels: int) -> None:
    for argument, channels in {"in_channels": in_channels, "out_channels": out_channels}.items():
        if channels % groups:
            common = gcd(in_channels, out_channels)
            fitting = ", ".join(str(g) for g in range(1, common + 1) if common % g == 0)
            raise ValueError(
                f"groups must divide in_channels and out_channels, got groups={groups} and "
                f"{argument}={channels}; with {in_channels} input and {out_channels} output channels "
                f"groups can be {fitting}"
            )


def _lines(account: Cost) -> Iterator[str]:
    many = "" if account.inputs == 1 else f"{account.inputs:,} times a "
    source = " x ".join(str(n) for n in (account.in_channels, *account.size))
    target = " x ".join(str(n) for n in (account.out_channels, *account.output_size))
    kernel = " x ".join(str(k) for k in account.kernel)
    yield f"{many}{len(account.size)}D convolution, kernel {kernel}: {source} -> {target}"
    for name in (
        "weights",
        "biases",
        "model_bytes",
        "input_values",
        "output_values",
        "activation_bytes",
        "backward_values",
        "training_bytes",
        "macs",
        "backward_macs",
    ):
        words = name.replace("_", " ").replace("macs", "MACs")
        yield f"  {words:16} {getattr(account, name):>18,}"


# ----------------------------------------------------------------------------------- receptive field


@dataclass(frozen=True)
class Layer:
    """One layer of a stack for `receptive_field`: a convolution or a pooling.

    Attributes:
        kernel: kernel length, one number for all axes or a tuple with one per axis.
        stride: stride, in the same form.
        dilation: dilation, in the same form.
    """

    kernel: Sizes
    stride: Sizes = 1
    dilation: Sizes = 1


@dataclass(frozen=True)
class Field:
    """The receptive field of one output value of a stack of layers; `receptive_field` returns it.

    Attributes:
        size: length of the field in samples of the input, per axis.
        step: distance from the field of one output value to the field of the next, in samples, per axis.
        fps: frames per second of the input, if known.
    """

    size: tuple[int, ...]
    step: tuple[int, ...]
    fps: float | Fraction | None = None

    @property
    def frames(self) -> int:
        """Length along time. It is 1 for two axes (height, width): the field lies in one frame."""
        return 1 if len(self.size) == 2 else self.size[0]

    @property
    def pixels(self) -> tuple[int, ...]:
        """Length along the axes of space: (height, width), or () if time is the only axis."""
        return self.size if len(self.size) == 2 else self.size[1:]

    @property
    def seconds(self) -> float | None:
        """Duration of these frames, frames / fps; None if fps is not known."""
        return None if self.fps is None else self.frames / float(self.fps)


def receptive_field(layers: Iterable[Layer], *, fps: float | Fraction | None = None) -> Field:
    """The part of the input that one output value of a stack of layers depends on.

    The size r and the step j start at 1 along each axis. Each layer changes them to

        r <- r + d (k - 1) j      j <- j s

    Padding does not change the field. At the border, a part of the field covers zeros.

    Args:
        layers: in the order of the forward pass. A single number applies to all axes. The first tuple
            determines the number of axes; without any tuple there are 3 (time, height, width).
        fps: frames per second of the input, for the field in seconds.

    Returns:
        Field(size, step, fps) with `frames`, `pixels` and `seconds`.

    Raises:
        ValueError: as `output_size`, with the number of the layer (the first is 0); fps is no frame rate.
        TypeError: a layer that is not a `Layer`, or a value that is not a number.

    Source: Lecture 56, 18:07 (how few frames two seconds have, and how little they differ); A. Araujo,
        W. Norris, J. Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill, 2019.

    >>> field = receptive_field([Layer(3), Layer(3, stride=(1, 2, 2)), Layer(3)], fps=50)
    >>> field.size, field.step, field.seconds
    ((7, 9, 9), (1, 2, 2), 0.14)
    """
    if fps is not None:
        frame_rate(fps)
    if isinstance(layers, Layer):
        raise TypeError(f"layers must be a list of layers, got one: write [{layers!r}]")
    layers = list(layers)  # a generator gives its layers once only
    axes = _axes(layers)
    size = (1,) * axes
    step = (1,) * axes
    for number, layer in enumerate(layers):
        try:
            kernel = _per_axis("kernel", layer.kernel, axes)
            stride = _per_axis("stride", layer.stride, axes)
            dilation = _per_axis("dilation", layer.dilation, axes)
        except (TypeError, ValueError) as error:
            raise type(error)(f"layer {number}: {error}") from None
        size = tuple(r + d * (k - 1) * j for r, k, d, j in zip(size, kernel, dilation, step, strict=True))
        step = tuple(j * s for j, s in zip(step, stride, strict=True))
    return Field(size, step, fps)


def _axes(layers: Sequence[Layer]) -> int:
    for number, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise TypeError(
                f"layer {number} must be a Layer such as Layer(kernel=3, stride=2), "
                f"got {layer!r} ({type(layer).__name__})"
            )
    given = [value for layer in layers for value in (layer.kernel, layer.stride, layer.dilation)]
    return next((len(value) for value in given if isinstance(value, (tuple, list))), 3)


# ------------------------------------------------------------------------------- reading the arguments


def _names(axes: int) -> tuple[str, ...]:
    """The names of the axes in messages."""
    known = {1: ("length",), 2: ("height", "width"), 3: ("time", "height", "width")}
    return known.get(axes, tuple(f"axis {axis}" for axis in range(axes)))


def _lengths(size: Sizes) -> tuple[int, ...]:
    """`size` as a tuple of ints."""
    if not isinstance(size, (tuple, list)):
        return (_whole("size", size),)
    if not size:
        raise ValueError("size needs at least one axis, got (); a clip has three: (T, H, W)")
    return _per_axis("size", size, len(size))


def _per_axis(argument: str, value: Sizes, axes: int) -> tuple[int, ...]:
    """One checked number per axis."""
    if not isinstance(value, (tuple, list)):
        return (_whole(argument, value),) * axes
    if len(value) != axes:
        raise ValueError(_wrong_count(argument, tuple(value), axes))
    names = _names(axes)
    return tuple(
        _whole(argument, number, f" along {name}") for number, name in zip(value, names, strict=True)
    )


def _wrong_count(argument: str, value: tuple[int, ...], axes: int) -> str:
    what = argument.replace("kernel", "kernel size") if axes == 1 else _RULES[argument].plural
    message = (
        f"a {axes}D convolution needs {axes} {what} ({', '.join(_names(axes))}), got {len(value)}: {value}"
    )
    if axes == 1:
        return f"{message}; for more axes give size as a tuple, too"
    if axes > 3:
        return f"{message}; size counts the convolved axes only, not batch and channels"
    return message


def _whole(argument: str, value: int, where: str = "") -> int:
    """`value` as an int; an error if it is not a whole number, or too small for this argument."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        message = f"{argument} must be a whole number, got {value!r} ({type(value).__name__}){where}"
        raise TypeError(message + _advice(value))
    rule = _RULES[argument]
    if value < rule.smallest:
        raise ValueError(f"{argument} must be {rule.smallest} or more, got {value}{where}; {rule.hint}")
    return int(value)


def _advice(value: object) -> str:
    """The end of the error message: what to write instead of something that is not a whole number."""
    if isinstance(value, float):
        exact = f"write {int(value)}" if value.is_integer() else "round it"
        return f"; {exact}, or divide with // to stay whole"
    return "; write it as an int, such as 1"
