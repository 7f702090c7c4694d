import json
import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import assignment

from coursekit.check import encode
from coursekit.grading import validate
from coursekit.grading.assignment import Assignment, AssignmentError, parse
from coursekit.grading.autograde import MESSAGE, Judge
from coursekit.grading.sandbox import _runner

Reports = list[dict[str, str]]
CLIP = torch.rand(4, 3, 3, generator=torch.Generator().manual_seed(7))


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return assignment.write(tmp_path_factory.mktemp("masters"))


@pytest.fixture(scope="module")
def judge(master: Assignment) -> Judge:
    return Judge(master)


def report(grade_id: str, answers: Any, **more: Any) -> dict[str, Any]:
    return {"id": grade_id, "printed": "", "error": "", "answers": encode(answers), **more}


def right() -> list[dict[str, Any]]:
    return [report("test-1", {"mean": CLIP.mean(0)}), report("test-2", {"sizes": [7, 3]})]


def here(cells: Reports, tests: Reports) -> Reports:
    """Run cells in this process: quicker than `run_without_sandbox`, for code that is known."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    found: Reports = []
    _runner.run(cells, scope, 20, lambda _: None)
    _runner.run(tests, scope, 20, found.append)
    return found


def points(judge: Judge, reports: Iterable[Any]) -> list[float]:
    return [mark.points for mark in judge.marks(reports)]


# ---------------------------------------------------------------- judge


def test_right_answers_get_the_points_and_no_message(judge: Judge) -> None:
    marks = judge.marks(right())
    assert [(m.grade_id, m.points, m.maximum, m.message) for m in marks] == [
        ("test-1", 2.0, 2.0, ""), ("test-2", 3.0, 3.0, "")
    ]  # fmt: skip
    assert points(judge, reversed(right())) == [2, 3]


def test_a_wrong_answer_loses_its_own_test_and_says_why(judge: Judge) -> None:
    first, second = judge.marks([report("test-1", {"mean": CLIP.mean(1)}), right()[1]])
    assert (first.points, second.points) == (0, 3)
    assert "another axis" in first.message


@pytest.mark.parametrize(
    ("forged", "says"),
    [
        ({}, "there is no answer"),
        ({"id": "test-1"}, "there is no answer"),
        ({"id": "test-1", "answers": ""}, "there is no answer"),
        ({"id": "test-1", "answers": {"mean": 1}}, "there is no answer"),
        ({"id": "test-1", "answers": ["{}"]}, "there is no answer"),
        ({"id": ["test-1"], "answers": "{}"}, "there is no answer"),
        ({"id": {"a": 1}, "answers": "{}"}, "there is no answer"),
        ({"id": None, 7: 8}, "there is no answer"),
        ({"id": "test-1", "answers": "{"}, "the answers: it cannot be read"),
        ({"id": "test-1", "answers": "[1]"}, "the answers: it cannot be read"),
        ({"id": "test-1", "answers": "true"}, "the answers are no dict"),
        ({"id": "test-1", "answers": '{"list": [1]}'}, "the answers are no dict"),
        ({"id": "test-1", "answers": '{"dict": {}}'}, "cannot be compared with what is expected: KeyError"),
        ({"id": "test-1", "answers": '{"dict": {"mean": "NaN"}}'}, "got 'NaN'"),
        ({"id": "test-1", "answers": '{"dict": {"mean": true}}'}, "got True"),
        ({"id": "test-1", "answers": '{"dict": {"mean": {"float": "nan"}}}'}, "got nan"),
        ({"id": "test-1", "answers": '{"dict": {"mean": {"dict": {"message": "", "points": 9}}}}'}, "got {"),
        ({"id": "test-1", "answers": encode({"mean": CLIP.mean(0) * torch.nan})}, "not finite"),
        ({"id": "test-1", "answers": encode({"mean": CLIP.mean(0)}), "error": "KeyError: 1"}, "KeyError: 1"),
        ({"id": "test-1", "answers": encode({"mean": CLIP.mean(0).numpy().tolist()})}, "expected a float32"),
        ({"id": "test-1", "answers": "[" * 1_000_000}, "cannot be read"),
        ({"id": "test-1", "answers": "9" * 1_000_000}, "cannot be read"),
        ({"id": "test-1", "error": "x" * 1_000_000}, "xxx"),
    ],
)  # fmt: skip
def test_forged_reports_get_no_points(judge: Judge, forged: Any, says: str) -> None:
    first, second = judge.marks([forged, right()[1]])
    assert first.points == 0 and says in first.message and len(first.message) <= MESSAGE
    assert second.points == 3  # it does no harm to the test beside it


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["test-1", "test-2", "{}", '{"dict":{"mean":1}}', '{"dict":{"sizes":{"list":[7]}}}']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["id", "answers", "error", "printed", "points", "done"]), junk),
        max_size=4,
    )
)
@settings(deadline=None, max_examples=200)
def test_whatever_is_reported_there_is_a_mark_for_each_test_and_no_points(judge: Judge, forged: Any) -> None:
    marks = judge.marks(forged)
    assert [mark.grade_id for mark in marks] == ["test-1", "test-2"]
    assert all(mark.points == 0 and mark.message for mark in marks)


def test_of_two_reports_on_a_test_the_first_counts(judge: Judge) -> None:
    bad = report("test-1", {"mean": CLIP.mean(1)})
    assert points(judge, [bad, *right()]) == [0, 3]
    assert points(judge, [*right(), bad]) == [2, 3]
    assert points(judge, [*right(), *right()]) == [2, 3]
    assert points(judge, [report("test-3", {}), *right()]) == [2, 3]


def test_what_was_not_reached_says_why(judge: Judge) -> None:
    marks = judge.marks(right()[:1], "it took too long")
    assert [mark.message for mark in marks] == ["", "it took too long"]
    assert {mark.message for mark in judge.marks([])} == {"there is no answer"}


def test_answers_stay_data_for_the_next_submission(judge: Judge) -> None:
    """A submission leaves nothing in the judge: names that it sends are keys, not variables."""
    names = {"check": 1, "clip": 2, "mean": CLIP.mean(0), "answers": 3, "torch": 4, "__builtins__": {}}
    assert points(judge, [report("test-1", names), right()[1]]) == [2, 3]
    assert points(judge, [report("test-1", {"mean": CLIP.mean(1)})]) == [0, 0]
    assert points(judge, right()) == [2, 3]


def with_judge(master: Assignment, code: str) -> Judge:
    cells = [
        replace(cell, test=replace(cell.test, judge=code)) if cell.test else cell for cell in master.cells
    ]
    return Judge(replace(master, cells=tuple(cells)))


@pytest.mark.parametrize(
    "code", ["1 / 0", "answers['none']", "assert False", "raise check.Wrong", "raise RecursionError",
             "answers['mean'] + 'a'", "raise MemoryError", "nothing_of_that_name"],
)  # fmt: skip
def test_whatever_the_judges_code_raises_there_are_no_points(master: Assignment, code: str) -> None:
    for mark in with_judge(master, code).marks(right()):
        assert mark.points == 0 and mark.message


def test_the_judges_code_leaves_nothing_for_the_next_submission(master: Assignment) -> None:
    strict = with_judge(master, "check.that('left' not in globals(), 'it is still there')\nleft = 1")
    assert points(strict, right()) == points(strict, right()) == [2, 3]


def test_the_judges_messages_are_cut(master: Assignment) -> None:
    (first, _) = with_judge(master, "check.that(False, 'x' * 100_000)").marks(right())
    assert first.message == "x" * MESSAGE


def test_the_judges_code_means_what_it_means_in_a_notebook(master: Assignment) -> None:
    """Annotations are values, not strings: nothing of our own modules' `__future__` is in force."""
    code = "def f(x: int): ...\ncheck.equal(f.__annotations__['x'] is int, True, 'an annotation')"
    assert points(with_judge(master, code), right()) == [2, 3]
    reports = here([], [{"id": "t", "kind": "test", "source": f"{code.split(chr(10))[0]}\n"
                         "answers = {'is': f.__annotations__['x'] is int}"}])  # fmt: skip
    assert reports[0]["answers"] == encode({"is": True})


