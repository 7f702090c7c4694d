"""Record notebooks: run them from a clean kernel and store what they show, the same bytes each time.

    python -m tools.notebooks.record [--check] [NOTEBOOK ...]        (default: lectures and solutions)

This file alone makes what a reader sees on GitHub or on paper, and what nbval compares. A recording is stored
whole or not at all. If there is a fault, the message names it and the old file stays as it was. Faults are an
error, also inside a widget's callback; a warning or other text on stderr; a path of this machine; an output
that is too large.

**Why nbval can compare interactive cells.** In a browser, an `ipywidgets.Output` (and `interact`, which uses
it) shows what is printed or drawn inside it. The kernel sends that to the cell, and the front end moves it
into the widget. nbclient acts as the front end and moves it too, but nbval does not: a recorded `interact`
cell would lack what the tested one shows, and nbval would always fail. The recorder does not move it
(`_Client`), so what a callback draws stays an ordinary output of the cell. Then recording and test agree, and
the picture is stored where GitHub and print show it. An exception inside a callback is in the cell's outputs;
`nbconvert --execute` would hide it in the widget's state. `clear_output` outside a widget is refused, because
nbval ignores it. The course's own notebooks use `widgets.explore`, and `lint` asks them to: while recording
it also draws both ends of each slider, so that a callback that fails only there is found, and it stores an
alt text.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tools.notebooks import kernel
from tools.notebooks.notebook import (
    FREE,
    RAISES,
    WIDGET_VIEW,
    Node,
    NotebookError,
    code_cells,
    lectures_and_solutions,
    name,
    read,
    tags,
    texts,
    traces,
    write,
)

CELL_SECONDS = 600  # a cell that runs longer is stopped
CELL_BYTES = 2_000_000  # all outputs of one cell; a browser opens a notebook of 6 MB in a second or two
NOTEBOOK_BYTES = 6_000_000

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# Without "version": it names the machine's Python.
LANGUAGE = {
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "pygments_lexer": "ipython3",
}
# A number, but no digits inside a word: an encoded picture has many of those. A time may have leading spaces.
_NUMBER = re.compile(r" *(?<![A-Za-z0-9+/=])\d[\d,.]*(?:e[+-]?\d+)?(?![A-Za-z0-9+/=])")
_ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class _Client(NotebookClient):
    """An nbclient that leaves what a widget captures in the cell's outputs; the file's docstring says why."""

    def __init__(self, notebook: Node, **options: Any) -> None:
        super().__init__(notebook, on_cell_start=self._remember, **options)
        self.running: Node = None  # the cell that runs
        self.cleared: list[Node] = []  # cells that called clear_output outside a widget

    def _remember(self, cell: Node, cell_index: int) -> None:
        self.running = cell

    def on_comm_open_jupyter_widget(self, msg: dict[str, Any]) -> None:
        """Do not act as the browser's part of an Output widget."""

    def clear_output(self, outs: list[Node], msg: dict[str, Any], cell_index: int) -> None:
        """Clear nothing, as nbval does. A widget may clear its own area."""
        request = msg["parent_header"].get("msg_id")
        captured = [state for state in self.widget_state.values() if state.get("msg_id") == request]
        if not captured:
            self.cleared.append(self.nb.cells[cell_index])


def record(path: Path, *, check: bool = False, seconds: float = CELL_SECONDS) -> bool:
    """Run a notebook and store its outputs.

    Args:
        path: the notebook; it runs in the folder it lies in.
        check: store nothing, only compare what nbval compares.
        seconds: longest time for one cell.

    Returns:
        Whether the file was changed.

    Raises:
        NotebookError: a cell failed, or the recording must not be stored; the message has all faults. With
            `check`: the compared outputs differ; the message shows how. The file is as it was.
    """
    stored = read(path)
    recorded = run(path, seconds=seconds)
    if not check:
        keep_numbers(stored, recorded)
        return write(path, recorded)
    changes = differences(stored, recorded)
    if changes:
        raise NotebookError(f"{path}: the stored outputs differ from a new recording\n" + "\n".join(changes))
    return False


