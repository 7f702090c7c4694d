"""Small notebooks for tests: made of cells, written to a temporary folder."""

from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output


def text(source: str) -> Any:
    """A markdown cell."""
    return new_markdown_cell(source)


def code(source: str, *tags: str) -> Any:
    """A code cell that was not run."""
    return new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def stored(source: str, printed: str, number: int, *tags: str) -> Any:
    """A code cell as if it had been run, and had printed something."""
    cell = code(source, *tags)
    cell.execution_count = number
    cell.outputs = [new_output("stream", name="stdout", text=printed)]
    return cell


def save(path: Path, *cells: Any) -> Path:
    """Write a notebook of these cells; they get the ids cell-1, cell-2, ..."""
    for number, cell in enumerate(cells, start=1):
        cell.id = f"cell-{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a kernel's name JupyterLab asks for one.
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=list(cells), metadata=python), path)
    return path
