"""What the grading loads."""

import subprocess
import sys

import pytest

CODE = """
import importlib, pkgutil, sys
import coursekit.grading

names = [module.name for module in pkgutil.walk_packages(coursekit.grading.__path__, "coursekit.grading.")]
for name in names:
    importlib.import_module(name)
assert "coursekit.grading.batch" in names and "coursekit.grading.report" in names
heavy = {"torchvision", "timm", "av", "h5py", "matplotlib.pyplot", "coursekit.video", "coursekit.encoders"}
print(*sorted(heavy & sys.modules.keys()))
"""


@pytest.mark.slow
def test_no_module_of_the_grading_loads_the_reader_of_videos_or_the_encoders() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
