"""Who runs the code: a recording or a test of the course, Jupyter, or neither."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any


def is_recorded() -> bool:
    """Whether the course is being recorded or tested."""
    return "1" in (os.environ.get("COURSEKIT_RECORDING"), os.environ.get("COURSEKIT_CHECK"))


def is_notebook() -> bool:
    """Whether a kernel of Jupyter runs this."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def explain_name_errors() -> None:
    """In a kernel of Jupyter, say after the traceback of a NameError what helps if a cell was left out.

    A kernel does not know the cells of its notebook, so the sentence is conditional. While the course is
    recorded or tested, or if another package has such a hook already, nothing is changed.
    """
    if is_notebook() and not is_recorded():
        shell = sys.modules["IPython"].get_ipython()
        if not shell.custom_exceptions:
            shell.set_custom_exc((NameError,), _explain)


def _explain(
    shell: Any,
    kind: type[BaseException],
    error: NameError,
    trace: TracebackType,
    tb_offset: int | None = None,
) -> None:
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    if kind is NameError and error.name:  # not of a local variable, which no cell defines
        menu = (
            "Runtime > Run before" if "google.colab" in sys.modules else "Run > Run All Above Selected Cell"
        )
        print(f"If a cell above defines `{error.name}`, run the cells above first ({menu}).")