def run(
    path: Path,
    *,
    seconds: float = CELL_SECONDS,
    python: Path | None = None,
    folder: Path | None = None,
    variables: dict[str, str] | None = None,
) -> Node:
    """Run a notebook from a clean kernel, on the CPU.

    Args:
        path: the notebook.
        seconds: longest time for one cell.
        python: whose kernel runs it; None is this Python.
        folder: where it runs; None is the folder it lies in.
        variables: more variables of the kernel's environment.

    Returns:
        The notebook with its outputs, as it may be stored.

    Raises:
        NotebookError: see `record`.
    """
    notebook = read(path)
    for number, cell in enumerate(code_cells(notebook), start=1):
        if not cell.source.strip():
            raise NotebookError(f"{path}: code cell {number} (id {cell.id}) is empty: delete it")
    with tempfile.TemporaryDirectory() as scratch:
        settings = {"COURSEKIT_RECORDING": "1", "CUDA_VISIBLE_DEVICES": "", **(variables or {})}
        environment = kernel.environment(Path(scratch), **settings)
        kernel.make_font_cache(environment, python)
        kernels = kernel.of_python(python, Path(scratch)) if python else kernel.this_python()
        client = _Client(
            notebook,
            km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernels),
            timeout=round(seconds),
            record_timing=False,
            extra_arguments=["--log-level=ERROR"],  # not ipykernel's advice on how it is connected
            resources={"metadata": {"path": str(folder or path.resolve().parent)}},
        )
        client.owns_km = True  # it ends the kernel, also after an error
        try:
            client.execute(env=environment)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise NotebookError(_stopped(path, client, error, seconds)) from error
    for number, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = number
        cell.outputs = tidy(cell.outputs, number)
    tidy_metadata(notebook)
    errors = faults(notebook) + [
        f"{name(cell, cell.execution_count)}\n    {_CLEARED}" for cell in client.cleared
    ]
    if errors:
        raise NotebookError(f"{path}: not recorded\n" + "\n".join(errors))
    return notebook


_CLEARED = "clear_output has no stored form that can be compared: show the last state only"


def _stopped(path: Path, client: _Client, error: Exception, seconds: float) -> str:
    """The message for a run that ended before its last cell."""
    if isinstance(error, CellTimeoutError):
        reason = f"ran longer than {seconds:g} s"
    elif isinstance(error, DeadKernelError):
        reason = "its kernel died (out of memory, or a crash in C code)"
    else:
        reason = _ANSI_COLOUR.sub("", str(getattr(error, "traceback", error)))
    number = code_cells(client.nb).index(client.running) + 1
    return f"{path}: not recorded\n{name(client.running, number)}\n{_indented(reason)}"


def tidy(outputs: list[Node], number: int) -> list[Node]:
    """The outputs of a cell, without what differs from run to run or is of no use in a file.

    Widget views are left out, because without a kernel the reader would see "model not found"; the picture
    and the text beside them stay. Consecutive pieces of one stream become one. A line that was overwritten
    (carriage return) is left out. Only the last line of a traceback stays, because the others name this
    machine's folders.

    Args:
        outputs: as the kernel sent them.
        number: the cell's execution count.

    Returns:
        The outputs to store.
    """
    tidied: list[Node] = []
    for output in outputs:
        last = tidied[-1] if tidied else None
        if output.output_type == "stream":
            if last is not None and last.output_type == "stream" and last.name == output.name:
                last.text += output.text
                continue
        elif output.output_type == "error":
            output.traceback = [f"{output.ename}: {output.evalue}"]
        else:
            output.data.pop(WIDGET_VIEW, None)
            output.metadata.pop(WIDGET_VIEW, None)
            if not output.data:
                continue
            if output.output_type == "execute_result":
                output.execution_count = number
        tidied.append(output)
    for output in tidied:
        if output.output_type == "stream":
            output.text = re.sub(r"^.*\r(?=[^\n])", "", output.text, flags=re.MULTILINE)  # as nbval does
    return tidied


def keep_numbers(stored: Node, recorded: Node) -> None:
    """Put stored outputs of free cells back, in place, if nothing but numbers has changed.

    A cell that prints times (tagged `nbval-ignore-output`) prints different ones on each run, so each
    recording would change the file. If a word or a picture has changed, the new output is stored.

    Args:
        stored: the notebook as it was in the file.
        recorded: the same notebook, run now.
    """
    for old, new in zip(code_cells(stored), code_cells(recorded), strict=True):
        if FREE in tags(new) and _without_numbers(old) == _without_numbers(new):
            new.outputs = old.outputs


def _without_numbers(cell: Node) -> str:
    """All of a cell's outputs in one text, each number replaced by 0."""
    lines = json.dumps(cell.outputs, sort_keys=True).replace("\\n", "\n").replace("\\t", "\t")
    return _NUMBER.sub("0", lines)


