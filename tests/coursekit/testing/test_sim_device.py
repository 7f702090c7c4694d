"""coursekit.testing.sim_device: a device that has the CPU's values and a GPU's strictness."""

import copy
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import resnet18
from torchvision.models.video import r3d_18

from coursekit import cost, data, encoders, features, train

MIXED = "Expected all tensors to be on the same device, but found at least two devices, sim:0 and cpu!"


def _numbers(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(6))


# ----------------------------------------------------------------------------------------- what is asked for


def _python(code, **variables):
    """What Python prints in a process of its own."""
    inherited = {key: value for key, value in os.environ.items() if key != "COURSE_DEVICE"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env={**inherited, **variables}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


IMPORTS = "import torch\nfrom coursekit import cost, device, encoders, features, train\n"
TRY = "\ntry:\n    print(torch.zeros(1, device='sim').device)\nexcept RuntimeError:\n    print('unknown')"


@pytest.mark.slow
def test_its_module_is_loaded_only_if_the_device_is_asked_for():
    loaded = "print('coursekit.testing' in sys.modules)\n"
    use = "cost.measure(lambda: None, device=device.pick('cpu'), allocator=True)\n"
    code = f"import sys\nimport coursekit.cost, coursekit.device\n{loaded}{IMPORTS}{use}{loaded}"
    assert _python(f"{code}device.pick('sim')\n{loaded}").split() == ["False", "False", "True"]


@pytest.mark.slow
def test_it_is_there_only_if_asked_for():
    asked = "\ndevice.pick('sim'); device.pick('sim')"
    assert _python(IMPORTS + "device.pick()" + TRY + asked + TRY).split() == ["unknown", "sim:0"]
    assert _python(IMPORTS + "print(device.pick())", COURSE_DEVICE="sim") == "sim"


@pytest.mark.slow
def test_the_only_free_device_type_is_taken():
    taken = "torch.utils.rename_privateuse1_backend('other')\n"
    code = IMPORTS + taken + "try:\n    device.pick('sim')\nexcept ValueError as error:\n    print(error)"
    assert _python(code).startswith(
        "name='sim' is no device that works here (torch.register_privateuse1_backend"
    )


@pytest.mark.slow
def test_it_must_be_chosen_before_the_first_backward_pass():
    backward = "torch.ones(1, requires_grad=True).sum().backward()\n"
    code = "    try:\n        device.pick('sim')\n    except ValueError as error:\n        print(error)"
    said = _python(IMPORTS + backward + "for _ in range(2):\n" + code).splitlines()
    assert len(said) == 2
    for line in said:
        assert "'sim' must be chosen before the first backward pass of a process" in line


# ----------------------------------------------------------------------------------------- the CPU's values

MADE = {
    "zeros": lambda d: torch.zeros(2, 3, device=d),
    "full": lambda d: torch.full((2,), 3.0, device=d),
    "arange": lambda d: torch.arange(6, device=d),
    "arange, step": lambda d: torch.arange(1.0, 2.0, 0.25, device=d),
    "linspace": lambda d: torch.linspace(0, 1, 5, device=d),
    "eye": lambda d: torch.eye(3, device=d),
    "from a list": lambda d: torch.tensor([[1, 2], [3, 4]], device=d),
    "from numpy": lambda d: torch.as_tensor(np.ones((2, 2)), device=d),
    "like": lambda d: torch.ones_like(torch.zeros(2, device=d), dtype=torch.int64),
    "like one on the CPU": lambda d: torch.zeros_like(torch.ones(2), device=d),
    "moved": lambda d: _numbers(2, 3).to(d),
    "moved, as half": lambda d: _numbers(2, 3).to(d, torch.float16),
    "a view, changed": lambda d: _numbers(4, 6).to(d).view(2, 12)[:, ::2].mul_(2).t().contiguous(),
    "channels last": lambda d: _numbers(1, 3, 4, 5).to(d).contiguous(memory_format=torch.channels_last),
    "indexed": lambda d: _numbers(4, 6).to(d)[torch.tensor([2, 0])],
    "a number from the CPU": lambda d: _numbers(3).to(d) * torch.tensor(2.0),
    "copied into": lambda d: torch.zeros(3, device=d).copy_(_numbers(3)),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_a_tensor_is_the_cpus(sim, make):
    there, here = make(sim), make("cpu")
    assert there.device == torch.device("sim", 0)
    assert there.stride() == here.stride()
    back = there.cpu()
    assert type(back) is torch.Tensor
    assert back.dtype == here.dtype
    assert torch.equal(back, here)


def test_numbers_and_text(sim):
    x = torch.tensor([1.5, 2.5], device=sim)
    assert x.tolist() == [1.5, 2.5]
    assert x.sum().item() == float(x.sum()) == 4
    assert f"{x.mean():.2f}" == "2.00"
    assert repr(x) == "tensor([1.5000, 2.5000], device='sim:0')"
    assert torch.ones(2).copy_(x).tolist() == [1.5, 2.5]


def test_a_view_is_as_ordinary_as_its_base(sim):
    x = _numbers(2, 3).to(sim)
    with torch.inference_mode():
        rows, doubled = list(x), x * 2  # a list of views, and a new tensor
        assert torch.equal(torch.stack(rows), x)
    assert not any(row.is_inference() for row in rows)
    assert doubled.is_inference()


NETWORKS = {
    "conv2d": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), (2, 3, 8, 8)),
    "conv3d": (lambda: nn.Sequential(nn.Conv3d(3, 4, 3), nn.BatchNorm3d(4), nn.ReLU()), (2, 3, 5, 8, 8)),
    "dropout": (lambda: nn.Sequential(nn.Linear(5, 4), nn.Dropout(0.5)), (3, 5)),
    "GRU": (lambda: nn.GRU(5, 4, num_layers=2, bidirectional=True), (3, 2, 5)),
    "LSTM": (lambda: nn.LSTM(5, 4, batch_first=True), (3, 2, 5)),
    "RNN": (lambda: nn.RNN(5, 4), (3, 2, 5)),
    "attention": (lambda: nn.TransformerEncoderLayer(8, 2, batch_first=True), (3, 2, 8)),
    "resnet18": (resnet18, (2, 3, 32, 32)),
    "r3d_18": (r3d_18, (1, 3, 4, 32, 32)),
}


