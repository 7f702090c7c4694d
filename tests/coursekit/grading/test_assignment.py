"""Assignments as their author wrote them: how they are read, and where they are found."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from support import assignment
from support.assignment import changed, with_source

from coursekit.grading.assignment import Assignment, AssignmentError, every, find, folder_of_masters, parse

ROOT = Path(__file__).resolve().parents[3]


def test_a_master_is_read_as_it_was_written(master: Assignment) -> None:
    kinds = [cell.kind for cell in master.cells]
    assert kinds == ["text", "code", "solution", "test", "code", "solution", "test", "written"]
    assert master.points == 5 and [cell.points for cell in master.written] == [4]
    assert [cell.source for cell in master.setup] == [assignment.SETUP]
    assert [cell["id"] for cell in master.solutions()] == ["setup-1", "task-1", "task-2"]
    assert master.solutions({"task-1": "pass"})[1]["source"] == "pass"


def test_what_is_expected_is_not_in_what_goes_into_the_sandbox(master: Assignment) -> None:
    asked = json.dumps(master.questions())
    assert "mean_frame(clip)" in asked and "manual_seed(SEED)" in asked
    assert (
        "check." not in asked
        and "clip.mean" not in asked
        and "another axis" not in asked
        and "7" not in asked
    )


def test_the_digest_changes_with_every_change(master: Assignment, tmp_path: Path) -> None:
    assert assignment.write(tmp_path / "same").digest == master.digest
    other = changed("test-1", source=assignment.TEST_MEAN.replace("another", "one other"))
    assert assignment.write(tmp_path / "other", made=other).digest != master.digest


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (changed("test-1", source="assert True"), r"test-1.*### BEGIN HIDDEN TESTS"),
        (changed("test-1", source=assignment.TEST_MEAN * 2), r"test-1.*needs one line"),
        (with_source("test-1", "### JUDGE", "### JUGDE"), r"test-1.*no part '### JUDGE'"),
        (with_source("test-2", "### ANSWERS", "x = 1"), r"test-2.*'x = 1' stands before"),
        (with_source("test-2", "answers = {", ""), r"test-2.*line 1"),
        (changed("task-1", source="def mean_frame(clip): ..."), r"task-1.*### BEGIN SOLUTION"),
        (changed("words", source="Why?"), r"words.*### BEGIN SOLUTION"),
        (
            changed("task-2", grade_id="task-1"),
            r"'task-1' is empty or stands twice.*def mean_frame",
        ),
        (changed("task-2", grade_id=""), r"'' is empty or stands twice.*output_size"),
        (changed("test-1", points=0), r"test-1.*worth 0 points, not more than 0"),
        (changed("test-1", points=-1), r"test-1.*worth -1 points"),
        (changed("test-1", points=float("nan")), r"test-1.*worth nan points"),
        (changed("test-1", points="two"), r"test-1.*points must be a number, not 'two'"),
        (changed("test-1", points=[2]), r"test-1.*points must be a number"),
        (changed("test-1", nbgrader="test-1"), r"metadata of a cell must be a dict, not 'test-1'"),
        (assignment.cells()[:3], "no cell has hidden tests"),
    ],
)
def test_a_master_out_of_form_is_refused_with_the_cell_and_the_mend(
    made: list[Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(AssignmentError, match=says) as told:
        assignment.write(tmp_path, made=made)
    assert "tiny.ipynb" in str(told.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"cells": 3}', b"<html>"])
def test_no_notebook_is_no_master(content: bytes) -> None:
    with pytest.raises(AssignmentError, match=r"tiny\.ipynb is not a notebook"):
        parse(content, Path("tiny.ipynb"))


# ---------------------------------------------------------------- where they are


@pytest.fixture
def shipped(tmp_path: Path) -> Assignment:
    """The tiny assignment, where a checkout has its own."""
    return assignment.write(tmp_path / "course" / "notebooks" / "assignments")


def test_an_assignment_is_found_by_its_name_or_path(shipped: Assignment) -> None:
    folder = shipped.path.parents[1]
    assert find("tiny", folder) == shipped.path and find(str(shipped.path)) == shipped.path
    with pytest.raises(AssignmentError, match=r"no assignment 'tinny'.*there are: tiny"):
        find("tinny", folder)
    with pytest.raises(AssignmentError, match=r"there is no notebook \S+tinny\.ipynb"):
        find(str(folder / "tinny.ipynb"), folder)
    with pytest.raises(AssignmentError, match=r"--masters \S+none, does not exist"):
        find("tiny", folder / "none")


@pytest.mark.parametrize("place", [".", "grades", "grades/conv3d"])
def test_the_folder_is_found_from_the_current_folder_upwards(
    place: str, shipped: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "course" / place).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path / "course" / place)
    assert folder_of_masters() == shipped.path.parents[1]
    assert [found.path for found in every()] == [shipped.path]


def test_elsewhere_the_checkout_of_the_package_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_of_masters() == ROOT / "notebooks" / "assignments"


# ---------------------------------------------------------------- from a wheel


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the wheel is installed, away from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("coursekit-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


RUNS = """
import os, sys
from coursekit import cli

for line in sys.stdin.read().splitlines():
    folder, *arguments = line.split()
    os.chdir(folder)
    print(cli.main(["grade", *arguments]), file=sys.stderr)
"""


def from_wheel(site: Path, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python with the wheel in place of the checkout."""
    return subprocess.run(
        [sys.executable, *command], input=stdin, cwd=site.parent, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True,
    )  # fmt: skip


@pytest.mark.slow
def test_a_wheel_finds_the_assignments_or_names_the_option_that_helps(
    site: Path, shipped: Assignment, tmp_path: Path
) -> None:
    folder = shipped.path.parents[1]
    runs = [f"{tmp_path} conv3d in.zip", f"{tmp_path}/course other", f"{tmp_path} other --masters {folder}"]
    done = from_wheel(site, "-c", RUNS, stdin="\n".join(runs))
    not_found = (
        "coursekit grade: error: the assignments were not found: there is no folder notebooks/assignments in "
        f"{tmp_path}, in a folder above it, or in {site}. Name the folder with --masters DIR, for example "
        "--masters ~/course/notebooks/assignments, or give the path of the assignment's notebook as its name"
    )
    found = f"coursekit grade: error: there is no assignment 'other' in {folder}; there are: tiny"
    assert done.stderr.splitlines() == [not_found, "2", found, "2", found, "2"]


@pytest.mark.slow
def test_a_wheel_grades_a_submission(site: Path, shipped: Assignment, tmp_path: Path) -> None:
    assignment.need_sandbox()
    path = tmp_path / "alice.ipynb"
    path.write_bytes(assignment.handed_in(shipped))
    options = ["--masters", str(shipped.path.parents[1]), "--workers", "1", "--out", str(tmp_path / "grades")]
    done = from_wheel(site, "-m", "coursekit", "grade", "tiny", str(path), *options)
    assert done.returncode == 0, done.stderr
    assert "alice" in done.stdout and "5 of 5" in done.stdout
