"""A pytest plugin (`-p tools.notebooks.nbval_kernel`): nbval's kernels capture what the recorder's do.

ipykernel turns off a part of its capture if PYTEST_CURRENT_TEST is in its environment, and under nbval it
always is. What C code (FFmpeg's libraries) or a child process prints would be in the recorded notebook, but
not in the test. So the kernel starts without the variable.

Widgets need no change here, because the recorder does not act as a browser either: see `record`.
"""

from __future__ import annotations

import os
from typing import Any

import nbval.kernel
import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Start nbval's kernels without PYTEST_CURRENT_TEST."""
    start_new_kernel = nbval.kernel.start_new_kernel

    def start(**options: Any) -> Any:
        variables = {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}
        return start_new_kernel(env=variables, **options)

    nbval.kernel.start_new_kernel = start
