"""coursekit.cost: predictions against closed forms, other counters and real memory."""

import copy
import logging
import os
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from functools import cache
from math import inf, prod
from types import SimpleNamespace

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import video
from torchvision.models.video import mvit

from coursekit import conv, cost
from coursekit.cost import _measure, _trace
from tools import gpu

CLIP = (1, 3, 100, 224, 224)  # the lecture's example
NETWORKS = {
    "resnet18": (torchvision.models.resnet18, torchvision.models.ResNet18_Weights),
    "r3d_18": (video.r3d_18, video.R3D_18_Weights),
    "mc3_18": (video.mc3_18, video.MC3_18_Weights),
    "r2plus1d_18": (video.r2plus1d_18, video.R2Plus1D_18_Weights),
    "s3d": (video.s3d, video.S3D_Weights),
    "mvit_v1_b": (video.mvit_v1_b, video.MViT_V1_B_Weights),
}


def network(name, device="cpu"):
    with torch.device(device):
        return NETWORKS[name][0]().eval()


def small(name):
    """A size that is quick to compute on; S3D's last pooling needs 7 x 7 positions, MViT has a fixed size."""
    sizes = {"resnet18": (2, 3, 32, 32), "s3d": (1, 3, 13, 209, 209), "mvit_v1_b": (1, 3, 16, 224, 224)}
    return sizes.get(name, (2, 3, 4, 32, 32))


@cache
def predicted(name):
    """The account of a network at its small size."""
    return cost.account(network(name, "meta"), small(name))


def allocated(function):
    """Peak of PyTorch's CPU allocator while function() runs: real tensors, to the byte."""
    gauge = _measure.CpuAllocator()
    gauge.start()
    result = function()
    peak = gauge.rise()
    del result
    return peak


def forward(model, *inputs):
    with torch.no_grad():
        return model.eval()(*inputs)


def step(model, *inputs):
    outputs = [y for y in _trace.tensors(model.train()(*inputs)) if y.requires_grad]
    torch.autograd.backward(outputs, [torch.ones_like(y) for y in outputs])
    model.zero_grad()


# ------------------------------------------------------------------------------------- closed forms


def test_the_lectures_example():
    clip = cost.account(nn.Conv3d(3, 16, 3), CLIP, training=True)
    assert clip.parameters == 1296 + 16
    assert clip.macs == 6_259_462_272
    assert clip.flops == 2 * clip.macs
    assert clip.output_bytes == 4 * 77_277_312
    assert clip.activation_bytes == 4 * (77_277_312 + 3 * 100 * 224 * 224)
    (layer,) = clip.layers
    assert (layer.name, layer.kind, layer.output_shape) == ("", "Conv3d", (1, 16, 98, 222, 222))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_one_convolution_is_what_conv_says(data):
    axes = data.draw(st.integers(1, 3))

    def each(low, high):
        return tuple(data.draw(st.integers(low, high)) for _ in range(axes))

    size, kernel, stride, dilation = each(9, 14), each(1, 3), each(1, 3), each(1, 3)
    padding = data.draw(st.sampled_from(["same", "valid", each(0, 2)]))
    if padding == "same":
        stride, kernel = (1,) * axes, tuple(k | 1 for k in kernel)  # an even kernel is padded by a copy
    groups, bias = data.draw(st.integers(1, 3)), data.draw(st.booleans())
    channels, kernels = groups * data.draw(st.integers(1, 3)), groups * data.draw(st.integers(1, 3))
    layer = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1](
        channels, kernels, kernel, stride, padding, dilation, groups, bias
    )
    expected = conv.cost(
        size,
        in_channels=channels,
        out_channels=kernels,
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=bias,
        input_gradient=False,
    )
    batch = data.draw(st.integers(1, 3))
    account = cost.account(layer, (batch, channels, *size), training=True)
    assert account.layers[0].output_shape == (batch, kernels, *expected.output_size)
    assert account.parameters == expected.parameters
    assert account.model_bytes == expected.model_bytes
    assert account.macs == (batch * expected).macs
    assert account.activation_bytes == (batch * expected).activation_bytes
    assert account.training_bytes == (batch * expected).training_bytes
    assert account.training_macs == (batch * expected).macs + (batch * expected).backward_macs


class Attention(nn.Module):
    def forward(self, x):
        return F.scaled_dot_product_attention(x, x, x)


class Function(nn.Module):
    """Any function as a module."""

    def __init__(self, function, *shapes):
        super().__init__()
        self.weights = nn.ParameterList(torch.zeros(shape) for shape in shapes)
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs, *self.weights)


