"""The code of a cell, which may hold lines for IPython.

The sandbox runs it, the grader compiles the judge's parts with it outside, and `handin` reads it.
"""

from __future__ import annotations

import ast
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
    return _compiled(source, name, flags)[0]


def as_run(source: str) -> str:
    """The text of a cell as it runs, with `pass` in place of the lines for IPython that are left out.

    Code that reads a cell before it runs must read this text. Which lines are left out depends on all errors
    that Python finds, and it finds some only after it has read the syntax.

    Raises:
        SyntaxError: as `compiled`.
    """
    return _compiled(source, "<cell>", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)[1]


def _compiled(source: str, name: str, flags: int) -> tuple[Any, str]:
    lines = source.split("\n")
    most = min(MAGICS, READ // (len(source) + 1) + 1)
    for _ in range(most):
        text = "\n".join(lines)
        try:
            return compile(text, name, "exec", flags, dont_inherit=True), text
        except SyntaxError as error:
            number = (error.lineno or 0) - 1
            if not 0 <= number < len(lines) or not _MAGIC.match(lines[number]):
                raise
            lines[number] = _MAGIC.sub(r"\1pass", lines[number])
    raise SyntaxError(f"more than {most} lines are for IPython")
