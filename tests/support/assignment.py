"""A tiny assignment for tests: two tasks in code, one in words; and notebooks handed in to it."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from coursekit.grading import sandbox
from coursekit.grading.assignment import Assignment, read
from coursekit.grading.release import released
from coursekit.grading.sandbox import _runner

SETUP = "import torch\n\nfrom coursekit import check\n\nSEED = 7\n"
MEAN = '''def mean_frame(clip):
    """The mean of a clip's frames."""
    ### BEGIN SOLUTION
    return clip.mean(0)
    ### END SOLUTION
'''
SIZE = '''def output_size(size, kernel, stride=1):
    """How many places a window has."""
    ### BEGIN SOLUTION
    return (size - kernel) // stride + 1
    ### END SOLUTION
'''
TEST_MEAN = """check.equal(list(mean_frame(torch.zeros(5, 2, 3)).shape), [2, 3], "its shape")
### BEGIN HIDDEN TESTS
### INPUTS
clip = torch.rand(4, 3, 3, generator=torch.Generator().manual_seed(SEED))
### ANSWERS
answers = {"mean": mean_frame(clip)}
### JUDGE
check.close(answers["mean"], clip.mean(0), "mean_frame(clip)", looks_like=[(clip.mean(1), "another axis")])
### END HIDDEN TESTS
"""
TEST_SIZE = """check.equal(output_size(5, 3), 3, "output_size(5, 3)")
### BEGIN HIDDEN TESTS
### ANSWERS
answers = {"sizes": [output_size(9, 3), output_size(10, 4, 3)]}
### JUDGE
check.equal(answers["sizes"][0], 7, "output_size(9, 3)", {6: "one place is missing"})
check.equal(answers["sizes"][1], 3, "output_size(10, 4, stride=3)")
### END HIDDEN TESTS
"""
WORDS = """Why is the mean of the frames blind to their order? (4 points)

### BEGIN SOLUTION
A sum does not ask in which order its terms come.

Full credit: the order of the terms of a sum. Half: an example without a reason. No credit: "it is a mean".
### END SOLUTION
"""
RIGHT = {
    "task-1": "def mean_frame(clip):\n    return clip.sum(0) / len(clip)\n",
    "task-2": "def output_size(size, kernel, stride=1):\n    return 1 + (size - kernel) // stride\n",
    "words": "Adding up is blind to order.",
}
POINTS = {"test-1": 2.0, "test-2": 3.0}  # by the tests; `words` has 4 more, by a person


def cells() -> list[Any]:
    """The master's cells, fresh ones each time."""
    return [
        new_markdown_cell("# Tiny", id="title"),
        _marked(new_code_cell(SETUP, id="set-up"), "setup", locked=True),
        _marked(new_code_cell(MEAN, id="one"), "task-1", solution=True),
        _marked(new_code_cell(TEST_MEAN, id="one-test"), "test-1", grade=True, locked=True, points=2),
        new_code_cell("print(mean_frame(torch.zeros(2, 1, 1)))", id="look"),
        _marked(new_code_cell(SIZE, id="two"), "task-2", solution=True),
        _marked(new_code_cell(TEST_SIZE, id="two-test"), "test-2", grade=True, locked=True, points=3),
        _marked(new_markdown_cell(WORDS, id="three"), "words", solution=True, grade=True, points=4),
    ]


def changed(name: str, **about: Any) -> list[Any]:
    """The master's cells with one changed: its source, or nbgrader's metadata."""
    made = cells()
    cell = next(c for c in made if c.metadata.get("nbgrader", {}).get("grade_id") == name)
    cell.source = about.pop("source", cell.source)
    cell.metadata["nbgrader"] = about.pop("nbgrader", {**cell.metadata["nbgrader"], **about})
    return made


def with_source(grade_id: str, old: str, new: str) -> list[Any]:
    """The master's cells with a part of one replaced."""
    sources = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source for cell in cells()}
    assert old in sources[grade_id]
    return changed(grade_id, source=sources[grade_id].replace(old, new))


def write(folder: Path, name: str = "tiny", made: list[Any] | None = None) -> Assignment:
    """Write the assignment below a folder, as `name/name.ipynb`, and read it."""
    path = folder / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=made or cells(), metadata=python), path)
    return read(path)


@cache
def _released(master: Assignment) -> str:
    return nbformat.writes(released(master))


def notebook(master: Assignment) -> Any:
    """The notebook that students get, to be changed at will."""
    return nbformat.reads(_released(master), as_version=4)


def texts(master: Assignment) -> dict[str, str]:
    """What students get in the cells that are theirs, by grade_id."""
    theirs = {cell.grade_id for cell in master.cells if cell.kind in ("solution", "written")}
    found = {_grade_id(cell): cell.source for cell in notebook(master).cells}
    return {grade_id: text for grade_id, text in found.items() if grade_id in theirs}


def handed_in(master: Assignment, solutions: Mapping[str, str] = RIGHT) -> bytes:
    """The notebook that students get, with texts of some cells in place of its own."""
    made = notebook(master)
    for cell in made.cells:
        cell.source = solutions.get(_grade_id(cell), cell.source)
    return nbformat.writes(made).encode()


def run_here(cells: list[dict[str, str]], tests: list[dict[str, str]]) -> list[dict[str, str]]:
    """Run cells in this process: quicker than `run_without_sandbox`, for code that is known."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    reports: list[dict[str, str]] = []
    _runner.run(cells, scope, 20, lambda _: None)
    _runner.run(tests, scope, 20, reports.append)
    return reports


def cell_of(notebook: dict[str, Any], grade_id: str) -> dict[str, Any]:
    """A marked cell of a notebook that was read as JSON."""
    return next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def need_sandbox() -> None:
    """Skip the test where there is no sandbox, or let it fail if COURSEKIT_REQUIRE_SANDBOX is set."""
    try:
        sandbox.check()
    except sandbox.SandboxError as error:
        if os.environ.get("COURSEKIT_REQUIRE_SANDBOX"):
            raise
        pytest.skip(f"no sandbox: {error}")


def _grade_id(cell: Any) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _marked(cell: Any, grade_id: str, **about: Any) -> Any:
    cell.metadata["nbgrader"] = {
        "schema_version": 3, "grade_id": grade_id, "cell_type": cell.cell_type, "grade": False,
        "solution": False, "locked": False, "task": False, **about,
    }  # fmt: skip
    return cell
