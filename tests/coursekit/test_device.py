"""coursekit.device: the choice, and clear refusals."""

import platform
import re
import time
from pathlib import Path

import pytest
import torch

from coursekit import device

CPUINFO = Path("/proc/cpuinfo")


@pytest.fixture(autouse=True)
def no_wish(monkeypatch):
    monkeypatch.delenv("COURSE_DEVICE", raising=False)


def test_the_pick_computes():
    chosen = device.pick()
    assert torch.ones(3, device=chosen).sum().item() == 3


@pytest.mark.skipif(torch.cuda.is_available() or torch.backends.mps.is_available(), reason="has a GPU")
def test_without_a_gpu_it_is_the_cpu():
    assert device.pick() == torch.device("cpu")


def test_the_wish_of_the_environment_and_of_the_caller(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "nonsense")
    with pytest.raises(ValueError, match=r"\$COURSE_DEVICE='nonsense' is no device that works here"):
        device.pick()
    assert device.pick("cpu").type == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="has CUDA")
def test_a_missing_gpu_is_named():
    with pytest.raises(ValueError, match="name='cuda' is no device that works here"):
        device.pick("cuda")


def test_seconds_is_the_median_and_warms_up():
    pauses = iter([0.2, 0.01, 0.02, 0.2])  # the first is the warm-up, then 0.01, 0.02, 0.2
    measured = device.seconds(lambda: time.sleep(next(pauses)), repeats=3)
    assert 0.02 <= measured < 0.19


def test_seconds_needs_a_repeat():
    with pytest.raises(ValueError, match="repeats must be at least 1, got 0"):
        device.seconds(lambda: None, repeats=0)


@pytest.mark.skipif(not CPUINFO.is_file() or platform.machine() != "x86_64", reason="no flags of an x86-64")
def test_bfloat16_is_there_with_the_processors_instructions_for_it():
    flags = set(re.search(r"^flags\s*:(.*)$", CPUINFO.read_text(), re.MULTILINE)[1].split())
    assert device.has_bfloat16() == bool({"avx512bw", "avx_ne_convert"} & flags)


def test_without_onednn_there_is_no_bfloat16(monkeypatch):
    monkeypatch.setattr(torch.ops, "mkldnn", None)
    assert not device.has_bfloat16()