# ---------------------------------------------------------------- master


def changed(name: str, **about: Any) -> list[Any]:
    """The master's cells with one changed: its source, or nbgrader's metadata."""
    made = assignment.cells()
    cell = next(c for c in made if c.metadata.get("nbgrader", {}).get("grade_id") == name)
    cell.source = about.pop("source", cell.source)
    cell.metadata["nbgrader"] = about.pop("nbgrader", {**cell.metadata["nbgrader"], **about})
    return made


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


def with_source(grade_id: str, old: str, new: str) -> list[Any]:
    """The master's cells with a part of one replaced."""
    found = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source for cell in assignment.cells()}
    assert old in found[grade_id]
    return changed(grade_id, source=found[grade_id].replace(old, new))


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
        (changed("task-2", grade_id="task-1"), r"'task-1' is empty or stands twice.*def mean_frame"),
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


# ---------------------------------------------------------------- a submission's cells


def ran(*sources: str, seconds: float = 20, kind: str = "solution") -> Reports:
    """What comes of cells that run one after the other."""
    cells = [{"id": f"c{i}", "kind": kind, "source": source} for i, source in enumerate(sources, 1)]
    found: Reports = []
    _runner.run(cells, {"__name__": "__main__"}, seconds, found.append)
    assert [one["id"] for one in found] == [cell["id"] for cell in cells]
    return found


