"""Runs a submission's cells, one after the other, and gives the answers as text.

It runs inside the sandbox, in the process that then is the student's: nothing that it says is trusted.
"""

from __future__ import annotations

import contextlib
import io
import json
import linecache
import re
import sys
import traceback
from typing import Any

PRINTED = 4_000  # characters kept of what a cell prints
ANSWER = 4_000_000  # characters of one cell's answers
_MAGIC = re.compile(r"^(\s*)([%!?].*|.*\?)$")


class Capped(io.TextIOBase):
    """A stream that keeps the beginning of what is written to it."""

    def __init__(self) -> None:
        self.kept, self.left = "", 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        room = PRINTED - len(self.kept)
        self.kept += text[:room]
        self.left += max(0, len(text) - room)
        return len(text)


def run(cells: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Run cells as a kernel would, each whether or not one before it failed.

    Args:
        cells: dicts of `id`, `kind` (code, solution or test) and `source`.

    Returns:
        One dict for each: `id`, `printed`, `error` (empty where there was none), and `answers` of a test.
    """
    scope: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    return [_run(cell, scope) for cell in cells]


def _run(cell: dict[str, str], scope: dict[str, Any]) -> dict[str, Any]:
    printed, error, answers = Capped(), "", ""
    scope.pop("answers", None)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            exec(compiled(cell["source"], f"<cell {cell['id']}>"), scope)
            if cell["kind"] == "test":
                from coursekit._plain import encode

                answers = encode(scope["answers"])
    except KeyboardInterrupt:
        raise
    except BaseException as caught:  # SystemExit too: the next cell runs
        error = _told(caught, cell["id"])
    if len(answers) > ANSWER:
        answers, error = "", f"the answers are too large ({len(answers):,} characters of at most {ANSWER:,})"
    said = printed.kept + (f"\n[... {printed.left:,} characters more]" if printed.left else "")
    return {"id": cell["id"], "printed": said, "error": error, "answers": answers}


def compiled(source: str, name: str) -> Any:
    """The code of a cell; lines for IPython (%pip, !ls, help?) are left out where Python cannot read them.

    Raises:
        SyntaxError: it is no Python otherwise either.
    """
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        return compile(source, name, "exec")
    except SyntaxError:
        kept = [_MAGIC.sub(r"\1pass", line) for line in source.split("\n")]
        return compile("\n".join(kept), name, "exec")


def _told(error: BaseException, cell: str) -> str:
    """An error as a student reads it: its name, its message, and the line of the cell it came from."""
    try:
        kind, message = type(error).__name__, str(error)
    except BaseException:  # of an error with a `__str__` of its own
        kind, message = "Exception", ""
    frames = traceback.extract_tb(error.__traceback__)
    mine = [frame for frame in frames if frame.filename.startswith("<cell ")]
    if isinstance(error, SyntaxError):
        where = f" (line {error.lineno})"
    elif mine and mine[-1].filename != f"<cell {cell}>":
        where = f" (line {mine[-1].lineno} of cell {mine[-1].filename[6:-1]})"
    else:
        where = f" (line {mine[-1].lineno})" if mine and cell else ""
    hint = ""
    if isinstance(error, NameError):
        hint = " Only the marked cells are graded: imports and helpers of other cells are not there."
    text = f"{kind}: {message}" if kind != "Wrong" else message
    return f"{text[:2000]}{where if kind != 'Wrong' else ''}{hint}"


def main() -> None:
    """Run the cells that come as JSON on the standard input: an author's own code, without a sandbox."""
    cells = json.load(sys.stdin)
    out = sys.stdout
    json.dump(run(cells), out)


if __name__ == "__main__":
    main()
