"""The command line answers at once: it imports what a subcommand needs when that one runs."""

import subprocess
import sys

import pytest

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


def test_an_unfinished_command_is_an_error_of_one_line_and_exit_code_2():
    command = [sys.executable, "-m", "coursekit"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("coursekit: error: ")