def tidy_metadata(notebook: Node) -> None:
    """Reduce the notebook's metadata, in place, to what is the same on every machine."""
    notebook.metadata["kernelspec"] = dict(KERNELSPEC)
    notebook.metadata["language_info"] = dict(LANGUAGE)
    for key in ("widgets", "signature", "vscode"):
        notebook.metadata.pop(key, None)
    for cell in notebook.cells:
        for key in ("execution", "ExecuteTime", "outputId", "colab", "scrolled", "collapsed"):
            cell.metadata.pop(key, None)
        shown = [output.get("data", {}).get("text/html", "") for output in cell.get("outputs", [])]
        if any('class="ck-framed"' in html for html in shown):
            # Without this, Notebook 7 puts an output of more than 1,820 pixels, as an explorer is in a narrow
            # window, into a scroll box of 312.
            cell.metadata["scrolled"] = False


def faults(notebook: Node) -> list[str]:
    """Why a notebook that ran to its end must not be stored.

    Args:
        notebook: the notebook with its outputs.

    Returns:
        One entry per cell with faults: which cell, and below it a line for each fault.
    """
    errors = []
    total = 0
    for number, cell in enumerate(code_cells(notebook), start=1):
        lines = output_faults(cell)
        size = sum(len(str(output)) for output in cell.outputs)
        total += size
        if size > CELL_BYTES:
            lines.append(f"its outputs take {size / 1e6:.1f} MB, more than {CELL_BYTES / 1e6:g} MB")
        if lines:
            errors.append("\n".join([name(cell, number), *(f"    {line}" for line in lines)]))
    if total > NOTEBOOK_BYTES:
        errors.append(
            f"all outputs together take {total / 1e6:.1f} MB, more than {NOTEBOOK_BYTES / 1e6:g} MB"
        )
    return errors


def output_faults(cell: Node) -> list[str]:
    """What is wrong with the outputs of one cell, each in one line (an exception's text may have more).

    Args:
        cell: a code cell that was run.

    Returns:
        Errors (unless the cell is tagged `raises-exception`), text on stderr, paths of this machine, memory
        addresses and warnings.
    """
    errors = []
    for output in cell.outputs:
        for kind, text in texts(output):
            if kind == "error" and RAISES not in tags(cell):
                errors.append(f"an exception, perhaps in a widget's callback: {text.strip()}")
            elif kind == "stderr":
                errors.append(f"text on stderr: {text.strip()}")
            else:
                errors += [f"{kind} holds {trace}" for trace in traces(text)]
    return errors


def differences(stored: Node, recorded: Node) -> list[str]:
    """Where two recordings of a notebook differ in what nbval compares.

    Args:
        stored: the notebook as it is in the file.
        recorded: the notebook as it was run now.

    Returns:
        A unified diff per cell that differs; cells tagged `nbval-ignore-output` are free.
    """
    changes = []
    for number, (old, new) in enumerate(zip(code_cells(stored), code_cells(recorded), strict=True), start=1):
        before, after = _compared(old), _compared(new)
        if before != after:
            diff = difflib.unified_diff(before, after, "stored", "recorded now", lineterm="", n=1)
            changes.append("\n".join([name(new, number), *(f"    {line}" for line in diff)]))
    return changes


def _compared(cell: Node) -> list[str]:
    """The lines of a cell's outputs that must be the same in each recording."""
    if FREE in tags(cell):
        return []
    return [
        f"{kind}: {line}"
        for output in cell.outputs
        for kind, text in texts(output)
        for line in text.splitlines()
    ]


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip().splitlines())


def main(arguments: list[str] | None = None) -> int:
    """Record the notebooks named on the command line; the exit code is 0 if all could be."""
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks.record", description="Record notebooks.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: lectures and solutions")
    parser.add_argument(
        "--check", action="store_true", help="store nothing; 1 if compared outputs would change"
    )
    options = parser.parse_args(arguments)
    notebooks = options.notebooks or lectures_and_solutions(Path("notebooks"))
    if not notebooks:
        print("record: no notebooks/*.ipynb here; run it in the checkout's folder", file=sys.stderr)
        return 1
    failed = 0
    for path in notebooks:
        start = time.perf_counter()
        try:
            changed = record(path, check=options.check)
        except NotebookError as error:
            print(error, file=sys.stderr, flush=True)
            failed += 1
            continue
        result = "as stored" if options.check else "recorded" if changed else "recorded, unchanged"
        print(f"{path}: {result} ({time.perf_counter() - start:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