@pytest.mark.parametrize(("make", "shape"), NETWORKS.values(), ids=NETWORKS)
@pytest.mark.slow
def test_forward_and_backward(sim, make, shape):
    here = make()
    there = copy.deepcopy(here).to(sim)
    assert all(p.device.type == "sim" and isinstance(p, nn.Parameter) for p in there.parameters())
    results = []
    for network, x in ((here, _numbers(*shape)), (there, _numbers(*shape).to(sim))):
        torch.manual_seed(0)  # of dropout
        y = network(x)
        y = y[0] if isinstance(y, tuple) else y
        assert y.device == x.device
        y.square().mean().backward()
        results.append([y, *(p.grad for p in network.parameters()), *network.buffers()])
    for right, got in zip(*results, strict=True):
        assert torch.equal(got.cpu(), right)
    with torch.inference_mode():
        assert here.eval()(_numbers(*shape))[0].allclose(there.eval()(_numbers(*shape).to(sim))[0].cpu())


def test_training(sim):
    x, y = _numbers(20, 3, 4, 8, 8), torch.arange(20) % 4

    def make():
        return nn.Sequential(nn.Conv3d(3, 4, 3), nn.BatchNorm3d(4), nn.Flatten(), nn.Linear(4 * 2 * 36, 4))

    here, there = (
        train.fit(make, x, y, validation=(x, y), epochs=3, batch=8, device=name) for name in ("cpu", "sim")
    )
    assert (there.losses, there.scores) == (here.losses, here.scores)
    for right, got in zip(here.model.parameters(), there.model.parameters(), strict=True):
        assert got.device.type == "cpu"
        assert torch.equal(got, right)


def test_features(sim, monkeypatch):
    clip = data.clip("carphone_pristine")
    right = features.extract(clip, encoders.load(backend="folded"), frames=(0, 6)).values
    monkeypatch.setenv("COURSE_DEVICE", "sim")
    encoder = encoders.load(backend="folded", device=None)
    assert encoder.device == sim
    values = features.extract(clip, encoder, frames=(0, 6)).values
    assert values.device.type == "cpu"
    assert torch.equal(values, right)


