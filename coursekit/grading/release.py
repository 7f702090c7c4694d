"""The notebook of an assignment as students get it: the master without solutions and hidden tests.

nbgrader's own preprocessors make it, with one change: a stub says which task it belongs to.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbgrader import preprocessors as nbgrader
from traitlets.config import Config

from coursekit._shared._files import write_text
from coursekit.grading.assignment import Assignment

TEXT_STUB = "*Write your answer here, in place of this line.*"


class NumberedStubs(nbgrader.ClearSolutions):  # type: ignore[misc]  # nbgrader has no types
    """Puts `raise NotImplementedError("task 1")` where the solution of the cell `task-1` was."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Replace the solution of one cell."""
        task = cell.metadata.get("nbgrader", {}).get("grade_id", "").replace("-", " ")
        self.code_stub = {"python": f'raise NotImplementedError("{task}")'}
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        return cell, resources


def released(assignment: Assignment) -> Any:
    """Make the notebook that students get, as nbformat's node, without outputs.

    Raises:
        RuntimeError: nbgrader finds a fault in the master's regions or metadata.
    """
    notebook = nbformat.read(assignment.path, as_version=4)
    config = Config()
    config.ClearSolutions.text_stub = TEXT_STUB
    resources: dict[str, Any] = {}
    for step in (
        nbgrader.CheckCellMetadata, nbgrader.LockCells, NumberedStubs, nbgrader.ClearOutput,
        nbgrader.ClearHiddenTests, nbgrader.ComputeChecksums,
    ):  # fmt: skip
        notebook, resources = step(config=config).preprocess(notebook, resources)
    nbformat.validate(notebook)
    return notebook


@cache
def stubs(assignment: Assignment) -> dict[str, str]:
    """The text of each solution cell and written answer as students get it, by its grade_id."""
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in released(assignment).cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def write(assignment: Assignment, path: Path) -> None:
    """Write the released notebook, whole or not at all."""
    write_text(path, nbformat.writes(released(assignment)) + "\n")
