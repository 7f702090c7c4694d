"""A pytest plugin (`-p tools.notebooks.nbval_kernel`): nbval's kernels capture what the recorder's do.

ipykernel turns a part of its capture off when it finds PYTEST_CURRENT_TEST in its environment, and under
nbval it always finds it: what C code (FFmpeg's libraries) or a child process prints would be in the
recorded notebook, but never in the test. So the variable is withheld from the kernel.

Nothing needs a repair for widgets, because the recorder does not play a browser either: see `record`.
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