T, B, N, H = 5, 2, 10, 20
MACS = {
    "transposed": (nn.ConvTranspose2d(4, 8, 4, stride=2, padding=1), (1, 4, 16, 16), 16 * 16 * 4 * 8 * 16),
    "transposed, groups": (nn.ConvTranspose3d(4, 8, 3, 3, groups=2), (2, 4, 4, 6, 6), 2 * 144 * 4 * 4 * 27),
    "linear": (nn.Linear(20, 30), (4, 20), 4 * 20 * 30),
    "linear on tokens": (nn.Linear(20, 30, bias=False), (4, 7, 20), 4 * 7 * 20 * 30),
    "functional": (Function(F.conv2d, (8, 3, 3, 3)), (1, 3, 16, 16), 14 * 14 * 8 * 27),
    "einsum": (Function(lambda a, b: torch.einsum("nct,kc->nkt", a, b), (6, 4)), (2, 4, 9), 2 * 9 * 24),
    "matrix times vector": (Function(lambda x, w: w @ x, (7, 5)), (5,), 35),
    "dot": (Function(lambda x, w: w @ x, (5,)), (5,), 5),
    "bmm": (Function(torch.bmm, (3, 5, 6)), (3, 4, 5), 3 * 4 * 5 * 6),
    "baddbmm": (Function(lambda x, a, b: torch.baddbmm(x, a, b), (3, 4, 5), (3, 5, 6)), (3, 4, 6), 360),
    "fused attention": (Attention(), (2, 4, 50, 32), 2 * 2 * 4 * 50 * 50 * 32),
    "multi-head attention": (
        nn.TransformerEncoderLayer(32, 4, 64, batch_first=True),
        (2, 10, 32),
        20 * (4 * 32 * 32 + 2 * 32 * 64) + 2 * 2 * 10 * 10 * 32,
    ),
    "LSTM": (nn.LSTM(N, H), (T, B, N), T * B * 4 * H * (N + H)),
    "GRU": (nn.GRU(N, H), (T, B, N), T * B * 3 * H * (N + H)),
    "RNN": (nn.RNN(N, H), (T, B, N), T * B * H * (N + H)),
    "what has none": (nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2)), (2, 3, 8, 8), 0),
}


@pytest.mark.parametrize("name", MACS)
def test_macs_by_hand(name):
    model, size, macs = MACS[name]
    assert cost.account(model, size).macs == macs


def test_backward_of_attention_computes_the_weights_again():
    model = nn.Sequential(nn.Linear(32, 32, bias=False), Attention())
    account = cost.account(model, (1, 4, 50, 32), training=True)
    linear, product = 4 * 50 * 32 * 32, 4 * 50 * 50 * 32
    assert account.macs == linear + 2 * product
    assert account.training_macs == account.macs + linear + 5 * product  # no gradient of the input


RECURRENT = {
    "one layer": {},
    "no bias": {"bias": False},
    "batch first": {"batch_first": True},
    "two layers": {"num_layers": 2, "dropout": 0.5},
    "both directions": {"bidirectional": True},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True},
}


def recurrent_macs(layer: nn.RNNBase) -> dict[str, int]:
    """MACs of the forward pass, and of the gradients of the weights, of the inputs and of the states."""
    shapes = {name: p.numel() for name, p in layer.named_parameters() if name.startswith("weight")}
    from_input = [shapes[name] for name in shapes if "_ih_" in name]
    first = sum(shapes[name] for name in shapes if "_ih_l0" in name)  # these take the layer's input
    from_state = sum(shapes[name] for name in shapes if "_hh_" in name)
    return {
        "forward": T * B * sum(shapes.values()),
        "weights": T * B * sum(shapes.values()),
        "later inputs": T * B * (sum(from_input) - first),
        "first input": T * B * first,
        "states": (T - 1) * B * from_state,
        "first states": B * from_state,
    }


def recurrent_size(options: dict) -> tuple[int, int, int]:
    return (B, T, N) if options.get("batch_first") else (T, B, N)


@pytest.mark.parametrize("options", RECURRENT.values(), ids=list(RECURRENT))
def test_an_lstm_counts_all_gradients_that_one_dnn_computes(options):
    layer = nn.LSTM(N, H, **options)
    account = cost.account(layer, recurrent_size(options), training=True)
    assert account.macs == recurrent_macs(layer)["forward"]
    assert account.training_macs == sum(recurrent_macs(layer).values())


@pytest.mark.parametrize("kind", [nn.GRU, nn.RNN])
@pytest.mark.parametrize("options", RECURRENT.values(), ids=list(RECURRENT))
def test_other_recurrent_layers_count_the_gradients_that_are_needed(kind, options):
    layer = kind(N, H, **options)
    account = cost.account(layer, recurrent_size(options), training=True)
    parts = recurrent_macs(layer)
    assert account.macs == parts["forward"]
    assert account.training_macs == sum(parts.values()) - parts["first input"] - parts["first states"]


def test_an_lstm_with_a_projection_counts_its_backward_pass():
    account = cost.account(nn.LSTM(N, H, proj_size=6), (T, B, N), training=True)
    from_input, from_state, projection = 4 * H * N, 4 * H * 6, 6 * H
    assert account.macs == T * B * (from_input + from_state + projection)
    assert account.training_macs == 2 * account.macs + (T - 1) * B * from_state + T * B * projection


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("options", RECURRENT.values(), ids=list(RECURRENT))
def test_flop_counter_agrees_on_training_recurrent_layers_step_by_step(kind, options):
    """Without oneDNN; which, of an LSTM, also computes the gradients of the input and of the first states."""
    layer = kind(N, H, **options)
    size = recurrent_size(options)
    account = cost.account(layer, size, training=True)
    with torch.backends.mkldnn.flags(enabled=False), FlopCounterMode(display=False) as counter:
        layer(torch.zeros(size))[0].sum().backward()
    parts = recurrent_macs(layer)
    unasked = parts["first input"] + parts["first states"] if kind is nn.LSTM else 0
    assert 2 * (account.training_macs - unasked) == counter.get_total_flops()


