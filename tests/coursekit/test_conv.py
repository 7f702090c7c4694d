"""coursekit.conv against PyTorch's own convolutions, its FLOP counter, and counting by hand.

The references are PyTorch on tensors without data (meta), so that thousands of settings take seconds;
where meta checks too little (a stride of 0), PyTorch on real tensors.
"""

import doctest
import itertools
import re
import warnings
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from coursekit import conv

CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
MODULES = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
NAMES = {1: ["length"], 2: ["height", "width"], 3: ["time", "height", "width"]}

deterministic = settings(deadline=None, derandomize=True)


def many(examples: int) -> settings:
    return settings(deterministic, max_examples=examples)


def spread(value, axes):
    """A number for every axis, as a tuple."""
    return value if isinstance(value, tuple) else (value,) * axes


# --------------------------------------------------------------------------------------- the settings


def per_axis(axes, values):
    """One number for all axes, or one for each."""
    return values | st.tuples(*[values] * axes)


@cache
def windows(axes, *, size=24, kernel=6, words=True):
    """Settings as a learner writes them; about a quarter of them do not fit."""
    paddings = per_axis(axes, st.integers(0, 4))
    if words:
        paddings |= st.sampled_from(["same", "valid"])
    return st.fixed_dictionaries(
        {
            "size": st.tuples(*[st.integers(1, size)] * axes),
            "kernel": per_axis(axes, st.integers(1, kernel)),
            "stride": st.just(1) | per_axis(axes, st.integers(1, 4)),
            "padding": paddings,
            "dilation": st.just(1) | per_axis(axes, st.integers(1, 4)),
        }
    )


any_window = windows(1) | windows(2) | windows(3)


def meta_convolution(size, kernel, stride=1, padding=0, dilation=1):
    """The output size that PyTorch gives, or the error that it raises."""
    axes = len(size)
    clip = torch.empty(1, 1, *size, device="meta")
    weight = torch.empty(1, 1, *spread(kernel, axes), device="meta")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an even kernel with "same" makes PyTorch copy, and say so
            output = CONVOLVE[axes](clip, weight, stride=stride, padding=padding, dilation=dilation)
    except RuntimeError as error:
        return error
    return tuple(output.shape[2:])


def fits(window):
    return isinstance(meta_convolution(**window), tuple)


# ---------------------------------------------------------------------------------------- output size


def test_output_size_is_that_of_pytorch():
    seen = Counter()

    @many(2000)
    @given(any_window)
    @example({"size": (100, 224, 224), "kernel": 3, "stride": 1, "padding": 0, "dilation": 1})
    @example({"size": (7, 8), "kernel": 4, "stride": 1, "padding": "same", "dilation": 3})
    @example({"size": (5,), "kernel": 3, "stride": 4, "padding": 0, "dilation": 2})
    @example({"size": (5,), "kernel": 3, "stride": 4, "padding": 0, "dilation": 3})
    def compare(window):
        expected = meta_convolution(**window)
        if isinstance(expected, tuple):
            seen["fits"] += 1
            assert conv.output_size(**window) == expected
            return
        with pytest.raises(ValueError) as caught:
            conv.output_size(**window)
        if "Kernel size can't be greater" in str(expected):
            seen["too large"] += 1
            assert str(caught.value).startswith("the kernel is larger than the padded input along ")
        else:
            seen["same with a stride"] += 1
            assert "padding='same' is not supported for strided convolutions" in str(expected)
            assert str(caught.value).startswith(
                "padding='same' needs stride 1 on every axis, as in PyTorch, "
            )

    compare()
    assert seen["fits"] > 1000 and seen["too large"] > 200 and seen["same with a stride"] > 30, seen


@many(300)
@given(windows(1))
def test_an_int_size_gives_an_int(window):
    expected = meta_convolution(**window)
    (window["size"],) = window["size"]
    if not isinstance(expected, tuple):
        with pytest.raises(ValueError, match="along length"):
            conv.output_size(**window)
        return
    got = conv.output_size(**window)
    assert type(got) is int
    assert (got,) == expected


