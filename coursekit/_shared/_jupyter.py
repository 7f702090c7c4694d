"""Who runs the code: a recording or a test of the course, Jupyter, or neither."""

from __future__ import annotations

import os
import sys


def is_recorded() -> bool:
    """Whether the course is being recorded or tested."""
    return "1" in (os.environ.get("COURSEKIT_RECORDING"), os.environ.get("COURSEKIT_CHECK"))


def is_notebook() -> bool:
    """Whether a kernel of Jupyter runs this."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
