"""The environment of a notebook's kernel: the same for recording, for testing, and on every machine.

A learner's settings (a matplotlibrc, an IPython profile, PYTHONPATH, a kernel of the same name in the home
folder, a chosen device) would change what a notebook prints or draws. So a kernel of the course starts
without them, runs the Python that runs this file, and computes on the CPU unless a setting says otherwise.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager

_DROPPED = (
    "ATEN_CPU_CAPABILITY",
    "COURSEKIT_",
    "IPYTHON",
    "JUPYTER",
    "JPY_",
    "MATPLOTLIB",
    "MKL_CBWR",
    "MPL",
    "PYTEST_",
    "PYTHON",
    "TORCH_LOGS",
)
_FIXED = {
    "COLUMNS": "100",
    "COURSE_DEVICE": "cpu",
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "TZ": "UTC",
}

_LISTED: set[tuple[str, str | None]] = set()  # programs whose matplotlib has listed the fonts, and for whom


def environment(scratch: Path, **settings: str) -> dict[str, str]:
    """The environment variables of a kernel of the course.

    Args:
        scratch: a folder for what would otherwise come from the home folder: IPython's profile, and
            matplotlib's settings, an empty file.
        settings: variables to add, such as `COURSEKIT_RECORDING="1"`.

    Returns:
        The variables of this process without those that change what a notebook shows, and the fixed ones.
    """
    variables = {key: value for key, value in os.environ.items() if not key.startswith(_DROPPED)}
    scratch.mkdir(parents=True, exist_ok=True)
    matplotlibrc = scratch / "matplotlibrc"
    matplotlibrc.touch()
    variables.update(_FIXED, IPYTHONDIR=str(scratch / "ipython"), MATPLOTLIBRC=str(matplotlibrc))
    return {**variables, **settings}


def make_font_cache(variables: dict[str, str], python: Path | None = None) -> None:
    """Let matplotlib list the machine's fonts now. In a cell, it would report that on stderr the first time.

    The list lies in the user's cache, so once for each Python is enough.

    Args:
        variables: the kernel's environment (`environment`).
        python: the Python whose matplotlib it is; None is this one.

    Raises:
        subprocess.CalledProcessError: matplotlib cannot be imported.
    """
    program, home = str(python or sys.executable), variables.get("XDG_CACHE_HOME") or variables.get("HOME")
    if (program, home) not in _LISTED:
        command = [program, "-c", "import matplotlib.font_manager"]
        subprocess.run(command, env=variables, check=True, capture_output=True)
        _LISTED.add((program, home))


def of_python(python: Path, scratch: Path) -> KernelSpecManager:
    """Where a kernel manager finds the kernel "python3": it is another Python than this one.

    Args:
        python: it has ipykernel.
        scratch: a folder to write the kernel's description to.
    """
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Python 3", "language": "python"}
    (scratch / "kernels" / "python3").mkdir(parents=True)
    (scratch / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return KernelSpecManager(kernel_dirs=[str(scratch / "kernels")], ensure_native_kernel=False)


def this_python() -> KernelSpecManager:
    """Where a kernel manager finds the kernel "python3": it is the Python that runs this, and no other."""
    return KernelSpecManager(kernel_dirs=[])
