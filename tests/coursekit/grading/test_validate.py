"""Checking an assignment: faults of the reference, of the release and of known mistakes are found."""

from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from support import assignment
from support.assignment import changed, run_here, with_source

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


def plant(master: Assignment, name: str, loses: str, says: str, cells: str, warned: str = "") -> None:
    """Put a known-wrong solution beside a master."""
    path = master.path.parent / "wrong" / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    lines = ["It is wrong.", "", f"loses: {loses}", f"says: {says}"]
    lines += [f'warned: "{warned}"'] if warned else []
    about = "\n".join(lines)
    path.write_text(f'"""{about}\n"""\n\n{cells}\n', encoding="utf-8")


def proven(folder: Path, made: list[Any] | None = None) -> Assignment:
    """An assignment with known-wrong solutions. The visible check does not find that of `first`."""
    master = assignment.write(folder, made=made)
    for name, parts in WRONG.items():
        plant(master, name, *parts, "The mean of a clip's frames." if name == "first" else "")
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


PARTS = assignment.TEST_SIZE.replace(
    assignment.TEST_SIZE.split("### JUDGE")[1].split("### END")[0],
    """
with check.part("stride 1", 1):
    check.equal(answers["sizes"][0], 7, "output_size(9, 3)", {6: "one place is missing"})
with check.part("other strides", 2):
    check.equal(answers["sizes"][1], 3, "output_size(10, 4, stride=3)")
""",
)
NO_STRIDE = f"{SIZE}size - kernel + 1"


@pytest.mark.parametrize(
    ("loses", "fault"),
    [
        ("test-2", None),
        ("test-2/other strides", None),
        ("test-2/stride 1, test-2/other strides", "it loses the parts ['other strides'], it must lose"),
        ("test-2/stride 1", "of test-2 it loses the parts ['other strides'], it must lose ['stride 1']"),
    ],
)
def test_a_mistake_loses_the_parts_that_it_must(loses: str, fault: str | None, tmp_path: Path) -> None:
    master = proven(tmp_path, changed("test-2", source=PARTS))
    plant(master, "planted", loses, "other strides", NO_STRIDE, "How many places a window has.")
    found = validate.faults(master, run_here)
    assert found == [] if fault is None else len(found) == 1 and fault in found[0]


RULED = assignment.TEST_SIZE.replace(
    "check.equal(", "check.own_work('output_size')\ncheck.equal(", 1
).replace("### JUDGE\n", "### JUDGE\ncheck.own_work('output_size')\n")


def test_a_mistake_may_break_a_rule_which_the_visible_check_says_too(tmp_path: Path) -> None:
    master = proven(tmp_path, changed("test-2", source=RULED))
    cells = SIZE.replace("def ", "import math\ndef ") + "math.floor((size - kernel) / stride) + 1"
    plant(master, "planted", "test-2", "the module math is not allowed", cells)
    (master.path.parent / "wrong" / "broken.py").unlink()  # its cell has no def, and gets another message
    assert validate.faults(master, run_here) == []


def test_a_reference_that_needs_a_cell_which_its_rule_does_not_read_is_a_fault(tmp_path: Path) -> None:
    helped = RULED.replace("### ANSWERS\n", "### ANSWERS\nmean_frame(torch.zeros(1, 1, 1))\n")
    found = validate.faults(proven(tmp_path, changed("test-2", source=helped)), run_here)
    assert any("the reference loses test-2: NameError" in fault for fault in found)


def test_a_loss_that_no_visible_check_shows_is_a_fault_unless_the_task_warns(tmp_path: Path) -> None:
    master = proven(tmp_path)
    plant(master, "first", *WRONG["first"])
    (found,) = validate.faults(master, run_here)
    assert found.startswith("wrong/first.py: it loses test-1, but the visible check passes")


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        ("The mean  of a clip's frames.", None),  # white space is folded
        ("Write a function.", None),  # in the markdown of the task
        ("Graded: the mean.", None),  # in the first cell, which holds for all tasks
        ("The mean of some frames.", "no task says 'The mean of some frames.'"),
        ("How many places a window has.", "no line 'warned:' quotes"),  # that is another task's
    ],
)
def test_a_warning_is_quoted_word_for_word_from_the_text_of_the_task(
    sentence: str, fault: str | None, tmp_path: Path
) -> None:
    made = changed("words")
    made[0].source = "# Tiny\n\nGraded: the\nmean."
    made.insert(2, new_markdown_cell("## Task 1\n\nWrite a function."))
    made.insert(5, new_markdown_cell("## Task 2"))
    master = proven(tmp_path, made)
    plant(master, "first", *WRONG["first"], sentence)
    found = validate.faults(master, run_here)
    assert found == [] if fault is None else any(fault in one for one in found)


def test_the_visible_checks_run_as_in_a_students_kernel(tmp_path: Path) -> None:
    visible, hidden = assignment.TEST_MEAN.split("\n", 1)
    seen = f"{visible}\ncheck.that(len(clips) == 2, 'the cell between defines it')\nmarker = 1\n{hidden}"
    made = changed("test-1", source=seen)
    made.insert(3, new_code_cell("clips = [torch.zeros(1, 2, 3)] * 2", id="between"))
    made.insert(4, new_code_cell("raise ValueError('a cell that defines nothing which is used')", id="shown"))
    assert validate.faults(proven(tmp_path / "a", made), run_here) == []
    later = assignment.TEST_SIZE.replace(
        "### ANSWERS", "### INPUTS\nassert 'marker' not in globals()\n### ANSWERS"
    )
    made[-2].source = later
    assert validate.faults(proven(tmp_path / "b", made), run_here) == [], (
        "nothing visible helps a hidden check"
    )


def test_a_visible_check_that_the_reference_fails_is_a_fault(tmp_path: Path) -> None:
    wrong = assignment.TEST_MEAN.replace("[2, 3]", "[3, 2]")
    found = validate.faults(proven(tmp_path, changed("test-1", source=wrong)), run_here)
    assert found[0].startswith("the reference fails the visible check of test-1: Wrong: its shape")


def test_a_visible_check_that_the_untouched_release_passes_is_a_fault(tmp_path: Path) -> None:
    nothing = "check.passed('nothing')\n" + assignment.TEST_MEAN.split("\n", 1)[1]
    found = validate.faults(proven(tmp_path, changed("test-1", source=nothing)), run_here)
    assert "the untouched release passes the visible check of test-1" in found


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "(4 points)",
            "(3 points)",
            "the question of words shows parts of [3.0] points; they must sum up to 4",
        ),
        ("(4 points)", "", "the question of words shows parts of [] points"),
        ("(4 points)", "(1.5 points) And how? (2.5 points)", "names 'full' credit 1 times, for 2 parts"),
        ("Half:", "Some:", "the rubric of words names 'half' credit 0 times, for 1 parts"),
        ("No credit:", "", "the rubric of words names 'no credit' credit 0 times, for 1 parts"),
    ],
)
def test_a_written_question_without_points_or_rubric_is_a_fault(
    old: str, new: str, fault: str, tmp_path: Path
) -> None:
    master = proven(tmp_path, with_source("words", old, new))
    assert any(fault in one for one in validate.faults(master, run_here))


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
        f'"""Wrong.\n\nloses: test-2\nsays: a\nwarned: no quotes\n"""\n{SIZE}6',
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
    monkeypatch.setattr(validate.faults, "__defaults__", (run_here, None))
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
