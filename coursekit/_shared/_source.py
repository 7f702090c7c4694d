"""The code of a cell, which may hold lines for IPython.

The sandbox runs it, the grader compiles the judge's parts with it outside, and `handin` reads it.
"""

from __future__ import annotations

import re
from typing import Any

MAGICS = 100  # lines of a cell that are left out, at most
READ = 3_000_000  # characters that are read for it, at most: each such line takes one more reading
_MAGIC = re.compile(r"^(\s*)([%!?].*|[\w.]+\?\??\s*)$")


def compiled(source: str, name: str, flags: int = 0) -> Any:
    """Compile a cell. Lines for IPython (%pip, !ls, help?) that Python cannot read are left out.

    Raises:
        SyntaxError: there is another error, or more than `MAGICS` such lines (fewer in a very long cell).
    """
    lines = source.split("\n")
    most = min(MAGICS, READ // (len(source) + 1) + 1)
    for _ in range(most):
        try:
            return compile("\n".join(lines), name, "exec", flags, dont_inherit=True)
        except SyntaxError as error:
            number = (error.lineno or 0) - 1
            if not 0 <= number < len(lines) or not _MAGIC.match(lines[number]):
                raise
            lines[number] = _MAGIC.sub(r"\1pass", lines[number])
    raise SyntaxError(f"more than {most} lines are for IPython")
