"""The command line answers at once: it imports what a subcommand needs when that one runs."""

import gc
import subprocess
import sys

import pytest
import torch

from coursekit import cli, data, features

ANSWERS = (["--help"], ["features", "--help"], ["grade", "--help"], ["submit-check", "--help"], ["--version"])
HEAVY = ("torch", "numpy", "torchvision", "timm", "av", "h5py", "distributed", "IPython", "nbgrader")


def imported_by(code: str) -> tuple[set[str], str]:
    """The top-level modules that a fresh Python has after `code`, and what it printed."""
    report = "import sys; print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    whole = f"try:\n    {code}\nfinally:\n    {report}"
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=False)
    return set(done.stderr.split()), done.stdout


@pytest.mark.parametrize("arguments", ANSWERS)
def test_help_and_version_import_nothing_heavy(arguments):
    modules, printed = imported_by(f"from coursekit import cli; cli.main({arguments!r})")
    assert printed.startswith(("usage: coursekit", "coursekit "))
    assert "argparse" in modules
    assert modules.isdisjoint(HEAVY)


@pytest.mark.slow
def test_features_and_classify_are_imported_without_torchvision_timm_onnx_runtime_and_sklearn():
    modules, _ = imported_by("import coursekit.features, coursekit.classify")
    assert {"torch", "coursekit"} <= modules
    late = ("torchvision", "timm", "onnx", "onnxruntime", "distributed", "scipy", "sklearn")
    assert modules.isdisjoint(late)


@pytest.mark.slow
def test_a_second_run_over_a_clip_imports_neither_torchvision_nor_timm(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed (extra `fast`)")
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "cache"))
    film = str(data.clip("carphone_distorted"))
    first, second = (
        imported_by(f"from coursekit import cli; cli.main(['features', {film!r}, '--out', {str(out)!r}])")[0]
        for out in (tmp_path / "one", tmp_path / "two")
    )
    assert {"torch", "onnxruntime", "torchvision", "timm"} <= first, "the network is built and exported"
    assert {"torch", "onnxruntime"} <= second
    assert second.isdisjoint({"torchvision", "timm", "onnx", "sympy"})
    one, two = (features.load(out / "carphone_distorted.h5") for out in (tmp_path / "one", tmp_path / "two"))
    assert torch.equal(one.values, two.values)
    assert one.weights_hash == two.weights_hash


def test_a_command_within_a_process_leaves_its_garbage_collector_alone(tmp_path, capsys):
    frozen = gc.get_freeze_count()
    gc.disable()
    try:
        assert cli.main(["features", str(tmp_path / "none.mp4"), "--out", str(tmp_path / "out")]) == 1
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert gc.get_freeze_count() == frozen


def test_an_unfinished_command_is_an_error_of_one_line_and_exit_code_2():
    command = [sys.executable, "-m", "coursekit"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("coursekit: error: ")
