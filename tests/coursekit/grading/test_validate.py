"""Checking an assignment: faults of the reference, of the release and of known mistakes are found."""

from pathlib import Path
from typing import Any

import pytest
from support import assignment
from support.assignment import changed, run_here

from coursekit.grading import validate
from coursekit.grading.assignment import Assignment
from coursekit.grading.autograde import Judge

MEAN = "# %% task-1\ndef mean_frame(clip):\n    return "
SIZE = "# %% task-2\ndef output_size(size, kernel, stride=1):\n    return "
WRONG = {  # name: loses, says, cells
    "axis": ("test-1", "another axis", f"{MEAN}clip.mean(1)"),
    "first": ("test-1", "the values differ", f"{MEAN}clip[0]"),
    "kept": ("test-1", "one axis is too many", f"{MEAN}clip.mean(0, True)"),
    "short": ("test-2", "one place is missing", f"{SIZE}(size - kernel) // stride"),
    "divided": ("test-2", "got 7.0", f"{SIZE}(size - kernel) / stride + 1"),
    "broken": ("test-2, test-1", "is not defined", "# %% task-1\ndef (:\n# %% task-2\ndef (:"),
}


def plant(master: Assignment, name: str, loses: str, says: str, cells: str) -> None:
    """Put a known-wrong solution beside a master."""
    path = master.path.parent / "wrong" / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'"""It is wrong.\n\nloses: {loses}\nsays: {says}\n"""\n\n{cells}\n', encoding="utf-8")


def proven(folder: Path, made: list[Any] | None = None) -> Assignment:
    """An assignment with known-wrong solutions."""
    master = assignment.write(folder, made=made)
    for name, parts in WRONG.items():
        plant(master, name, *parts)
    return master


def test_an_assignment_in_order_has_no_faults(tmp_path: Path) -> None:
    master = proven(tmp_path)
    assert validate.faults(master, run_here) == []


def test_a_reference_that_loses_is_a_fault(tmp_path: Path) -> None:
    lost = assignment.MEAN.replace("clip.mean(0)", "clip.mean(1)")
    found = validate.faults(proven(tmp_path, changed("task-1", source=lost)), run_here)
    assert "the reference loses test-1: mean_frame(clip): " in found[0] and "another axis" in found[0]


def test_an_untouched_release_with_points_is_a_fault(tmp_path: Path) -> None:
    easy = assignment.TEST_SIZE.replace("[output_size(9, 3), output_size(10, 4, 3)]", "[7, 3]")
    assert "the untouched release gets the points of test-2" in validate.faults(
        proven(tmp_path, changed("test-2", source=easy)), run_here
    )


def test_an_untouched_release_that_fails_for_another_reason_is_a_fault(tmp_path: Path) -> None:
    nothing_left = f"### BEGIN SOLUTION\n{assignment.RIGHT['task-2']}### END SOLUTION\n"
    found = validate.faults(proven(tmp_path, changed("task-2", source=nothing_left)), run_here)
    assert any("the untouched release fails test-2 for another reason: NameError" in fault for fault in found)


@pytest.mark.parametrize(
    ("loses", "says", "cells", "fault"),
    [
        ("test-1", "one place", f"{SIZE}0", "it must lose ['test-1'] test-2: output_size"),
        ("test-1, test-2", "one place", f"{SIZE}6", "it loses ['test-2'], it must lose ['test-1', 'test-2']"),
        ("test-1", "other axis", f"{MEAN}clip.mean(1)\n{SIZE}0", "it loses ['test-1', 'test-2']"),
        ("test-2", "one place", f"{SIZE}1 + (size - kernel) // stride", "it loses [], it must"),
        ("test-2", "two places", f"{SIZE}6", "one place is missing', which does not say 'two places'"),
    ],
)  # fmt: skip
def test_a_wrong_solution_that_loses_otherwise_is_a_fault(
    loses: str, says: str, cells: str, fault: str, tmp_path: Path
) -> None:
    master = proven(tmp_path)
    plant(master, "planted", loses, says, cells)
    found = validate.faults(master, run_here)
    assert found and all(one.startswith("wrong/planted.py: ") for one in found)
    assert any(fault in one for one in found)


def test_too_few_wrong_solutions_are_a_fault(tmp_path: Path) -> None:
    master = proven(tmp_path)
    (master.path.parent / "wrong" / "axis.py").unlink()
    assert validate.faults(master, run_here) == [
        "there are 5 solutions with known mistakes; at least 6 are needed"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "", "x = 1", '"""Wrong.\n\nloses: test-1\nsays: a\n"""', f'"""Wrong."""\n{SIZE}6',
        f'"""Wrong.\n\nloses: test-2\n"""\n{SIZE}6', f'"""Wrong.\n\nsays: a\n"""\n{SIZE}6',
        f'"""Wrong.\n\nloses: test-9\nsays: a\n"""\n{SIZE}6',
        '"""Wrong.\n\nloses: test-2\nsays: a\n"""\n# %% test-2\npass', f"no docstring\n{SIZE}6",
    ],
)  # fmt: skip
def test_a_wrong_solution_out_of_form_is_refused_by_its_name(text: str, tmp_path: Path) -> None:
    master = proven(tmp_path)
    (master.path.parent / "wrong" / "planted.py").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"planted\.py"):
        validate.faults(master, run_here)


def test_prove_names_what_is_wrong_and_exits_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(validate.faults, "__defaults__", (run_here,))
    master = proven(tmp_path)
    assert validate.main(["--masters", str(tmp_path)]) == 0
    (master.path.parent / "wrong" / "axis.py").unlink()
    assert validate.main(["tiny", "--masters", str(tmp_path)]) == 1
    assert capsys.readouterr().out == (
        "tiny: as it must be\ntiny: \n  there are 5 solutions with known mistakes; at least 6 are needed\n"
    )


@pytest.mark.slow
def test_a_fresh_process_reports_the_same(tmp_path: Path) -> None:
    master = assignment.write(tmp_path)
    reports = validate.run_without_sandbox(master.solutions(), master.questions())
    assert reports == run_here(master.solutions(), master.questions())
    assert [mark.points for mark in Judge(master).marks(reports)] == [2, 3]


def test_code_that_breaks_the_process_is_no_report() -> None:
    cells = [{"id": "a", "kind": "solution", "source": "import os\nos._exit(3)"}]
    with pytest.raises(RuntimeError):
        validate.run_without_sandbox(cells, [])