def test_a_checkpoint_computes_twice_and_keeps_less():
    class Block(nn.Module):
        def __init__(self, again):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
            self.first, self.again = nn.Linear(64, 64), again

        def forward(self, x):
            x = self.first(x)
            if self.again:
                return torch.utils.checkpoint.checkpoint(self.layers, x, use_reentrant=False)
            return self.layers(x)

    stored = cost.account(Block(False), (100, 64), training=True)
    again = cost.account(Block(True), (100, 64), training=True)
    assert again.macs == stored.macs
    assert again.training_macs == stored.training_macs + 2 * 100 * 64 * 64
    assert again.saved_bytes < stored.saved_bytes


# -------------------------------------------------------------------------- other counters, same numbers


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.slow
def test_torchvisions_published_numbers(name):
    """Its "GFLOPS" are GMACs, counted at the size of the weights' own preprocessing."""
    weights = NETWORKS[name][1].DEFAULT
    (side, *_) = (weights.transforms().crop_size * 2)[:2]
    size = (1, 3, side, side) if name == "resnet18" else (1, 3, 16, side, side)
    account = cost.account(network(name, "meta"), size)
    assert account.parameters == weights.meta["num_params"]
    assert round(account.macs / 1e9, 3) == weights.meta["_ops"]


@pytest.mark.parametrize("name", NETWORKS)
def test_flop_counter_agrees(name):
    """Of inference on meta tensors: exactly 2 FLOPs for each of our MACs."""
    model, size = network(name, "meta"), small(name)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.empty(size, device="meta"))
    assert predicted(name).flops == counter.get_total_flops()


@pytest.mark.parametrize("name", ["resnet18", "r3d_18"])
def test_flop_counter_agrees_on_training(name):
    model, size = network(name, "meta"), small(name)
    account = cost.account(model, size, training=True)
    model.train()
    with FlopCounterMode(display=False) as counter:
        model(torch.empty(size, device="meta")).sum().backward()
    assert 2 * account.training_macs == counter.get_total_flops()


FLOP_COUNTER_MISSES = {
    "fused attention": "the CPU's fused attention kernel is not in its registry",
    "multi-head attention": "in evaluation mode the whole layer is one fused operation",
    "LSTM": "without gradients the CPU runs a layer as one oneDNN operation",
    "matrix times vector": "aten.mv is not in its registry",
    "dot": "aten.dot is not in its registry",
}


@pytest.mark.parametrize("name", MACS)
def test_flop_counter_on_the_cpu(name):
    """It runs the real operation; where it has no formula for it, it says 0 (reasons above)."""
    model, size, macs = MACS[name]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(torch.zeros(size))
    expected = 0 if name in FLOP_COUNTER_MISSES else 2 * macs
    assert counter.get_total_flops() == expected, FLOP_COUNTER_MISSES.get(name)


def summary(model, size):
    torchinfo = pytest.importorskip("torchinfo", reason="torchinfo is not installed (pip install torchinfo)")
    model = copy.deepcopy(model).eval()  # it would move the model itself to meta
    return torchinfo.summary(model, input_size=size, verbose=0, device="meta")


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "mvit_v1_b"])
def test_torchinfo_agrees_but_for_biases(name):
    """It adds one MAC for each bias that is added (ours: none) and for each parameter of a BatchNorm."""
    model, size = network(name, "meta"), small(name)
    ours, theirs = predicted(name), summary(model, size)
    extra = 0
    for layer in ours.layers:
        bias = getattr(model.get_submodule(layer.name), "bias", None)
        if layer.macs and bias is not None:
            extra += prod(layer.output_shape)
        elif not layer.macs:
            extra += size[0] * layer.parameters
    assert theirs.total_params == ours.parameters
    assert theirs.total_mult_adds == ours.macs + extra


def test_torchinfo_misses_what_is_no_layer_and_the_tokens_of_a_linear_layer():
    """In MViT it finds 2 %: matmul is no layer, and a Linear counts once, not once for each token."""
    ours, theirs = predicted("mvit_v1_b"), summary(network("mvit_v1_b", "meta"), small("mvit_v1_b"))
    assert theirs.total_params == ours.parameters
    assert 0.015 < theirs.total_mult_adds / ours.macs < 0.025


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("transposed", 8 * 32 * 32 * (4 * 16 + 1)),  # output positions instead of input positions, and bias
        ("functional", 0),  # not a layer
        ("fused attention", 0),  # not a layer
        ("linear on tokens", 4 * 20 * 30),  # without the 7 tokens
        ("LSTM", T * B * 4 * H * (N + H + 2)),  # with its biases
    ],
)
def test_torchinfo_differs(name, theirs):
    model, size, _ = MACS[name]
    assert summary(model, size).total_mult_adds == theirs


def fvcore_macs(model, size):
    fvcore = pytest.importorskip("fvcore.nn", reason="fvcore is not installed (pip install fvcore)")
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it traces with torch.jit
        return fvcore.FlopCountAnalysis(model.eval(), torch.zeros(size)).by_operator()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.slow
def test_fvcore_agrees_but_for_normalisation(name, monkeypatch):
    """Its "flops" are MACs; it adds those of batch and layer norm and of pooling, which ours leaves out."""
    size = small(name)
    if name == "mvit_v1_b":  # fvcore computes on real tensors: a smaller clip
        build, size = mvit._mvit, (1, 3, 8, 64, 64)
        smaller = {"spatial_size": (64, 64), "temporal_size": 8}
        monkeypatch.setattr(mvit, "_mvit", lambda **options: build(**{**options, **smaller}))
    model = network(name)
    counted = fvcore_macs(model, size)
    products = sum(counted[kind] for kind in ("conv", "linear", "matmul"))
    assert products == cost.account(model, size).macs
    assert sum(counted.values()) > products


