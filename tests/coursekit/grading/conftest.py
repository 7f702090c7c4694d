"""What the tests of grading share: the tiny assignment, and an empty gradebook to grade into."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import assignment, cohort

from coursekit.grading import gradebook
from coursekit.grading.assignment import Assignment


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """The tiny assignment."""
    return assignment.write(tmp_path_factory.mktemp("masters"))


@pytest.fixture(scope="module")
def graders() -> Iterator[None]:
    """The sandboxes of this process, which end after the last test of a file."""
    assignment.need_sandbox()
    yield
    cohort.close()


@pytest.fixture(scope="module")
def empty_gradebook(tmp_path_factory: pytest.TempPathFactory, master: Assignment) -> Path:
    """A gradebook without submissions. To make one, nbgrader starts another program, which takes seconds."""
    folder = tmp_path_factory.mktemp("empty")
    gradebook.Book(folder, master)
    return folder / "gradebook.db"


@pytest.fixture
def out(tmp_path: Path, empty_gradebook: Path) -> Path:
    """A folder to grade into."""
    folder = tmp_path / "out"
    folder.mkdir()
    shutil.copy(empty_gradebook, folder)
    return folder