@many(300)
@given(windows(3).filter(fits))
def test_each_axis_is_by_itself(window):
    axes = {name: spread(value, 3) for name, value in window.items() if name != "padding"}
    axes["padding"] = spread(window["padding"], 3)
    one_by_one = tuple(
        conv.output_size(**{name: values[axis] for name, values in axes.items()}) for axis in range(3)
    )
    assert conv.output_size(**window) == one_by_one


@many(300)
@given(windows(2, words=False))
def test_the_message_names_the_axis_and_a_value_that_works(window):
    if fits(window):
        return
    with pytest.raises(ValueError) as caught:
        conv.output_size(**window)
    message = str(caught.value)
    match = re.search(
        r"along (\w+): (\d+) .*against (\d+) .*kernel of (\d+) or less.*padding of (\d+) or", message
    )
    assert match, message
    axis = NAMES[2].index(match[1])
    alone = {name: spread(value, 2)[axis] for name, value in window.items()}
    span, padded, largest_kernel, smallest_padding = map(int, match.groups()[1:])
    assert span == alone["dilation"] * (alone["kernel"] - 1) + 1
    assert padded == alone["size"] + 2 * alone["padding"]
    alone["size"] = (alone["size"],)
    assert fits(alone | {"kernel": largest_kernel})
    assert not fits(alone | {"kernel": largest_kernel + 1})
    assert fits(alone | {"padding": smallest_padding})
    assert not fits(alone | {"padding": smallest_padding - 1})


@given(st.lists(st.integers(3, 30), min_size=4, max_size=6).map(tuple))
def test_any_number_of_axes(size):
    assert conv.output_size(size, 3, 2) == tuple((n - 3) // 2 + 1 for n in size)


def test_the_lectures_examples():
    assert conv.output_size(224, 3) == 222
    assert conv.output_size(100, 3) == 98
    assert conv.output_size((100, 224, 224), kernel=3) == (98, 222, 222)


def test_takes_what_clips_and_numpy_hand_over():
    clip = torch.empty(3, 100, 20, 30, device="meta")
    assert conv.output_size(clip.shape[1:], [3, 5, 5]) == (98, 16, 26)
    sizes = conv.output_size(tuple(np.array([100, 20, 30])), np.int64(3))
    assert sizes == (98, 18, 28)
    assert all(type(size) is int for size in sizes)


# ---------------------------------------------------------------------------- output size: bad settings

BAD = {
    "stride": [0, -1, 2.0, True, (1, 0), (2.0, 1), (1, 2, 1), "2", None],
    "padding": [-1, 1.0, True, (0, -1), (0, 1.0), (1, 1, 1), "sam", "SAME", ("same", 0), None],
    "dilation": [0, -1, 2.0, True, (1, 0), (1, 1.5), (True, 1), (1, 2, 1), "2", None],
}


@pytest.mark.parametrize(
    ("argument", "value"), [(name, bad) for name, values in BAD.items() for bad in values]
)
def test_what_pytorch_refuses_is_refused_by_name(argument, value):
    frame, weight = torch.ones(1, 1, 9, 9), torch.ones(1, 1, 3, 3)
    with pytest.raises((RuntimeError, TypeError)):  # the reference: real tensors, which check everything
        F.conv2d(frame, weight, **{argument: value})
    with pytest.raises((ValueError, TypeError), match=argument):
        conv.output_size((9, 9), 3, **{argument: value})


@many(300)
@given(st.data(), st.integers(1, 3), st.sampled_from(["size", "kernel", "stride", "padding", "dilation"]))
def test_one_bad_number_is_found_wherever_it_is(data, axes, argument):
    window = {"size": 9, "kernel": 3, "stride": 1, "padding": 1, "dilation": 1}
    window = {name: [value] * axes for name, value in window.items()}
    axis = data.draw(st.integers(0, axes - 1))
    smallest = 0 if argument == "padding" else 1
    wrong = data.draw(st.integers(-5, smallest - 1) | st.sampled_from([2.0, 2.5, True, "3", None, 1j]))
    window[argument][axis] = wrong
    kind = ValueError if type(wrong) is int else TypeError
    with pytest.raises(kind) as caught:
        conv.output_size(**{name: tuple(values) for name, values in window.items()})
    problem = f"{smallest} or more, got {wrong}" if kind is ValueError else f"a whole number, got {wrong!r}"
    assert str(caught.value).startswith(f"{argument} must be {problem}")
    assert f"along {NAMES[axes][axis]};" in str(caught.value)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    ("argument", "word"),
    [
        ("kernel", "kernel size"),
        ("stride", "stride"),
        ("padding", "padding"),
        ("dilation", "dilation"),
    ],
)
def test_a_tuple_has_one_entry_per_axis(axes, argument, word):
    for count in {0, 1, 2, 3, 4} - {axes}:
        value = (1,) * count
        words = word if axes == 1 else f"{word}s"
        expected = (
            f"a {axes}D convolution needs {axes} {words} ({', '.join(NAMES[axes])}), got {count}: {value}"
        )
        with pytest.raises(ValueError) as caught:
            conv.output_size((9,) * axes, **({"kernel": 3} | {argument: value}))
        message = str(caught.value)
        assert message == (expected if axes > 1 else f"{expected}; for more axes give size as a tuple, too")