@pytest.mark.parametrize("name", ["fused attention", "einsum", "LSTM", "GRU"])
def test_fvcore_has_no_formula_for(name):
    model, size, macs = MACS[name]
    counted = sum(fvcore_macs(model, size).values())
    assert counted == (macs if name == "einsum" else 0)


def test_fvcore_has_no_formula_for_padding_same():
    model = nn.Conv2d(3, 8, 3, padding="same")
    assert sum(fvcore_macs(model, (2, 3, 16, 16)).values()) == 0
    assert cost.account(model, (2, 3, 16, 16)).macs == 2 * 256 * 8 * 27


# ------------------------------------------------------------------- live bytes, against real allocations


class Shared(nn.Module):
    """One layer called three times, views, in-place operations, a branch that is kept, a dict."""

    def __init__(self):
        super().__init__()
        self.first, self.again = nn.Linear(64, 64), nn.Linear(64, 64)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        hidden = self.act(self.first(x))  # (N, 64)
        y = self.act(self.again(self.again(hidden).view(-1, 64)))
        y = self.again(y)[:, :32].mul_(2)
        return {"halves": (y, hidden[:, ::2] + 1), "sum": y.sum()}


MEMORY = {
    "shared layer, views, in-place": (Shared(), (500, 64)),
    "wide and narrow": (
        nn.Sequential(nn.Linear(16, 900), nn.GELU(), nn.Linear(900, 4), nn.Softmax(-1)),
        (300, 16),
    ),
    "normalised": (nn.Sequential(nn.Linear(32, 64), nn.LayerNorm(64), nn.SiLU(), nn.Flatten()), (50, 8, 32)),
    "pooled": (nn.Sequential(nn.BatchNorm2d(6), nn.MaxPool2d(2), nn.AvgPool2d(2)), (4, 6, 64, 64)),
    "attention by products": (
        Function(lambda x, w: ((x @ w) @ x.transpose(1, 2)).softmax(-1) @ x, (32, 32)),
        (8, 60, 32),
    ),
}


@pytest.mark.parametrize("name", MEMORY)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.slow
def test_live_bytes_are_what_the_allocator_hands_out(name, training):
    """These layers need no scratch memory: prediction and real memory agree."""
    model, size = MEMORY[name]
    account = cost.account(model, size, training=training)
    run, expected = (step, account.training_bytes - account.model_bytes) if training else (forward, None)
    expected = account.activation_bytes if expected is None else expected
    x = torch.rand(size)
    run(model, x)
    real = allocated(lambda: run(model, x.clone()))
    assert expected <= real <= 1.01 * expected + 4096


@pytest.mark.parametrize(
    ("name", "training"),
    [
        *((name, False) for name in ("resnet18", "mc3_18", "s3d")),  # the others: benchmarks/cost.py
        *((name, True) for name in ("resnet18", "r3d_18")),
    ],
)
@pytest.mark.slow
def test_the_allocator_never_undercuts_the_prediction(name, training):
    model, size = network(name), small(name)
    account = cost.account(model, size, training=training)
    expected = account.training_bytes - account.model_bytes if training else account.activation_bytes
    assert allocated(lambda: (step if training else forward)(model, torch.rand(size))) >= expected


def memory_of_a_conv(size):
    """Its account, and what it takes when contiguous and when in channels_last_3d."""
    model = nn.Conv3d(3, 16, 3)
    account = cost.account(model, size)
    plain = allocated(lambda: forward(model, torch.rand(size)))
    model = model.to(memory_format=torch.channels_last_3d)
    x = torch.rand(size).to(memory_format=torch.channels_last_3d)
    return account, plain, allocated(lambda: forward(model, x.clone()))


def test_a_contiguous_convolution_holds_a_second_copy_of_its_output():
    """Why a plain 3D convolution takes 1.8 times what is predicted, and in channels_last_3d does not.

    oneDNN computes in channels_last_3d. A contiguous output is written in that format first, and then copied,
    while both are held.
    """
    account, plain, last = memory_of_a_conv((1, 3, 60, 160, 160))
    assert account.activation_bytes <= last <= 1.001 * account.activation_bytes
    assert plain == pytest.approx(account.activation_bytes + account.output_bytes, rel=1e-3)


def test_a_small_convolution_unfolds_its_input():
    """Below some size PyTorch does not ask oneDNN: it writes the 27 values under each position of the
    kernel into a matrix of its own, 27 times the input, and takes one matrix product.
    """
    account, plain, last = memory_of_a_conv((1, 3, 40, 112, 112))
    unfolded = 4 * 3 * 27 * 38 * 110 * 110
    assert plain == account.activation_bytes + unfolded
    contiguous = account.input_bytes + 4 * 1296  # copies of input and weights
    assert last == account.activation_bytes + unfolded + contiguous


