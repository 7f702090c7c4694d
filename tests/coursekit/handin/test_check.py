"""What a student is told about a file before handing it in."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support import assignment
from support.assignment import RIGHT, cell_of

from coursekit import cli, handin
from coursekit.grading.assignment import Assignment
from coursekit.grading.rebuild import handout

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return assignment.write(tmp_path_factory.mktemp("masters"))


@pytest.fixture(scope="module")
def given(master: Assignment, tmp_path_factory: pytest.TempPathFactory) -> list[handin.Handout]:
    """Two assignments: both have the cells task-1, task-2 and words."""
    made = assignment.cells()
    made[0].source = "# Other"
    for cell in made:
        cell.source = cell.source.replace("mean_frame", "probe").replace("output_size", "rate")
    other = assignment.write(tmp_path_factory.mktemp("others"), "other", made)
    return [handout(each, assignment.texts(each)) for each in (other, master)]


@pytest.fixture
def checked(master: Assignment, given: list[handin.Handout], tmp_path: Path) -> Callable[..., handin.Report]:
    """Checks a submission that was changed, or any bytes, under some name."""

    def check(content: Change | bytes | None = None, name: str = "tiny.ipynb", **texts: str) -> handin.Report:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            texts = {grade_id.replace("_", "-"): text for grade_id, text in texts.items()}
            notebook = json.loads(assignment.handed_in(master, {**RIGHT, **texts}))
            if content:
                content(notebook)
            path.write_text(json.dumps(notebook), encoding="utf-8")
        return handin.examine(path, given)

    return check


def rows(report: handin.Report) -> dict[str, str]:
    """The table: what is said of each cell."""
    lines = [line.split(maxsplit=2) for line in report.text.split("\n") if line.startswith("  ")]
    return {name: state for name, _, state in lines[1:]}


def to_look_at(report: handin.Report) -> list[str]:
    part = report.text.partition("To look at:\n")[2].partition("\n\n")[0]
    return [line.removeprefix("- ") for line in part.split("\n") if line]


def new_cell(kind: str, source: str) -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {}, "outputs": [], "execution_count": None}


# ---------------------------------------------------------------- whole


def test_a_whole_file_with_nothing_empty_may_be_handed_in(checked: Any) -> None:
    report = checked()
    assert report.code == 0
    assert report.text.startswith("tiny.ipynb: ")
    assert "of at most 20 MB, last saved 20" in report.text
    assert "\nTiny\n" in report.text
    assert rows(report) == {"task-1": "filled in", "task-2": "filled in", "words": "filled in, 6 words"}
    assert report.text.endswith("Next: hand in this file.")


def test_each_cell_has_the_points_of_its_tests(checked: Any, given: list[handin.Handout]) -> None:
    assert [cell.points for cell in given[1].cells] == [2, 3, 4]
    assert [line.split()[1] for line in checked().text.split("\n") if line.startswith("  ")][1:] == [*"234"]


def strip(*names: str) -> Change:
    def change(notebook: dict[str, Any]) -> None:
        for cell in notebook["cells"]:
            name = cell["id"]
            for key in names:
                cell.pop(key, None)
            if names == ("id",):  # Colab has it there
                cell["metadata"]["id"] = name

    return change


def numbered(version: int) -> Change:
    return lambda notebook: notebook.update(nbformat=version, nbformat_minor=9)


def large(notebook: dict[str, Any]) -> None:
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * (15 << 20)}]


@pytest.mark.parametrize("change", [strip("id"), numbered(5), numbered(4), large], ids=range(4))
def test_forms_of_notebooks_that_the_grader_reads_are_whole(checked: Any, change: Change) -> None:
    assert checked(change).code == 0


def test_old_formats_and_encodings_are_whole(checked: Any, master: Assignment) -> None:
    text = assignment.handed_in(master).decode()
    old = nbformat.writes(nbformat.convert(nbformat.reads(text, as_version=4), 3), version=3)
    for content in (old.encode(), text.encode("utf-16"), text.encode("utf-8-sig")):
        assert checked(content).code == 0


def test_where_marks_are_lost_code_is_found_and_the_answer_is_to_be_looked_at(checked: Any) -> None:
    report = checked(strip("id", "metadata"))
    assert report.code == 1
    assert set(rows(report).values()) == {"filled in", "filled in, 6 words"}
    (line,) = to_look_at(report)
    assert "text was taken from cell 8 of the notebook" in line
    assert line.endswith("Look whether it is your answer.")
    assert "The marks of task-1, task-2 are lost." in report.text


# ---------------------------------------------------------------- something to look at


def test_an_untouched_file_may_not_have_been_saved(checked: Any, master: Assignment) -> None:
    report = checked(**{name.replace("-", "_"): text for name, text in assignment.texts(master).items()})
    assert report.code == 1
    assert set(rows(report).values()) == {"still empty, as it was handed out"}
    assert to_look_at(report) == ["Nothing of yours is in this file. It may not have been saved."]


def test_what_is_half_done_says_what_is_still_empty(checked: Any, master: Assignment) -> None:
    texts = assignment.texts(master)
    report = checked(task_2=texts["task-2"], words=texts["words"])
    assert report.code == 1
    assert to_look_at(report) == ["task-2 is still empty.", "words is still empty."]
    assert rows(report)["task-1"] == "filled in"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("def mean_frame(clip):\n  if clip\n    return 1", "does not run: line 2: expected ':'"),
        ("def mean_frame(clip):\n    return (1", "does not run: line 2: '(' was never closed"),
        ("def average(clip):\n    return clip.mean(0)", "does not define mean_frame"),
        (
            'def mean_frame(clip):\n    x = 1\n    raise NotImplementedError("task 1")\n    return x',
            'still has raise NotImplementedError("task 1")',
        ),
        ("x = '\\d'\ndef mean_frame(clip):\n    return clip.mean(0)", "filled in"),  # a warning of Python's
        ("%matplotlib inline\ndef mean_frame(clip):\n    return clip.mean(0)", "filled in"),
        ("def mean_frame(clip):\n    return 1\n    raise NotImplementedError('task 1')", "filled in"),
        (
            "def mean_frame(clip):\n    raise NotImplementedError('task 1')\n"
            "def mean_frame(clip):\n    return clip.mean(0)",
            "filled in",
        ),
        ("x = '\0'\ndef mean_frame(clip):\n    return clip", "does not run: "),
    ],
    ids=range(9),
)
def test_code_that_does_not_run_or_is_unfinished_is_named(checked: Any, text: str, state: str) -> None:
    report = checked(task_1=text)
    assert rows(report)["task-1"].startswith(state)
    assert report.code == (0 if state == "filled in" else 1)
    assert [line[:6] for line in to_look_at(report)] == ([] if state == "filled in" else ["task-1"])


def test_a_syntax_error_says_where_it_is(checked: Any) -> None:
    (line,) = to_look_at(checked(task_2="x = 1\n\ndef output_size(:"))
    assert line.startswith("task-2 (cell 6 of the notebook) has a syntax error in line 3: ")


def test_a_missing_cell_and_an_emptied_one(checked: Any) -> None:
    report = checked(lambda notebook: notebook["cells"].remove(cell_of(notebook, "task-2")), words=" \n")
    assert (report.code, rows(report)["task-2"]) == (1, "missing")
    assert rows(report)["words"] == "still empty, as it was handed out"
    assert to_look_at(report)[0].startswith("The cell task-2 is missing. Copy it from a new copy")


def test_an_answer_of_which_only_the_line_of_the_handout_is_gone_is_empty(checked: Any, master: Any) -> None:
    question = assignment.texts(master)["words"].split("\n")[0]
    assert rows(checked(words=f"{question}\n\n"))["words"] == "still empty, as it was handed out"
    assert rows(checked(words=f"{question}\n\nBecause."))["words"] == "filled in, 1 word"


def copy_of_task_2(notebook: dict[str, Any], **about: Any) -> None:
    at = notebook["cells"].index(cell_of(notebook, "task-2"))
    notebook["cells"].insert(at + 1, {**notebook["cells"][at], "id": "copy", **about})


def test_a_copy_of_a_cell_below_it_is_taken_as_the_cell(checked: Any, master: Assignment) -> None:
    def untouched_above(notebook: dict[str, Any]) -> None:
        copy_of_task_2(notebook)
        cell_of(notebook, "task-2")["source"] = assignment.texts(master)["task-2"]

    assert checked(untouched_above).code == 0
    report = checked(copy_of_task_2)
    assert to_look_at(report) == ["The cell task-2 is there 2 times: they are taken one after the other."]


def test_code_outside_of_the_marked_cells_is_pointed_at(checked: Any, master: Assignment) -> None:
    def in_a_new_cell(notebook: dict[str, Any]) -> None:
        copy_of_task_2(notebook, metadata={})
        cell_of(notebook, "task-2")["source"] = assignment.texts(master)["task-2"]
        cell_of(notebook, "task-1")["source"] = "def mean_frame(clip):\n    return helper(clip)"
        notebook["cells"].append(new_cell("code", "def helper(x):\n    return x.mean(0)"))

    report = checked(in_a_new_cell)
    assert rows(report)["task-2"] == "still empty, as it was handed out"
    assert to_look_at(report) == [
        "The marked cell task-2 is as it was handed out, but output_size is defined in cell 7 of the "
        "notebook, which is not graded: move it into the marked cell.",
        "The marked cell task-1 uses helper, defined in cell 10 of the notebook, which is not graded: move "
        "it into the marked cell.",
    ]


def test_the_wrong_assignment_is_named(checked: Any) -> None:
    report = checked(name="other (1).ipynb")
    assert report.code == 1
    assert to_look_at(report) == [
        "The name of the file is that of 'Other', but the cells are those of 'Tiny'. Is it the right file?"
    ]


@pytest.mark.parametrize("name", ["tiny-checkpoint.ipynb", ".ipynb_checkpoints/tiny.ipynb"])
def test_a_checkpoint_is_not_the_notebook(checked: Any, name: str) -> None:
    (line,) = to_look_at(checked(name=name))
    assert line.endswith("Hand in tiny.ipynb from the folder above it.")


def test_a_name_that_does_not_end_in_ipynb(checked: Any) -> None:
    assert to_look_at(checked(name="tiny.ipynb.txt")) == [
        "The name of the file must end in .ipynb: rename it to tiny.ipynb."
    ]


def test_another_notebook_with_a_function_of_that_name(checked: Any) -> None:
    def lecture(notebook: dict[str, Any]) -> None:
        notebook["cells"] = [new_cell("code", RIGHT["task-1"]), new_cell("markdown", "A lecture, in words.")]

    report = checked(lecture)
    assert report.code == 1
    assert (
        to_look_at(report)[0] == "No marked cell of the assignment is in this notebook. Is it the right file?"
    )


# ---------------------------------------------------------------- what cannot be read


def test_what_cannot_be_read_says_what_to_hand_in(checked: Any, tmp_path: Path, given: Any) -> None:
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("tiny.ipynb", "{}")
    (tmp_path / "folder").mkdir()
    contents = {
        b"": "the file is empty",
        b"<!DOCTYPE html><title>Log in</title>": "the file is a web page, no notebook: download the .ipynb",
        (tmp_path / "some.zip").read_bytes(): "the file is a zip, no notebook: unpack it",
        b" " * (25 << 20): "the notebook is larger than 20 MB: clear its outputs",
        b'{"cells": []}': "the notebook has no cells",
    }
    for content, says in contents.items():
        report = checked(content)
        assert report.code == 2
        assert report.text.startswith(f"tiny.ipynb cannot be read: {says}")
    for name, says in {"nothing.ipynb": "there is no such file in ", "folder": "it is a folder: "}.items():
        report = handin.examine(tmp_path / name, given)
        assert (report.code, report.text.startswith(f"{name} cannot be read: {says}")) == (2, True)


def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, given: list[handin.Handout], monkeypatch: Any
) -> None:
    with (tmp_path / "tiny.ipynb").open("wb") as file:
        file.truncate(10 << 30)  # it takes no room on the disk
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("10 GB are read"))
    assert "larger than 20 MB" in handin.examine(tmp_path / "tiny.ipynb", given).text


def test_a_notebook_of_something_else_lists_the_assignments(checked: Any) -> None:
    report = checked(lambda notebook: notebook.update(cells=[new_cell("code", "print('hello')")]))
    assert report.code == 2
    assert "is none of the assignments" in report.text
    assert "They are: Other; Tiny." in report.text


# ---------------------------------------------------------------- in a kernel


def test_in_a_kernel_the_last_run_of_each_function_counts(given: Any, master: Assignment) -> None:
    stub = assignment.texts(master)["task-1"]
    history = ["", "import numpy as np", RIGHT["task-1"], stub, "print('something else')"]
    report = handin.executed(history, given)
    assert report.code == 1
    assert rows(report) == {
        "task-1": "In [3]: still empty, as it was handed out",
        "task-2": "has not run since the kernel was started",
        "words": "an answer in words: only the file shows it",
    }
    again = [*history, RIGHT["task-1"], RIGHT["task-2"]]
    report = handin.executed(again, given)
    assert report.code == 0
    assert [rows(report)[f"task-{n}"] for n in (1, 2)] == ["In [5]: filled in", "In [6]: filled in"]
    assert report.text.count("handin.check('tiny.ipynb')") == 1


def test_in_a_kernel_a_helper_outside_is_pointed_at(given: Any) -> None:
    mine = RIGHT["task-1"].replace("clip.sum(0)", "add(clip)")
    history = ["", "def add(x):\n    return x.sum(0)", mine, RIGHT["task-2"]]
    assert to_look_at(handin.executed(history, given)) == [
        "The marked cell task-1 uses add, defined in In [1], which is not graded: move it into the marked "
        "cell."
    ]


def test_in_a_kernel_that_has_run_nothing_of_an_assignment(given: Any) -> None:
    report = handin.executed(["", "1 + 1"], given)
    assert report.code == 2
    assert report.text.startswith("This kernel has run no cell of an assignment.")


# ---------------------------------------------------------------- what the check knows


def test_handouts_come_back_as_they_were_saved(given: Any, tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "handouts.json"
    handin.save(path, given)
    monkeypatch.setattr("coursekit.handin._handout.FILE", path)
    assert handin.handouts() == given
    assert "return clip.mean(0)" not in path.read_text(encoding="utf-8")


def test_check_prints_what_is_in_the_file(
    given: Any, master: Assignment, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    handin.save(tmp_path / "handouts.json", given)
    monkeypatch.setattr("coursekit.handin._handout.FILE", tmp_path / "handouts.json")
    (tmp_path / "tiny.ipynb").write_bytes(assignment.handed_in(master))
    handin.check(tmp_path / "tiny.ipynb")
    assert "Next: hand in this file." in capsys.readouterr().out
    with pytest.raises(handin.HandinError, match="no notebook runs this: name the file"):
        handin.check()


def test_a_package_that_was_not_published_says_so(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("coursekit.handin._handout.FILE", tmp_path / "none.json")
    with pytest.raises(
        handin.HandinError, match="does not know the assignments, because it was not published"
    ):
        handin.check("tiny.ipynb")


def test_the_command_knows_the_masters_of_a_checkout(
    master: Assignment, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    folder = tmp_path / "notebooks" / "assignments"
    assignment.write(folder)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.ipynb").write_bytes(assignment.handed_in(master))
    (tmp_path / "half.ipynb").write_bytes(assignment.handed_in(master, {}))
    codes = [cli.main(["submit-check", name]) for name in ("tiny.ipynb", "half.ipynb", "none.ipynb")]
    assert codes == [0, 1, 2]
    assert "none.ipynb cannot be read: there is no such file" in capsys.readouterr().out
    (folder / "tiny" / "tiny.ipynb").write_text("{}")
    assert cli.main(["submit-check", "tiny.ipynb"]) == 2
    assert capsys.readouterr().err.startswith("coursekit submit-check: error: ")


def test_the_check_loads_nothing_heavy() -> None:
    code = "import sys, coursekit.handin; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"torch", "numpy", "nbformat", "nbgrader", "IPython"}.isdisjoint(done.stdout.split())