MESSAGES = [
    (
        {"size": (100, 224, 224), "stride": (1, 2)},
        "a 3D convolution needs 3 strides (time, height, width), got 2: (1, 2)",
    ),
    (
        {"size": (100, 5, 224), "kernel": (3, 7, 7)},
        "the kernel is larger than the padded input along height: 7 (kernel 7) against 5 (size 5, "
        "padding 0 at each end); use a kernel of 5 or less, or a padding of 1 or more",
    ),
    (
        {"size": (4, 20), "dilation": 3, "padding": 1},
        "the kernel is larger than the padded input along height: 7 (kernel 3 with dilation 3) against 6 "
        "(size 4, padding 1 at each end); use a kernel of 2 or less, or a padding of 2 or more",
    ),
    (
        {"size": (9, 9, 9), "padding": "same", "stride": (1, 2, 2)},
        "padding='same' needs stride 1 on every axis, as in PyTorch, got stride 2 along height; give the "
        "padding as a number: dilation * (kernel - 1) // 2 for an odd kernel",
    ),
    (
        {"size": 9, "padding": "full"},
        "padding must be a whole number, a tuple with one per axis, 'same' or 'valid', got 'full'",
    ),
    (
        {"size": (9, 9), "stride": (2, 0)},
        "stride must be 1 or more, got 0 along width; 1 visits every position",
    ),
    ({"size": 0}, "size must be 1 or more, got 0; an empty axis has nothing to convolve"),
    ({"size": ()}, "size needs at least one axis, got (); a clip has three: (T, H, W)"),
    (
        {"size": (3, 100, 224, 224), "kernel": (3, 3, 3)},
        "a 4D convolution needs 4 kernel sizes (axis 0, axis 1, axis 2, axis 3), got 3: (3, 3, 3); size "
        "counts the convolved axes only, not batch and channels",
    ),
    (
        {"size": 224 / 2},
        "size must be a whole number, got 112.0 (float); write 112, or divide with // to stay whole",
    ),
    (
        {"size": 225 / 2},
        "size must be a whole number, got 112.5 (float); round it, or divide with // to stay whole",
    ),
    (
        {"size": 9, "stride": True},
        "stride must be a whole number, got True (bool); write it as an int, such as 1",
    ),
]