@pytest.mark.slow
@pytest.mark.parametrize("training", [pytest.param(False, marks=pytest.mark.again), True])
def test_the_lectures_example_in_a_fresh_process(training):
    """Resident memory, as a task manager shows it: not below the prediction, and within 10 % of it."""
    model = nn.Conv3d(3, 16, 3)
    before = model.weight.data_ptr()
    account = cost.account(model, CLIP, training=training)
    expected = account.training_bytes - account.model_bytes if training else account.activation_bytes
    seen = cost.measure_module(model, CLIP, training=training, memory_format=torch.channels_last_3d)
    assert expected <= seen.allocated_bytes <= 1.001 * expected
    if "kernel" in seen.how:
        assert expected <= seen.peak_bytes <= 1.1 * expected
    assert seen.seconds > 0
    assert model.weight.data_ptr() == before  # the model was not moved, neither to the process nor to
    assert not model.weight.is_shared()  # shared memory
    assert model.weight.grad is None


def test_saved_bytes():
    """Tanh keeps its output, Linear its input, ReLU (in place) its output; a dropout keeps its mask."""
    linear = nn.Linear(64, 64)
    x, y = 4 * 100 * 64, 4 * 100 * 64

    def saved(*layers):
        return cost.account(nn.Sequential(*layers), (100, 64), training=True).saved_bytes

    assert saved(linear) == x
    assert saved(linear, nn.Tanh()) == x + y
    assert saved(linear, nn.ReLU(), nn.Linear(64, 4)) == x + y  # shared by two layers, kept once
    assert saved(linear, nn.Flatten()) == x
    assert saved(linear, nn.Dropout(0.5)) == x + y
    for parameter in (frozen := nn.Linear(64, 64)).parameters():
        parameter.requires_grad_(False)
    assert saved(frozen, linear) == y


def test_half_precision_halves_the_bytes():
    model = nn.Sequential(nn.Conv3d(3, 8, 3), nn.ReLU())
    full, half = (
        cost.account(model, (1, 3, 8, 16, 16), dtype=kind) for kind in (torch.float32, torch.bfloat16)
    )
    assert (half.macs, half.parameters) == (full.macs, full.parameters)
    for name in ("model_bytes", "input_bytes", "output_bytes", "activation_bytes"):
        assert 2 * getattr(half, name) == getattr(full, name)


def test_twice_the_frames_twice_the_memory():
    """Of a fully convolutional network the accounts grow with T, the parameters do not."""
    model = nn.Sequential(nn.Conv3d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv3d(8, 8, 3, padding=1))
    one, two = (cost.account(model, (1, 3, frames, 20, 20), training=True) for frames in (8, 16))
    assert two.parameters == one.parameters
    assert (two.macs, two.activation_bytes) == (2 * one.macs, 2 * one.activation_bytes)
    rest = one.model_bytes + one.gradient_bytes
    assert two.training_bytes - rest == pytest.approx(2 * (one.training_bytes - rest), rel=0.02)


# ---------------------------------------------------------------------------------------------- layers


@pytest.mark.parametrize("name", NETWORKS)
def test_the_layers_add_up(name):
    model = network(name, "meta")
    account = predicted(name)
    assert sum(layer.parameters for layer in account.layers) == account.parameters
    assert sum(layer.macs for layer in account.layers) == account.macs
    assert (
        sum(layer.activation_bytes for layer in account.layers) + account.input_bytes
        >= account.activation_bytes
    )
    for layer in account.layers:
        assert layer.kind == type(model.get_submodule(layer.name)).__name__


def test_rows_of_a_small_network():
    rows = {layer.name: layer for layer in cost.account(Shared(), (500, 64), training=True).layers}
    assert list(rows) == ["", "first", "again", "act"]
    assert [layer.calls for layer in rows.values()] == [1, 1, 3, 2]
    assert [layer.parameters for layer in rows.values()] == [0, 64 * 65, 64 * 65, 0]
    assert rows["again"].macs == 3 * rows["first"].macs == 3 * 500 * 64 * 64
    assert rows["again"].activation_bytes == 3 * rows["first"].activation_bytes == 3 * 4 * 500 * 64
    assert rows["act"].activation_bytes == 0  # in place
    assert rows[""].activation_bytes == 4 * (500 * 32 + 1)  # kept + 1, and the sum
    assert rows[""].output_shape == (500, 32)


def test_a_tied_parameter_counts_once():
    model = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False))
    model[1].weight = model[0].weight
    account = cost.account(model, (1, 8))
    assert account.parameters == 64
    assert account.model_bytes == 256
    assert [layer.parameters for layer in account.layers] == [64, 0]
    assert account.macs == 128


def test_table():
    model = nn.Sequential(nn.Conv3d(3, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 2 * 4 * 4, 5))
    account = cost.account(model, (2, 3, 4, 6, 6), training=True)
    lines = account.table().splitlines()
    assert lines[0].split() == ["layer", "kind", "output", "parameters", "new", "MB", "MMACs", "saved", "MB"]
    assert lines[2].split() == [
        "0",
        "Conv3d",
        "2",
        "x",
        "16",
        "x",
        "2",
        "x",
        "4",
        "x",
        "4",
        "1,312",
        "0.00",
        "0.08",
        "0.00",
    ]
    assert lines[4].split()[:2] == ["2", "Flatten"]
    assert f"{account.macs:,} MACs = {account.flops:,} FLOPs" in account.table()
    assert str(account) in account.table()
    assert "saved" not in cost.account(model, (2, 3, 4, 6, 6)).table()
    assert account.table() == cost.account(model, (2, 3, 4, 6, 6), training=True).table()