def test_cells_share_names_and_an_error_stops_one_cell_only() -> None:
    one, two, three = ran("a = 2\nprint(a)", "print('b')\nc = 1 / 0", "print(a + 1)")
    assert (one["printed"], one["error"]) == ("2\n", "")
    assert (two["printed"], two["error"]) == ("b\n", "ZeroDivisionError: division by zero (line 2)")
    assert three["printed"] == "3\n"


@pytest.mark.parametrize(
    "line",
    ["%matplotlib inline", "!pip install torch", "%%time", "?print", "print?", "torch.nn.Conv3d??",
     '!pip install "torch', "!ls (", "%load_ext autoreload"],
)  # fmt: skip
def test_lines_for_ipython_are_left_out(line: str) -> None:
    code = 'def f(x):\n    """Is it right?\n\n    Yes."""\n    return (x\n    % 5)  # right?\n\nprint(f(7))'
    (one,) = ran(f"{line}\n{code}")
    assert (one["printed"], one["error"]) == ("2\n", "")
    (one,) = ran(f"x = 3\nif x:\n    {line}\nprint(x)  # why?")
    assert (one["printed"], one["error"]) == ("3\n", "")


def test_what_is_no_python_either_way_is_told_with_its_line() -> None:
    (one,) = ran("%time\nx = 1\ndef f(:\n  pass")
    assert one["error"].startswith("SyntaxError: ") and "(line 3)" in one["error"]
    (one,) = ran("%\n" * 1_000)
    assert one["error"].startswith("SyntaxError: more than 100 lines are for IPython")


def test_display_is_there_as_in_a_notebook() -> None:
    assert ran("display(1, 'a')")[0]["printed"] == "1 a\n"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("raise SystemExit(0)", "SystemExit: 0 (line 1)"),
        ("import sys\nsys.exit('over')", "SystemExit: over (line 2)"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt:  (line 1)"),
        ("class E(Exception):\n    def __str__(self): raise SystemExit\nraise E", "Exception:  (line 3)"),
        ("raise ValueError('x' * 1000)", f"ValueError: {'x' * 300} ... (line 1)"),
        ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded (line 1)"),
        ("x = '\\ud800", "UnicodeEncodeError"),
    ],
)  # fmt: skip
def test_however_a_cell_ends_the_next_one_runs(source: str, error: str) -> None:
    source = source.replace("\\ud800", "\ud800")
    one, two = ran(source, "print('next')")
    assert one["error"].startswith(error)
    assert two["printed"] == "next\n"


def test_a_missing_name_is_explained() -> None:
    (one,) = ran("np.zeros(3)")
    assert "'np' is not defined (line 1). Only the marked cells are graded" in one["error"]


def test_what_is_printed_is_kept_up_to_a_length() -> None:
    (one,) = ran("import sys\nfor _ in range(1000): print('x' * 99)\nprint('e', file=sys.stderr)")
    assert len(one["printed"]) < _runner.PRINTED + 100
    assert one["printed"].endswith("[... 96,002 characters more]")
    assert ran("import sys\nprint('warned', file=sys.stderr)")[0] == {
        "id": "c1", "printed": "warned\n", "error": "", "answers": ""
    }  # fmt: skip


def test_a_slow_cell_is_stopped_and_the_next_one_runs() -> None:
    start = time.monotonic()
    one, two = ran("while True: pass", "print('next')", seconds=0.2)
    assert "stopped after 0.2 seconds: is there a loop without an end?" in one["error"]
    assert two["printed"] == "next\n" and time.monotonic() - start < 5
    time.sleep(0.3)  # no alarm is left


def test_a_fork_within_a_cell_reports_nothing() -> None:
    me = os.getpid()
    one, two = ran("import os\nchild = os.fork()", "print('next')")
    assert os.getpid() == me and (one["error"], two["printed"]) == ("", "next\n")


