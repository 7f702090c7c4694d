"""Where the assignments are found: in a checkout, from an installed wheel, and with --masters."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support import assignment

from coursekit.grading.assignment import Assignment, AssignmentError, every, find, folder_of_masters

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def master(tmp_path: Path) -> Assignment:
    """The tiny assignment, where a checkout has its own."""
    return assignment.write(tmp_path / "course" / "notebooks" / "assignments")


def test_an_assignment_is_found_by_its_name_or_path(master: Assignment) -> None:
    folder = master.path.parents[1]
    assert find("tiny", folder) == master.path and find(str(master.path)) == master.path
    with pytest.raises(AssignmentError, match=r"no assignment 'tinny'.*there are: tiny"):
        find("tinny", folder)
    with pytest.raises(AssignmentError, match=r"there is no notebook \S+tinny\.ipynb"):
        find(str(folder / "tinny.ipynb"), folder)
    with pytest.raises(AssignmentError, match=r"--masters \S+none, does not exist"):
        find("tiny", folder / "none")


@pytest.mark.parametrize("place", [".", "grades", "grades/conv3d"])
def test_the_folder_is_found_from_the_current_folder_upwards(
    place: str, master: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "course" / place).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path / "course" / place)
    assert folder_of_masters() == master.path.parents[1]
    assert [found.path for found in every()] == [master.path]


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


def test_a_wheel_finds_the_assignments_or_names_the_option_that_helps(
    site: Path, master: Assignment, tmp_path: Path
) -> None:
    folder = master.path.parents[1]
    runs = [f"{tmp_path} conv3d in.zip", f"{tmp_path}/course other", f"{tmp_path} other --masters {folder}"]
    done = from_wheel(site, "-c", RUNS, stdin="\n".join(runs))
    not_found = (
        "coursekit grade: error: the assignments were not found: there is no folder notebooks/assignments in "
        f"{tmp_path}, in a folder above it, or in {site}. Name the folder with --masters DIR, for example "
        "--masters ~/course/notebooks/assignments, or give the path of the assignment's notebook as its name"
    )
    found = f"coursekit grade: error: there is no assignment 'other' in {folder}; there are: tiny"
    assert done.stderr.splitlines() == [not_found, "2", found, "2", found, "2"]


def test_a_wheel_grades_a_submission(site: Path, master: Assignment, tmp_path: Path) -> None:
    assignment.need_sandbox()
    path = tmp_path / "alice.ipynb"
    path.write_bytes(assignment.handed_in(master))
    options = ["--masters", str(master.path.parents[1]), "--workers", "1", "--out", str(tmp_path / "grades")]
    done = from_wheel(site, "-m", "coursekit", "grade", "tiny", str(path), *options)
    assert done.returncode == 0, done.stderr
    assert "alice" in done.stdout and "5 of 5" in done.stdout