# ------------------------------------------------------------------------------------ any module at all


@dataclass
class Pair:
    left: torch.Tensor
    right: torch.Tensor


class InInferenceMode(nn.Module):
    """Under inference_mode PyTorch hands over composite operations whole."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(8, 3)

    def forward(self, x):
        with torch.inference_mode():
            return torch.matmul(self.inner(x), torch.ones(3, 2))


def test_modules_of_all_kinds():
    pair = Function(lambda x: Pair(x * 2, x.sum(1)))
    assert cost.account(pair, (4, 8)).output_bytes == 4 * (32 + 4)
    assert cost.account(InInferenceMode(), (4, 8)).macs == 4 * 8 * 3 + 4 * 3 * 2
    words = nn.Sequential(nn.Embedding(100, 16), nn.Linear(16, 2))
    account = cost.account(words, (2, 7), dtype=torch.long)
    assert (account.input_bytes, account.macs, account.model_bytes) == (8 * 14, 14 * 32, 4 * (1600 + 34))
    attention = nn.MultiheadAttention(32, 4)
    account = cost.account(attention, ((7, 2, 32), (9, 2, 32), (9, 2, 32)))
    assert account.macs == 2 * 32 * 32 * (2 * 7 + 2 * 9) + 2 * 2 * 7 * 9 * 32
    assert account.size == ((7, 2, 32), (9, 2, 32), (9, 2, 32))
    spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8))
    assert cost.account(spectral, (4, 8)).macs >= 4 * 64
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        old = nn.utils.weight_norm(nn.Conv1d(3, 4, 3))
    assert cost.account(old, (1, 3, 10)).macs == 8 * 36
    assert cost.account(nn.Identity(), (2, 3)).activation_bytes == 24


def test_a_model_on_meta_and_one_inside_inference_mode():
    model = network("r3d_18", "meta")
    with torch.inference_mode():
        inside = cost.account(model, (1, 3, 8, 32, 32), training=True)
    assert inside == cost.account(model, (1, 3, 8, 32, 32), training=True)
    assert inside.training_macs > 2.9 * inside.macs


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(
        nn.Conv3d(3, 4, 3), nn.BatchNorm3d(4), nn.Dropout(0.5), nn.Flatten(), nn.LazyLinear(2)
    )
    model(torch.rand(2, 3, 4, 6, 6))
    model[1].eval()
    model[0].weight.requires_grad_(False)
    model(torch.rand(2, 3, 4, 6, 6)).sum().backward()
    state = {name: (id(v), v.clone(), v._version) for name, v in model.state_dict(keep_vars=True).items()}
    gradients = [p.grad if p.grad is None else p.grad.clone() for p in model.parameters()]
    modes = [module.training for module in model.modules()]
    random = torch.get_rng_state()
    for training in (False, True):
        cost.account(model, (2, 3, 4, 6, 6), training=training, dtype=torch.bfloat16)
    for name, value in model.state_dict(keep_vars=True).items():
        before, copy, version = state[name]
        assert (id(value), value._version, value.device.type) == (before, version, "cpu")
        assert torch.equal(value, copy)
    for p, gradient in zip(model.parameters(), gradients, strict=True):
        assert (p.grad is None and gradient is None) or torch.equal(p.grad, gradient)
    assert [module.training for module in model.modules()] == modes == [True, True, False, True, True, True]
    assert [p.requires_grad for p in model[0].parameters()] == [False, True]
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.is_grad_enabled()
    assert torch.backends.mha.get_fastpath_enabled()


def test_frozen_batch_norm_stays_frozen_in_the_prediction():
    """In training mode it would need its statistics; a part that is in evaluation mode is left in it."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    whole = cost.account(model, (1, 3, 3, 3))
    with pytest.raises(ValueError, match=r"in 1 \(BatchNorm2d\): Expected more than 1 value per channel"):
        cost.account(model, (1, 3, 3, 3), training=True)
    model[1].eval()
    assert cost.account(model, (1, 3, 3, 3), training=True).macs == whole.macs


# ---------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Conv3d, r"got <class .*Conv3d'> \(type\); call the class to make a module"),
        (lambda x: x, r"model must be a torch.nn.Module, got <function"),
        (torch.zeros(2), r"\(Tensor\)"),
    ],
)
@pytest.mark.parametrize("function", [cost.account, cost.measure_module])
def test_not_a_module(function, model, message):
    with pytest.raises(TypeError, match=message):
        function(model, CLIP)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # of torch.jit itself
@pytest.mark.parametrize("function", [cost.account, cost.measure_module])
def test_a_compiled_module_is_refused(function):
    with pytest.raises(TypeError, match=r"compiled by torch\.jit.* give the module itself"):
        function(torch.jit.trace(nn.ReLU(), torch.zeros(1)), CLIP)


@pytest.mark.parametrize("function", [cost.account, cost.measure_module])
def test_a_dtype_is_no_text(function):
    with pytest.raises(TypeError, match=r"dtype must be a torch\.dtype such as torch.float16, got 'float16'"):
        function(nn.ReLU(), CLIP, dtype="float16")