def test_tests_give_answers_and_print_nothing() -> None:
    (one,) = ran("print('a secret')\nanswers = {'a': [1, 2.5]}", kind="test")
    assert one == {"id": "c1", "printed": "", "error": "", "answers": encode({"a": [1, 2.5]})}
    assert ran("answers = {'a': 1}", kind="solution")[0]["answers"] == ""


def test_an_answer_of_an_earlier_cell_is_none_of_a_later_one() -> None:
    scope: dict[str, Any] = {"answers": {"a": 1}}
    found: Reports = []
    cells = [{"id": str(i), "kind": "test", "source": source} for i, source in enumerate(("1 / 0", "pass"))]
    _runner.run(cells, scope, 5, found.append)
    assert [one["answers"] for one in found] == ["", ""]
    assert found[1]["error"] == "KeyError: 'answers'"


def test_answers_must_be_plain_and_not_too_large() -> None:
    (one,) = ran("answers = {'a': [object()]}", kind="test")
    assert "an answer cannot be compared: it is a object. Return numbers" in one["error"]
    assert one["answers"] == ""
    (one,) = ran("answers = {'a': 'x' * 4_000_001}", kind="test")
    assert "the answers are too large (4,000,0" in one["error"] and one["answers"] == ""


def test_an_error_in_a_test_names_the_students_line_not_the_tests() -> None:
    scope: dict[str, Any] = {"__name__": "__main__"}
    found: Reports = []
    cells = [
        {"id": "task-1", "kind": "solution", "source": "def f(x):\n    return x.nothing"},
        {"id": "t", "kind": "test", "source": "\n\nanswers = {'a': f(3)}"},
        {"id": "u", "kind": "test", "source": "\n\nanswers = {'a': 1 / 0}"},
    ]
    _runner.run(cells, scope, 5, found.append)
    assert (
        found[1]["error"] == "AttributeError: 'int' object has no attribute 'nothing' (line 2 of cell task-1)"
    )
    assert found[2]["error"] == "ZeroDivisionError: division by zero"


# ---------------------------------------------------------------- proving an assignment


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
    assert validate.faults(master, here) == []


def test_a_reference_that_loses_is_a_fault(tmp_path: Path) -> None:
    lost = assignment.MEAN.replace("clip.mean(0)", "clip.mean(1)")
    found = validate.faults(proven(tmp_path, changed("task-1", source=lost)), here)
    assert "the reference loses test-1: mean_frame(clip): " in found[0] and "another axis" in found[0]


def test_an_untouched_release_with_points_is_a_fault(tmp_path: Path) -> None:
    easy = assignment.TEST_SIZE.replace("[output_size(9, 3), output_size(10, 4, 3)]", "[7, 3]")
    assert "the untouched release gets the points of test-2" in validate.faults(
        proven(tmp_path, changed("test-2", source=easy)), here
    )


def test_an_untouched_release_that_fails_for_another_reason_is_a_fault(tmp_path: Path) -> None:
    nothing_left = f"### BEGIN SOLUTION\n{assignment.RIGHT['task-2']}### END SOLUTION\n"
    found = validate.faults(proven(tmp_path, changed("task-2", source=nothing_left)), here)
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
    found = validate.faults(master, here)
    assert found and all(one.startswith("wrong/planted.py: ") for one in found)
    assert any(fault in one for one in found)


def test_too_few_wrong_solutions_are_a_fault(tmp_path: Path) -> None:
    master = proven(tmp_path)
    (master.path.parent / "wrong" / "axis.py").unlink()
    assert validate.faults(master, here) == [
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
        validate.faults(master, here)


def test_prove_names_what_is_wrong_and_exits_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(validate.faults, "__defaults__", (here,))
    master = proven(tmp_path)
    assert validate.main(["--masters", str(tmp_path)]) == 0
    (master.path.parent / "wrong" / "axis.py").unlink()
    assert validate.main(["tiny", "--masters", str(tmp_path)]) == 1
    assert capsys.readouterr().out == (
        "tiny: as it must be\ntiny: \n  there are 5 solutions with known mistakes; at least 6 are needed\n"
    )


def test_a_fresh_process_reports_the_same(master: Assignment, judge: Judge) -> None:
    reports = validate.run_without_sandbox(master.solutions(), master.questions())
    assert reports == here(master.solutions(), master.questions())
    assert points(judge, reports) == [2, 3]


def test_code_that_breaks_the_process_is_no_report() -> None:
    cells = [{"id": "a", "kind": "solution", "source": "import os\nos._exit(3)"}]
    with pytest.raises(RuntimeError):
        validate.run_without_sandbox(cells, [])
