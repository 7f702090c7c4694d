"""Runs a submission's cells one after the other, and sends a report on each.

It runs inside the sandbox, in the process that then is the student's: nothing that it sends is trusted. The
hidden tests come only after the reports on the solutions are sent, so no output of a solution can quote them.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import json
import linecache
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from coursekit._shared._source import compiled

PRINTED = 4_000  # characters kept of what a cell prints
ANSWERS = 4_000_000  # characters of one test's answers
MESSAGE = 300  # characters of an error's message in a test: enough to repair it, too few to copy tests out

Cells = list[dict[str, str]]  # of `id`, `kind` (code, solution or test) and `source`
Send = Callable[[dict[str, str]], None]


class SlowError(Exception):
    """A cell took longer than its limit."""


class Capped(io.TextIOBase):
    """A stream that keeps the beginning of what is written to it."""

    def __init__(self) -> None:
        self.text, self.dropped = "", 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Keep as much as there is room for."""
        room = PRINTED - len(self.text)
        self.text += text[:room]
        self.dropped += max(0, len(text) - room)
        return len(text)


def run(cells: Cells, scope: dict[str, Any], seconds: float, send: Send) -> None:
    """Run cells as a kernel would, each whether or not one before it failed, and send a dict for each.

    What a test binds is its own: it takes no name away from the student's functions, and gives them none.

    Args:
        cells: what to run.
        scope: the names that there are; of a kernel, `__main__`'s.
        seconds: what a cell may take.
        send: gets `id`, `printed`, `error` (empty where there was none) and `answers` (of a test).
    """
    mine = os.getpid()
    scope.setdefault("display", lambda *values, **_: print(*values))  # a notebook has it
    for cell in cells:
        report = _run(cell, scope, seconds)
        if os.getpid() != mine:  # a cell has forked, and this is the copy
            os._exit(0)
        send(report)


def _run(cell: dict[str, str], scope: dict[str, Any], seconds: float) -> dict[str, str]:
    printed, error, answers = Capped(), "", ""
    test, source, name = cell["kind"] == "test", cell["source"], f"<cell {cell['id']}>"
    if test:
        scope = {name: value for name, value in scope.items() if name != "answers"}
    else:
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), _limit(seconds):
            _execute(compiled(source, name, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), scope)
            if test:
                from coursekit.check import encode

                answers = encode(scope["answers"])
    except BaseException as caught:  # SystemExit and KeyboardInterrupt too: the next cell runs
        error = _message_of(caught, name, test)
    if len(answers) > ANSWERS:
        answers, error = "", f"the answers are too large ({len(answers):,} characters of at most {ANSWERS:,})"
    text = printed.text + (f"\n[... {printed.dropped:,} characters more]" if printed.dropped else "")
    return {"id": cell["id"], "printed": "" if test else text, "error": error, "answers": answers}


def _execute(code: Any, scope: dict[str, Any]) -> None:
    """Run a cell's code; one with an `await` at its top level runs as in Jupyter."""
    if code.co_flags & inspect.CO_COROUTINE:
        import asyncio

        asyncio.run(eval(code, scope))
    else:
        exec(code, scope)


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Raise a SlowError in the block after so many seconds. Code that will not be stopped is killed later."""

    def ring(*_: Any) -> None:
        raise SlowError(f"stopped after {seconds:g} seconds: is there a loop without an end?")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _message_of(error: BaseException, cell: str, test: bool) -> str:
    """The text of an error for a student: its name, its message, and the line of the cell that raised it."""
    try:
        kind = type(error).__name__
        message = str(error.msg if isinstance(error, SyntaxError) else error)
    except BaseException:  # of an error with a `__str__` of its own
        kind, message = "Exception", ""
    message = message if len(message) <= MESSAGE else f"{message[:MESSAGE]} ..."
    if kind in ("Wrong", "SlowError"):
        return message
    if kind == "NotPlainError":
        return f"an answer cannot be compared: {message}. Return numbers, strings, tensors, lists or dicts"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "<cell " in frame.filename]
    if isinstance(error, SyntaxError):
        where = f" (line {error.lineno})"
    elif frames and not (test and frames[-1].filename == cell):
        there = "" if frames[-1].filename == cell else f" of cell {frames[-1].filename[6:-1]}"
        where = f" (line {frames[-1].lineno}{there})"
    else:
        where = ""
    hint = ""
    if isinstance(error, NameError):
        hint = ". Only the marked cells are graded: what other cells import or define is not there."
    if isinstance(error, EOFError):
        hint = ". Nobody can type while a notebook is graded: remove input()."
    return f"{kind}: {message}{where}{hint}"


def main() -> None:
    """Run an author's own cells without a sandbox: standard input and output are JSON texts."""
    job, out = json.load(sys.stdin), sys.stdout
    scope: dict[str, Any] = {"__name__": "__main__"}
    reports: dict[str, list[dict[str, str]]] = {"cells": [], "tests": []}
    for part, reports_of_part in reports.items():
        run(job[part], scope, 600, reports_of_part.append)
    json.dump(reports, out)


if __name__ == "__main__":
    main()