@pytest.mark.parametrize(
    ("size", "kind", "message"),
    [
        (16, TypeError, r"size must be a tuple of whole numbers such as \(1, 3, 16, 112, 112\).*got 16"),
        ("16", TypeError, "got '16'"),
        ((1, 3.0, 8), TypeError, r"got \(1, 3\.0, 8\)"),
        ((1, True, 8), TypeError, r"got \(1, True, 8\)"),
        ((1, (3, 8)), TypeError, r"got \(1, \(3, 8\)\)"),
        ((), ValueError, r"at least one axis"),
        ((1, 3, 0, 8, 8), ValueError, r"size\[2\] must be at least 1, got 0 in \(1, 3, 0, 8, 8\)"),
        ((1, 3, -4, 8, 8), ValueError, r"size\[2\] must be at least 1, got -4"),
    ],
)
def test_bad_sizes(size, kind, message):
    with pytest.raises(kind, match=message):
        cost.account(nn.Conv3d(3, 16, 3), size)


@pytest.mark.parametrize("function", [cost.account, cost.measure_module])
def test_the_models_own_error(function, caplog, capfd):
    model = nn.Sequential(nn.Identity(), nn.Sequential(nn.Conv3d(4, 16, 3)))
    message = (
        r"^Sequential fails on an input of size \(1, 3, 100, 224, 224\), torch.float32 "
        r"in 1\.0 \(Conv3d\): .*to have 4 channels, but got 3 channels"
    )
    with pytest.raises(ValueError, match=message) as caught:
        function(model, CLIP)
    assert "\n" not in str(caught.value)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_pytorch_prints_nothing_of_its_own(capfd):
    """For a pooling it would log the traceback of the error that is explained."""
    with pytest.raises(ValueError, match=r"AvgPool3d fails .* smaller than kernel size"):
        cost.account(nn.AvgPool3d(7), (1, 3, 4, 4, 4))
    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_predicted_says_why():
    looks = Function(lambda x: x * 2 if x.sum() > 0 else x)
    with pytest.raises(ValueError, match=r"needs the values of a tensor \(aten\._local_scalar_dense"):
        cost.account(looks, (3,))
    with pytest.raises(ValueError, match=r"needs the values of a tensor \(aten\.nonzero"):
        cost.account(Function(lambda x: x.nonzero()), (3,))
    with pytest.raises(ValueError, match=r"LazyConv3d has lazy layers.*call it once on a real input"):
        cost.account(nn.LazyConv3d(4, 3), CLIP)
    with pytest.raises(ValueError, match="nothing to train: no output depends on a parameter"):
        cost.account(nn.ReLU(), (3,), training=True)
    with pytest.raises(ValueError, match=r"^Linear fails on an input of size \(2, 5\), torch.float32: "):
        cost.account(nn.Linear(3, 4), (2, 5))
    with pytest.raises(ValueError, match=r"fails on an input of size \(2, 4\), \(3, 4\), torch.float32"):
        cost.account(Function(torch.add), ((2, 4), (3, 4)))


# -------------------------------------------------------------------------------------------- measured

MIB = 2**20
OTHERS = 4 * MIB  # what other threads of the test's process may take in the meantime


def hold(mib):
    return bytearray(b"1") * (mib * MIB)  # every page is written


def test_a_part_is_the_sum_of_the_layers_inside_it():
    stage = nn.Sequential(nn.Conv3d(4, 5, 3, padding=1), nn.BatchNorm3d(5))
    network = nn.Sequential()
    network.add_module("stem", nn.Conv3d(3, 4, 1))
    network.add_module("stage", stage)
    network.add_module("stage2", nn.Conv3d(5, 2, 1))  # its name begins like the other's
    account = cost.account(network, (1, 3, 4, 6, 8), training=True)
    alone = cost.account(stage, (1, 4, 4, 6, 8), training=True)
    part = account.part("stage")
    assert (part.parameters, part.macs) == (alone.parameters, alone.macs) == (4 * 5 * 27 + 15, 192 * 540)
    assert part.output_shape == (1, 5, 4, 6, 8)
    assert account.part("stem").macs + part.macs + account.part("stage2").macs == account.macs
    with pytest.raises(ValueError, match="no part 'sta'; its parts are stage, stage2, stem"):
        account.part("sta")


