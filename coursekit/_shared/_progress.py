"""A bar that shows how far a long computation is, and the time that is left."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from coursekit._shared._jupyter import is_notebook, is_recorded


def bar(total: int, *, name: str, unit: str, show: bool | None = True) -> tqdm[Any]:
    """A bar with the rate and the time left; at the end it removes itself.

    A recording and a test of the course show none, because its text is never the same twice.

    Args:
        total: how many steps there are; `update(n)` counts n of them.
        name: what is computed.
        unit: one step, in the singular.
        show: whether to show it; None: in a notebook and on a terminal.
    """
    notebook = is_notebook()
    if is_recorded() or show is False:
        disable: bool | None = True
    else:
        disable = None if show is None and not notebook else False  # tqdm: None is only on a terminal
    stream = sys.stdout if notebook else sys.stderr  # Jupyter shows stderr as if it were an error
    return tqdm(total=total, desc=name, unit=unit, leave=False, file=stream, disable=disable)
