"""make test-gpu: it never says that a test passed where there is no GPU; and what a GPU is asked for."""

import re
import subprocess

import pytest
import torch
from torch import nn

from coursekit import data, encoders, features, train
from tools import gpu


@pytest.fixture
def without(monkeypatch):
    """A machine without a GPU, whatever this one has."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delenv("COURSEKIT_REQUIRE_GPU", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: pytest.fail("something was run"))


@pytest.mark.parametrize(
    ("cuda", "hidden", "reason"),
    [
        (None, None, "no CUDA: PyTorch .* is built without it"),
        ("13.0", None, "no CUDA device: PyTorch .*, built for CUDA 13.0, finds no NVIDIA GPU with a driver"),
        ("13.0", "", "no CUDA device: CUDA_VISIBLE_DEVICES='' hides all"),
        ("13.0", "-1", "no CUDA device: CUDA_VISIBLE_DEVICES='-1' hides all"),
    ],
)
def test_without_a_gpu_it_is_skipped_and_says_why(without, monkeypatch, capsys, cuda, hidden, reason):
    monkeypatch.setattr(torch.version, "cuda", cuda)
    if hidden is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert gpu.main([]) == 0
    said = capsys.readouterr().out
    assert re.fullmatch(f"skipped: {reason}; nothing was tested\n", said)
    monkeypatch.setenv("COURSEKIT_REQUIRE_GPU", "1")
    assert gpu.main([]) == 1
    said = capsys.readouterr()
    assert re.fullmatch(f"failed: a GPU is required, but there is {reason}\n", said.err)
    assert not said.out


@pytest.mark.parametrize("code", [0, 1, 5])
def test_with_a_gpu_it_runs_what_is_marked(monkeypatch, code):
    commands = []

    def run(command, **options):
        commands.append(command[1:])
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a pretended GPU")
    monkeypatch.setattr(subprocess, "run", run)
    assert gpu.missing() is None
    assert gpu.main(["-x"]) == code  # 5: pytest found nothing to run
    assert commands == [["-m", "pytest", "-m", "gpu", "-x"]]


# ------------------------------------------------------------------------------------------ on a real GPU

needs_gpu = pytest.mark.skipif(gpu.missing() is not None, reason=str(gpu.missing()))


@pytest.mark.gpu
@needs_gpu
def test_features_in_half_precision_are_those_of_the_cpu():
    clip = data.clip("carphone_pristine")
    there, here = (
        features.extract(clip, encoders.load(backend="folded", device=name), frames=(0, 100)).values
        for name in ("cuda", "cpu")
    )  # (100, 1280): more than one batch of 64
    assert there.device.type == "cpu"
    assert (nn.functional.cosine_similarity(there, here) > 0.999).all()


@pytest.mark.gpu
@needs_gpu
def test_training_learns_on_the_gpu_and_comes_back():
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(64) % 2
    x = torch.randn(64, 3, 4, 8, 8, generator=generator) + y[:, None, None, None, None]  # (N, C, T, H, W)
    run = train.fit(
        lambda: nn.Sequential(nn.Conv3d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 2 * 36, 2)),
        x,
        y,
        epochs=10,
        device="cuda",
    )
    assert run.losses[-1] < run.losses[0] / 2
    assert next(run.model.parameters()).device.type == "cpu"


@pytest.mark.gpu
@needs_gpu
def test_it_is_as_strict_as_the_simulated_device():
    x = torch.ones(2, 3, device="cuda")
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        x + torch.ones(2, 3)
    with pytest.raises(TypeError, match=r"Use Tensor.cpu\(\) to copy the tensor to host memory first"):
        x.numpy()
    assert (x + torch.tensor(1.0)).sum().item() == 12