@pytest.mark.slow
def test_its_memory_is_the_cpus(sim):
    x = torch.zeros(1_000_000, device=sim)
    took = cost.measure(lambda: x + 1, device=sim, allocator=True)
    assert 4_000_000 <= took.allocated_bytes < 8_000_000
    fresh = cost.measure_module(nn.Conv2d(3, 4, 3), (1, 3, 64, 64), device=sim)
    assert fresh.allocated_bytes > 4 * 4 * 62 * 62


# ----------------------------------------------------------------------------------------- a GPU's strictness

FORGOTTEN = {
    "add": lambda x: x + torch.ones(3),
    "add, the other way": lambda x: torch.ones(3) + x,
    "matrix product": lambda x: torch.ones(2, 2) @ x,
    "cat": lambda x: torch.cat([x, torch.ones(2, 3)]),
    "stack of numbers": lambda x: torch.stack([x.sum(), torch.tensor(1.0)]),
    "a sum on the CPU": lambda x: torch.zeros(()).add_(x.sum()),
    "out on the CPU": lambda x: torch.add(x, x, out=torch.empty(2, 3)),
    "a network on the CPU": lambda x: nn.Linear(3, 2)(x),
    "input on the CPU": lambda x: nn.Linear(3, 2).to(x.device)(torch.ones(2, 3)),
    "a convolution": lambda x: F.conv3d(
        torch.ones(1, 1, 4, 4, 4), torch.ones(1, 1, 2, 2, 2, device=x.device)
    ),
    "a GRU's input": lambda x: nn.GRU(3, 2).to(x.device)(torch.ones(2, 3)),
    "a GRU's weights": lambda x: nn.GRU(3, 2)(x),
    "labels": lambda x: F.cross_entropy(x, torch.tensor([0, 1])),
    "index of one on the CPU": lambda x: torch.ones(3)[torch.tensor([0], device=x.device)],
    "comparison": lambda x: torch.equal(x, torch.ones(2, 3)),
}


@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
@pytest.mark.parametrize("mix", FORGOTTEN.values(), ids=FORGOTTEN)
def test_what_was_not_moved_is_refused(sim, mix, mode):
    with mode(), pytest.raises(RuntimeError, match=MIXED):
        mix(torch.ones(2, 3, device=sim))


TO_NUMPY = {"numpy": lambda x: x.numpy(), "asarray": np.asarray, "stack": lambda x: np.stack([x])}


@pytest.mark.parametrize("bring", TO_NUMPY.values(), ids=TO_NUMPY)
def test_what_was_not_brought_back_is_refused(sim, bring):
    said = r"can't convert sim:0 device type tensor to numpy. Use Tensor.cpu\(\) to copy the tensor"
    with pytest.raises(TypeError, match=said):
        bring(torch.ones(3, device=sim))
    assert torch.ones(3, device=sim).numpy(force=True).tolist() == [1, 1, 1]


def test_the_cpus_generator_is_refused(sim):
    with pytest.raises(RuntimeError, match="Expected a 'sim' device type for generator but found 'cpu'"):
        torch.rand(3, generator=torch.Generator(), device=sim)


def test_a_shape_changed_in_place_is_refused(sim):
    with pytest.raises(NotImplementedError, match="change of shape in place"):
        torch.ones(2, 3, device=sim).t_()


def test_other_values_in_a_parameter(sim):
    layer = nn.Linear(3, 2)
    weight = layer.weight
    layer.to(sim)
    assert layer.weight is weight
    weight.data = torch.ones(2, 3, device=sim)
    assert layer(torch.ones(1, 3, device=sim)).detach().cpu().allclose(3 + layer.bias.detach().cpu())
    layer.double()
    assert layer.weight.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert layer.weight.dtype == torch.float64
    assert copy.deepcopy(layer).weight.tolist() == layer.weight.tolist()


def test_what_pytorch_asks_of_every_device(sim):
    """Of this one too, as soon as it is known, also where the CPU computes."""
    x = torch.ones(2, 3, requires_grad=True)
    torch.utils.checkpoint.checkpoint(torch.sin, x, use_reentrant=False).sum().backward()
    assert torch.equal(x.grad, torch.cos(torch.ones(2, 3)))
    with torch.random.fork_rng():
        first = torch.rand(3)
    assert torch.equal(first, torch.rand(3))