@pytest.mark.parametrize(("window", "message"), MESSAGES)
def test_messages(window, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        conv.output_size(**({"kernel": 3} | window))
    assert str(caught.value) == message


# ------------------------------------------------------------------------------- cost of a convolution


@cache
def convolutions(size=12, channels=3, kernel=4):
    """Settings of `cost` that fit, with groups."""
    drawn = st.one_of([windows(axes, size=size, kernel=kernel).filter(fits) for axes in (1, 2, 3)])
    per_group = st.integers(1, channels)
    return st.builds(grouped, drawn, st.integers(1, 3), per_group, per_group, st.booleans())


def grouped(window, groups, inputs, outputs, bias):
    return window | {
        "in_channels": groups * inputs,
        "out_channels": groups * outputs,
        "groups": groups,
        "bias": bias,
    }


def meta_module(setting):
    """The same convolution as PyTorch's module, without data, and a batch of one for it."""
    setting = dict(setting)
    size = setting.pop("size")
    setting["kernel_size"] = setting.pop("kernel")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = MODULES[len(size)](**setting, device="meta")
    return module, torch.empty(1, setting["in_channels"], *size, device="meta", requires_grad=True)


def flops(module, clip):
    """FLOPs that PyTorch counts, forward and backward."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with FlopCounterMode(display=False) as forward:
            output = module(clip)
        with FlopCounterMode(display=False) as backward:
            output.sum().backward()
    return forward.get_total_flops(), backward.get_total_flops()


@many(300)
@given(convolutions(), st.integers(1, 5))
def test_cost_is_that_of_pytorchs_module(setting, inputs):
    account = inputs * conv.cost(**setting)
    module, clip = meta_module(setting)
    batch = clip.expand(inputs, *clip.shape[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output = module(batch)
    parameters = list(module.parameters())
    assert account.output_size == tuple(output.shape[2:])
    assert account.weights == module.weight.numel()
    assert account.biases == (0 if module.bias is None else module.bias.numel())
    assert account.parameters == sum(p.numel() for p in parameters)
    assert account.model_bytes == sum(p.nbytes for p in parameters)
    assert account.input_values == batch.numel()
    assert account.output_values == output.numel()
    assert account.activation_bytes == batch.nbytes + output.nbytes


@many(150)
@given(convolutions().filter(lambda setting: setting["groups"] == 1), st.integers(1, 3))
def test_macs_are_half_of_pytorchs_flops(setting, inputs):
    account = inputs * conv.cost(**setting)
    module, clip = meta_module(setting)
    forward, backward = flops(module, clip.detach().repeat(inputs, *[1] * (clip.ndim - 1)).requires_grad_())
    assert forward == 2 * account.macs
    assert backward == 2 * account.backward_macs
    _, first_layer = flops(module, clip.detach())
    assert first_layer == 2 * conv.cost(**setting, input_gradient=False).backward_macs


@many(100)
@given(convolutions())
def test_groups_are_separate_convolutions(setting):
    account = conv.cost(**setting)
    groups = setting["groups"]
    one_group = setting | {
        "in_channels": setting["in_channels"] // groups,
        "out_channels": setting["out_channels"] // groups,
        "groups": 1,
    }
    forward, backward = flops(*meta_module(one_group))
    assert groups * forward == 2 * account.macs
    assert groups * backward == 2 * account.backward_macs
    # Asked about all groups at once, PyTorch's counter agrees forward, but for the gradient of the weights it
    # lets every output channel meet every input channel: `groups` times too many.
    forward, backward = flops(*meta_module(setting))
    assert forward == 2 * account.macs
    assert backward == 2 * account.macs + groups * 2 * account.macs


def multiplications(size, kernel, stride, before, after, dilation, in_channels, out_channels, groups):
    """Go through every position, kernel and weight of a convolution, and count."""
    axes = len(size)
    starts = []
    for axis in range(axes):
        padded = before[axis] + size[axis] + after[axis]
        last = dilation[axis] * (kernel[axis] - 1)
        starts.append([at for at in range(0, padded, stride[axis]) if at + last < padded])
    count = 0
    for _ in itertools.product(*starts):
        for output_channel in range(out_channels):
            group = output_channel // (out_channels // groups)
            for input_channel in range(in_channels):
                if input_channel // (in_channels // groups) == group:
                    count += len(list(itertools.product(*[range(k) for k in kernel])))
    return count


@many(100)
@given(convolutions(size=5, channels=2, kernel=3))
def test_macs_counted_one_by_one(setting):
    axes = len(setting["size"])
    window = {name: spread(setting[name], axes) for name in ("size", "kernel", "stride", "dilation")}
    before = after = (0,) * axes
    if setting["padding"] == "same":
        total = [d * (k - 1) for d, k in zip(window["dilation"], window["kernel"], strict=True)]
        before, after = [t // 2 for t in total], [t - t // 2 for t in total]
    elif setting["padding"] != "valid":
        before = after = spread(setting["padding"], axes)
    channels = {name: setting[name] for name in ("in_channels", "out_channels", "groups")}
    assert conv.cost(**setting).macs == multiplications(**window, before=before, after=after, **channels)


@many(100)
@given(convolutions(), st.sampled_from([torch.float16, torch.float32, torch.float64]))
def test_training_holds_every_tensor_and_its_gradient(setting, dtype):
    bytes_per_value = torch.empty(0, dtype=dtype).element_size()
    module, clip = meta_module(setting)
    module = module.to(dtype)
    clip = clip.detach().to(dtype).requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output = module(clip)
        output.retain_grad()
        output.sum().backward()
    held = [clip, output, *module.parameters()]
    account = conv.cost(**setting, bytes_per_value=bytes_per_value)
    assert account.backward_values == sum(tensor.grad.numel() for tensor in held)
    assert account.training_bytes == sum(tensor.nbytes + tensor.grad.nbytes for tensor in held)
    first_layer = conv.cost(**setting, bytes_per_value=bytes_per_value, input_gradient=False)
    assert first_layer.training_bytes == account.training_bytes - clip.grad.nbytes


@many(100)
@given(convolutions(), st.integers(1, 9), st.integers(1, 9))
def test_a_number_of_separate_inputs(setting, few, more):
    one = conv.cost(**setting)
    assert few * one == one * few
    assert few * (more * one) == (few * more) * one
    assert 1 * one == one
    assert (few * one).parameters == one.parameters
    assert (few * one).activation_bytes == few * one.activation_bytes
    assert (few * one).macs == few * one.macs
    assert (few * one).backward_values == few * (one.backward_values - one.parameters) + one.parameters


def test_the_lectures_worked_example():
    frame = conv.cost((224, 224), in_channels=3, out_channels=16, kernel=3)
    clip = conv.cost((100, 224, 224), in_channels=3, out_channels=16, kernel=3)
    frames = 100 * frame
    assert (frame.weights, frame.biases, frame.output_values, frame.macs) == (432, 16, 788_544, 21_290_688)
    assert clip.output_size == (98, 222, 222)
    assert (clip.weights, clip.biases) == (1_296, 16)
    assert (clip.output_values, clip.macs) == (77_277_312, 6_259_462_272)
    assert clip.output_values == 98 * frame.output_values
    assert (frames.output_values, frames.macs) == (78_854_400, 2_129_068_800)
    assert clip.weights / frame.weights == 3
    assert clip.macs / frame.macs == 294
    assert round(clip.macs / frames.macs, 2) == 2.94
    assert round(clip.activation_bytes / 1e6, 1) == 369.3
    assert round(frames.activation_bytes / 1e6, 1) == 375.6


def test_printed_for_a_reader():
    clip = conv.cost((100, 224, 224), in_channels=3, out_channels=16, kernel=(3, 5, 5), padding="same")
    lines = str(clip).splitlines()
    assert lines[0] == "3D convolution, kernel 3 x 5 x 5: 3 x 100 x 224 x 224 -> 16 x 100 x 224 x 224"
    printed = dict(re.fullmatch(r"  (\S.*?) {2,}([\d,]+)", line).groups() for line in lines[1:])
    accounts = {name.lower().replace(" ", "_"): int(text.replace(",", "")) for name, text in printed.items()}
    assert accounts == {name: getattr(clip, name) for name in accounts}
    assert {"weights", "biases", "model_bytes", "activation_bytes", "training_bytes", "macs"} <= set(accounts)
    assert len({len(line) for line in lines[1:]}) == 1, "the numbers stand in one column"
    assert str(1200 * clip).startswith("1,200 times a 3D convolution, kernel 3 x 5 x 5: 3 x 100 x")


def test_a_cost_cannot_be_changed():
    account = conv.cost(9, in_channels=1, out_channels=1, kernel=3)
    with pytest.raises(AttributeError):
        account.kernel = (5,)
    assert len({account, 1 * account}) == 1


COST_MESSAGES = [
    (
        {"in_channels": 3, "groups": 2},
        "groups must divide in_channels and out_channels, got groups=2 and in_channels=3; with 3 input and "
        "16 output channels groups can be 1",
    ),
    (
        {"in_channels": 12, "groups": 6},
        "groups must divide in_channels and out_channels, got groups=6 and out_channels=16; with 12 input "
        "and 16 output channels groups can be 1, 2, 4",
    ),
    ({"groups": 0}, "groups must be 1 or more, got 0; 1 lets every output channel see every input channel"),
    ({"in_channels": 0}, "in_channels must be 1 or more, got 0; a grey clip has 1, a colour clip 3"),
    ({"out_channels": -4}, "out_channels must be 1 or more, got -4; it is the number of kernels"),
    ({"bytes_per_value": 0}, "bytes_per_value must be 1 or more, got 0; float32 has 4, float16 2"),
    (
        {"out_channels": 16.0},
        "out_channels must be a whole number, got 16.0 (float); write 16, or divide with // to stay whole",
    ),
    ({"groups": True}, "groups must be a whole number, got True (bool); write it as an int, such as 1"),
    ({"bias": 16}, "bias must be True or False, got 16 (int)"),
    ({"input_gradient": "no"}, "input_gradient must be True or False, got 'no' (str)"),
    ({"stride": (1, 2)}, "a 3D convolution needs 3 strides (time, height, width), got 2: (1, 2)"),
]


@pytest.mark.parametrize(("wrong", "message"), COST_MESSAGES)
def test_cost_messages(wrong, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        conv.cost((9, 9, 9), **({"in_channels": 3, "out_channels": 16, "kernel": 3} | wrong))
    assert str(caught.value) == message


@many(200)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))
def test_groups_that_do_not_divide_are_refused_as_in_pytorch(in_channels, out_channels, groups):
    channels = {"in_channels": in_channels, "out_channels": out_channels, "groups": groups}
    try:
        nn.Conv1d(**channels, kernel_size=1, device="meta")
    except ValueError:
        with pytest.raises(ValueError, match="groups must divide in_channels and out_channels"):
            conv.cost(9, **channels, kernel=1)
    else:
        assert conv.cost(9, **channels, kernel=1).groups == groups


@pytest.mark.parametrize(
    ("count", "kind"), [(0, ValueError), (-3, ValueError), (2.0, TypeError), (True, TypeError)]
)
def test_a_cost_is_multiplied_by_whole_numbers(count, kind):
    with pytest.raises(kind, match=re.escape("n of n * cost must be")):
        count * conv.cost(9, in_channels=1, out_channels=1, kernel=3)


# ----------------------------------------------------------------------------------- receptive field


@cache
def stacks(axes):
    """How many axes, and a few layers of which the first has a tuple."""
    layer = st.builds(
        conv.Layer,
        kernel=per_axis(axes, st.integers(1, 3)),
        stride=per_axis(axes, st.integers(1, 2 if axes == 3 else 3)),
        dilation=per_axis(axes, st.integers(1, 2)),
    )
    layers = st.lists(layer, min_size=1, max_size=2 if axes == 3 else 3)
    return st.tuples(
        st.just(axes),
        layers.map(lambda drawn: [replace(drawn[0], kernel=spread(drawn[0].kernel, axes)), *drawn[1:]]),
    )


def influence(axes, layers, output):
    """First and last input sample, per axis, that one output value depends on: by autograd."""
    modules = [
        MODULES[axes](
            1, 1, layer.kernel, layer.stride, dilation=layer.dilation, bias=False, dtype=torch.float64
        )
        for layer in layers
    ]
    for module in modules:
        nn.init.ones_(module.weight)
    length = 1 + max(output)
    for layer in reversed(layers):  # an input just large enough for that output
        longest = [max(spread(value, axes)) for value in (layer.kernel, layer.stride, layer.dilation)]
        length = (length - 1) * longest[1] + longest[2] * (longest[0] - 1) + 1
    clip = torch.zeros(1, 1, *[length] * axes, dtype=torch.float64, requires_grad=True)
    nn.Sequential(*modules)(clip)[(0, 0, *output)].backward()
    seen = clip.grad[0, 0].numpy().nonzero()  # per axis, the indices of the samples with influence
    return [int(at.min()) for at in seen], [int(at.max()) for at in seen]


@many(80)
@given(stacks(1) | stacks(2) | stacks(3))
def test_receptive_field_is_what_influences_an_output(stack):
    axes, layers = stack
    field = conv.receptive_field(layers)
    first, last = influence(axes, layers, (0,) * axes)
    assert field.size == tuple(end - start + 1 for start, end in zip(first, last, strict=True))
    next_first, _ = influence(axes, layers, (1,) * axes)
    assert field.step == tuple(later - start for start, later in zip(first, next_first, strict=True))


def test_numbers_alone_are_for_time_height_and_width():
    field = conv.receptive_field([conv.Layer(3), conv.Layer(3, stride=2), conv.Layer(3, dilation=2)])
    assert (field.size, field.step) == ((13, 13, 13), (2, 2, 2))
    assert conv.receptive_field([]) == conv.Field((1, 1, 1), (1, 1, 1))
    assert conv.receptive_field(conv.Layer(3) for _ in range(3)) == conv.Field((7, 7, 7), (1, 1, 1))


def test_frames_pixels_and_seconds():
    split = [conv.Layer((1, 7, 7), stride=(1, 2, 2)), conv.Layer((3, 1, 1))]
    field = conv.receptive_field(split, fps=50)
    assert (field.frames, field.pixels, field.step) == (3, (7, 7), (1, 2, 2))
    assert field.seconds == 3 / 50
    assert conv.receptive_field(split).seconds is None
    assert conv.receptive_field(split, fps=Fraction(30000, 1001)).seconds == pytest.approx(3 * 1001 / 30000)


def test_an_image_network_sees_one_frame_and_a_sequence_network_no_pixels():
    image = conv.receptive_field([conv.Layer((3, 5))], fps=25)
    assert (image.frames, image.pixels, image.seconds) == (1, (3, 5), 1 / 25)
    sequence = conv.receptive_field([conv.Layer((3,)), conv.Layer(3)], fps=25)
    assert (sequence.frames, sequence.pixels, sequence.seconds) == (5, (), 5 / 25)


RATE = (
    "{} must be a number of frames per second above 0 (from 1/100000 to 20000): write it as a number, "
    "such as 25 or Fraction(30000, 1001)"
)
FIELD_MESSAGES = [
    (
        [conv.Layer(3), conv.Layer((3, 3, 3), stride=(1, 2))],
        None,
        "layer 1: a 3D convolution needs 3 strides (time, height, width), got 2: (1, 2)",
    ),
    ([conv.Layer(0)], None, "layer 0: kernel must be 1 or more, got 0; 1 looks at one sample at a time"),
    (
        [conv.Layer(3), conv.Layer(3, dilation=(1, 2.0, 1))],
        None,
        "layer 1: dilation must be a whole number, got 2.0 (float) along height; write 2, or divide with // "
        "to stay whole",
    ),
    ([3, 3], None, "layer 0 must be a Layer such as Layer(kernel=3, stride=2), got 3 (int)"),
    (
        conv.Layer(3),
        None,
        "layers must be a list of layers, got one: write [Layer(kernel=3, stride=1, dilation=1)]",
    ),
    ([conv.Layer(3)], 0, RATE.format("fps=0")),
    ([conv.Layer(3)], float("nan"), RATE.format("fps=nan")),
    ([conv.Layer(3)], "25", RATE.format("fps='25'")),
    ([conv.Layer(3)], True, RATE.format("fps=True")),
]


@pytest.mark.parametrize(("layers", "fps", "message"), FIELD_MESSAGES)
def test_receptive_field_messages(layers, fps, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        conv.receptive_field(layers, fps=fps)
    assert str(caught.value) == message


# ------------------------------------------------------------------------------------------ the module


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(conv)
    assert results.attempted >= 7
    assert results.failed == 0


def test_it_needs_nothing_but_python():
    source = Path(conv.__file__).read_text()
    assert not re.search(r"^\s*(import|from) (torch|numpy|coursekit(?!\._shared))", source, re.MULTILINE)