class Scaled(nn.Module):
    """A module with a parameter of its own beside two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(7))
        self.first, self.second = nn.Linear(7, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.second(self.first(x * self.scale))


@pytest.mark.parametrize(
    "model", [Scaled(), nn.Sequential(nn.Linear(7, 5), nn.Linear(5, 3)), nn.Linear(7, 3)]
)
def test_the_part_without_a_name_is_the_whole_model(model):
    account = cost.account(model, (4, 7))
    whole = account.part("")
    assert (whole.parameters, whole.macs) == (account.parameters, account.macs)
    assert whole.parameters == sum(p.numel() for p in model.parameters())


def test_the_summary_has_units():
    layer = nn.Conv3d(3, 16, kernel_size=3)
    summary = cost.account(layer, (1, 3, 100, 224, 224)).summary()
    assert summary == {
        "10^6 parameters": 0.001312,
        "10^9 MACs": 6.259462272,
        "inference MB": pytest.approx(369.325696),
    }
    trained = cost.account(layer, (1, 3, 8, 9, 10), training=True)
    assert trained.summary()["training MB"] == trained.training_bytes / 1e6


def test_measure_sees_what_is_held_at_the_peak():
    def rises_and_falls():
        hold(300)
        return hold(100)

    hold(500)  # a peak of before does not count
    measured = cost.measure(rises_and_falls)
    if sys.platform == "linux":
        assert measured.how.startswith("peak of resident memory")
        assert abs(measured.peak_bytes - 300 * MIB) <= measured.margin_bytes + OTHERS
        assert measured.allocated_bytes is None


@pytest.mark.slow
def test_measure_reads_the_allocator_to_the_byte():
    measured = cost.measure(lambda: torch.ones(1000).sum() + torch.ones(MIB), allocator=True)
    assert measured.allocated_bytes == 4 * (MIB + MIB + 1) or measured.allocated_bytes == 4 * (2 * MIB + 1001)
    assert cost.measure(lambda: None, allocator=True).allocated_bytes == 0


@pytest.mark.slow
def test_measure_takes_the_median_time_and_the_worst_peak(monkeypatch):
    clock = iter([0, 3, 10, 11, 20, 22])  # three calls of 3, 1 and 2 seconds
    monkeypatch.setattr(_measure, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    sizes = iter([10, 200, 10])
    measured = cost.measure(lambda: hold(next(sizes)), repeats=3)
    assert measured.seconds == 2
    assert next(sizes, None) is None
    if "kernel" in measured.how:
        assert measured.peak_bytes >= 200 * MIB - measured.margin_bytes


def test_measure_leaves_the_warm_up_out(monkeypatch):
    clock = iter([0, 3, 10, 13])  # two calls of 3 seconds; a third would find no time left
    monkeypatch.setattr(_measure, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    sizes = iter([200, 10, 10])  # the first call needs much more memory
    measured = cost.measure(lambda: hold(next(sizes)), repeats=2, warm_up=1)
    assert (measured.seconds, next(sizes, None)) == (3, None)
    if "kernel" in measured.how:
        assert measured.peak_bytes <= 10 * MIB + measured.margin_bytes + OTHERS


def test_the_gauge_of_systems_without_a_record():
    """macOS and Windows take the allocator."""
    unreadable = _measure.PROC / "no such file"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_measure, "PROC", unreadable)
        measured = cost.measure(lambda: torch.zeros(MIB))
    assert measured.how == "peak of PyTorch's CPU allocator, by its profiler"
    assert (measured.peak_bytes, measured.allocated_bytes, measured.margin_bytes) == (4 * MIB, 4 * MIB, 0)


def test_the_sampler_finds_a_peak_that_lasts():
    held = 100

    def work():
        nonlocal held
        held = 700
        time.sleep(0.2)
        held = 200

    gauge = _measure.Sampler(lambda: held, "a number")
    threads = threading.active_count()
    gauge.start()
    work()
    assert gauge.rise() == 600
    assert gauge.margin_bytes == inf
    assert threading.active_count() == threads


def test_a_function_that_fails_leaves_no_gauge_running(monkeypatch):
    def fails():
        raise KeyError("mine")

    monkeypatch.setattr(_measure, "gauge_for", lambda device: _measure.Sampler(lambda: 0, "a number"))
    threads = threading.active_count()
    with pytest.raises(KeyError, match="mine"):
        cost.measure(fails)
    assert threading.active_count() == threads


@pytest.mark.skipif(sys.platform != "linux", reason="the record of the Linux kernel")
def test_the_kernels_record_begins_anew():
    gauge = _measure.KernelPeak()
    for mib in (300, 20):
        gauge.start()
        hold(mib)
        assert abs(gauge.rise() - mib * MIB) <= gauge.margin_bytes + OTHERS


@pytest.mark.gpu
@pytest.mark.skipif(gpu.missing() is not None, reason=str(gpu.missing()))
def test_cuda_is_measured_by_its_allocator():
    device = torch.device("cuda")
    model = nn.Conv3d(3, 16, 3)
    size = (1, 3, 20, 64, 64)
    here = model.to(device)
    measured = cost.measure(lambda: forward(here, torch.rand(size, device=device)), device=device)
    assert measured.peak_bytes == measured.allocated_bytes >= cost.account(model, size).activation_bytes
    fresh = cost.measure_module(model.cpu(), size, device=device)
    assert fresh.peak_bytes >= cost.account(model, size).activation_bytes


def test_measure_refuses():
    with pytest.raises(ValueError, match=r"repeats must be at least 1, got 0"):
        cost.measure(lambda: None, repeats=0)
    with pytest.raises(ValueError, match="warm_up must be 0 or more, got -1"):
        cost.measure(lambda: None, warm_up=-1)
    with pytest.raises(ValueError, match=r"device must be a cpu, cuda or mps device .* got 'meta'"):
        cost.measure(lambda: None, device=torch.device("meta"))


class DiesElsewhere(nn.Linear):
    """Ends any process that unpickles it, as a system without memory would."""

    def __reduce__(self):
        return os._exit, (1,)

    def __deepcopy__(self, memo):
        return nn.Linear(2, 2)


@pytest.mark.slow
def test_measure_module_refuses_what_cannot_travel():
    with pytest.raises(ValueError, match=r"Function cannot be sent to a fresh process: .*lambda"):
        cost.measure_module(Function(lambda x: x + 1), (3,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shared, "__module__", "__main__")
        with pytest.raises(ValueError, match=r"cannot import Shared, which this notebook or script defines"):
            cost.measure_module(Shared(), (500, 64))
    with pytest.raises(
        MemoryError, match=r"ran DiesElsewhere on an input of size \(3, 2\) ended before it was done"
    ):
        cost.measure_module(DiesElsewhere(2, 2), (3, 2))
