"""Rules of a task and parts of a test, from the master notebook to the mark."""

# ruff: noqa: E501 - tables of cases

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support import assignment

from coursekit.check import Rule
from coursekit.grading._worker import examine
from coursekit.grading.assignment import Assignment, AssignmentError
from coursekit.grading.autograde import Judge, Mark
from coursekit.grading.collect import Submission
from coursekit.grading.sandbox import Limits, Result, Sandbox
from coursekit.handin import Note

RULE = 'check.own_work("output_size", modules=("math",), never=("length",))'
TEST_SIZE = f"""{RULE}
check.equal(output_size(5, 3), 3, "output_size(5, 3)")
### BEGIN HIDDEN TESTS
### ANSWERS
answers = {{"plain": output_size(9, 3), "strided": check.attempt(lambda: output_size(10, 4, 3))}}
### JUDGE
{RULE}
check.that(answers["plain"] != 8, "output_size(9, 3): 8 is the length itself")
with check.part("plain", 1):
    check.equal(answers["plain"], 7, "output_size(9, 3)")
with check.part("strided", 2):
    check.equal(answers["strided"], 3, "output_size(10, 4, stride=3)")
### END HIDDEN TESTS
"""
OTHER = "def mean_frame(clip):\n    return clip.sum(0) / len(clip)\n"
RIGHT = {"task-1": OTHER, "task-2": "def output_size(n, k, s=1):\n    return (n - k) // s + 1\n"}


def master_of(folder: Path, test: str = TEST_SIZE) -> Assignment:
    return assignment.write(folder, made=assignment.changed("test-2", source=test))


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return master_of(tmp_path_factory.mktemp("masters"))


@pytest.fixture(scope="module")
def judge(master: Assignment) -> Judge:
    return Judge(master)


class Place:
    """A sandbox that runs in this process, and remembers what."""

    def __init__(self) -> None:
        self.runs: list[tuple[list[str], list[str]]] = []

    def run(self, cells: list[dict[str, str]], tests: list[dict[str, str]]) -> Result:
        self.runs.append(([cell["id"] for cell in cells], [test["id"] for test in tests]))
        return Result((), tuple(assignment.run_here(cells, tests)), "")


def handed_in(master: Assignment, solutions: Mapping[str, str]) -> Submission:
    return Submission("alice", "alice.ipynb", assignment.handed_in(master, {**RIGHT, **solutions}))


def graded(judge: Judge, place: Any, **solutions: str) -> tuple[dict[str, Mark], tuple[Note, ...]]:
    texts = {name.replace("_", "-"): text for name, text in solutions.items()}
    record = examine(handed_in(judge.assignment, texts), judge, place, assignment.texts(judge.assignment))
    return {mark.grade_id: mark for mark in record.marks}, record.notes


def test_the_master_has_its_rules_and_parts(master: Assignment) -> None:
    first, second = master.tests
    assert (first.rules, first.parts) == ((), ())
    assert second.rules == (Rule("output_size", ("math",), ("length",)),)
    assert second.parts == (("plain", 1.0), ("strided", 2.0))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('with check.part("strided", 2):', 'with check.part("strided", 1):', "worth 2 points together, the cell is worth 3"),
        ('with check.part("strided", 2):', 'with check.part("plain", 2):', "two parts have the name 'plain'"),
        ('with check.part("strided", 2):', 'with check.part("strided", 1 + 1):', "the argument points of check.part"),
        ('with check.part("strided", 2):', 'with check.part("strided", "2"):', "a number of points above 0"),
        ('with check.part("strided", 2):', 'with check.part("strided", True):', "a number of points above 0"),
        ('with check.part("strided", 2):', 'with check.part("strided", -2):', "a number of points above 0"),
        ('with check.part("strided", 2):', 'with check.part("", 2):', "takes a name"),
        ('with check.part("strided", 2):', 'with check.part("strided", worth=2):', "none of name, points"),
        ('with check.part("strided", 2):', 'with check.part("strided", 2, 3):', "too many arguments"),
        ('with check.part("strided", 2):', 'if 1:\n  with check.part("strided", 2):', "outside of any other block"),
        ('with check.part("strided", 2):', 'with check.part("strided", 2), open("a"):', "outside of any other block"),
        ('with check.part("strided", 2):', 'part = check.part\nif 1:', "outside of any other block"),
        (RULE, "check.own_work(NAME)", "the argument function of check.own_work(NAME) is not literal"),
        (RULE, "check.own_work(3)", "takes the name of a function"),
        (RULE, 'check.own_work("f", modules="math")', "tuples of texts"),
        (RULE, 'check.own_work("f", modules=(3,))', "tuples of texts"),
        (RULE, 'check.own_work("f", numbers="3")', "a whole number as numbers"),
        (RULE, 'check.own_work("f", other=3)', "none of function, modules, never, numbers"),
        (RULE, 'check.own_work("f", modules=("os",))', "a rule cannot allow os"),
        (RULE, 'for f in "ab":\n    check.own_work("f")', "a statement outside of any block"),
        (RULE, 'rule = check.own_work("f")', "a statement outside of any block"),
        (f"{RULE}\ncheck.equal(output_size(5", "check.equal(output_size(5", "the visible part does not check the rule"),
    ],
)  # fmt: skip
def test_a_rule_or_a_part_in_another_form_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in TEST_SIZE
    test = TEST_SIZE.replace(old, new)
    if new.startswith(("if 1", "part =")):
        test = test.replace('    check.equal(answers["strided"]', '     check.equal(answers["strided"]')
    with pytest.raises(AssignmentError, match="test-2") as error:
        master_of(tmp_path, test)
    assert says in str(error.value)


def test_a_right_submission_gets_all_points_and_the_rule_runs_apart(judge: Judge) -> None:
    place = Place()
    marks, notes = graded(judge, place)
    assert {name: mark.points for name, mark in marks.items()} == {"test-1": 2, "test-2": 3}
    assert [(part.name, part.points, part.message) for part in marks["test-2"].parts] == [
        ("plain", 1, ""), ("strided", 2, "")
    ]  # fmt: skip
    assert place.runs == [
        (["setup-1", "task-1", "task-2"], ["test-1"]), (["setup-1", "task-2"], ["test-2"])
    ]  # fmt: skip
    assert not notes


def test_a_broken_rule_loses_its_tests_and_nothing_of_them_runs(judge: Judge) -> None:
    place = Place()
    marks, notes = graded(
        judge, place, task_2="def output_size(n, k, s=1):\n    return torch.tensor((n - k) // s + 1).item()\n"
    )
    mark = marks["test-2"]
    assert mark.points == 0 and mark.message.startswith("task-2, line 2: torch.tensor is not allowed. Write")
    assert [(part.points, part.message) for part in mark.parts] == [(0, mark.message)] * 2
    assert marks["test-1"].points == 2
    assert place.runs == [(["setup-1", "task-1", "task-2"], ["test-1"])]
    assert notes == (Note("rule", mark.message),)


def test_a_cell_that_is_not_python_breaks_no_rule(judge: Judge) -> None:
    marks, notes = graded(judge, Place(), task_2="def output_size(n, k:\n    return 1\n")
    assert marks["test-2"].message == "task-2: SyntaxError: '(' was never closed (line 1)"
    assert marks["test-1"].points == 2 and not [note for note in notes if note.kind == "rule"]


def test_a_helper_in_another_cell_is_read_and_runs(judge: Judge) -> None:
    place = Place()
    plain = "def mean_frame(clip):\n    return sum(clip) / len(clip)\n"
    helper = f"{plain}\ndef places(n, k, s):\n    return (n - k) // s + 1\n"
    marks, _ = graded(
        judge, place, task_1=helper, task_2="def output_size(n, k, s=1): return places(n, k, s)\n"
    )
    assert marks["test-2"].points == 3
    assert place.runs == [(["setup-1", "task-1", "task-2"], ["test-1", "test-2"])]  # all cells: one run
    bad = f"{plain}\nimport os\n\ndef places(n, k, s):\n    return (n - k) // s + 1\n"
    marks, _ = graded(judge, place, task_1=bad, task_2="def output_size(n, k, s=1): return places(n, k, s)\n")
    assert marks["test-2"].message.startswith("task-1, line 4: the module os is not allowed")


@pytest.mark.parametrize(
    ("body", "points", "message"),
    [
        ("return n - k + 1", 1, "strided: output_size(10, 4, stride=3): expected 3, got 7"),
        ("return (n - k) // s", 2 - 2, "plain: output_size(9, 3): expected 7, got 6\nstrided: "),
        ("return 7 if s == 1 else 1 // 0", 1, "strided: output_size(10, 4, stride=3): expected 3, but it stopped with Zero"),
        ("return 6 + s // 3 * -3", 2, "plain: output_size(9, 3): expected 7, got 6"),
        ("return 8 if s == 1 else 3", 0, "output_size(9, 3): 8 is the length itself"),
        ("return None", 0, "plain: output_size(9, 3): expected 7, got None\nstrided: "),
        ("return 1 // 0", 0, "ZeroDivisionError: integer division or modulo by zero (line 2 of cell task-2)"),
        ("raise NotImplementedError('task 2')", 0, "NotImplementedError: task 2"),
    ],
)  # fmt: skip
def test_a_part_that_fails_loses_its_own_points(judge: Judge, body: str, points: float, message: str) -> None:
    marks, _ = graded(judge, Place(), task_2=f"def output_size(n, k, s=1):\n    {body}\n")
    mark = marks["test-2"]
    assert (mark.points, mark.maximum) == (points, 3) and mark.message.startswith(message)
    assert sum(part.points for part in mark.parts) == points
    assert [bool(part.message) for part in mark.parts] == [part.points < part.maximum for part in mark.parts]


def test_parts_are_judged_once_for_equal_answers(judge: Judge) -> None:
    body = "def output_size(n, k, s=1):\n    return n - k + 1  # %d\n"
    first, second = (graded(judge, Place(), task_2=body % i)[0]["test-2"] for i in range(2))
    assert first == second and first.points == 1 and first.parts[1].message


def test_a_run_that_stops_takes_only_its_own_tests(judge: Judge) -> None:
    class Stops(Place):
        def run(self, cells: list[dict[str, str]], tests: list[dict[str, str]]) -> Result:
            result = super().run(cells, tests)
            return result if len(cells) == 2 else Result((), (), "it was stopped after 120 seconds")

    marks, notes = graded(judge, Stops())
    assert marks["test-1"].message == "it was stopped after 120 seconds"
    assert marks["test-2"].points == 3
    assert notes == (Note("limit", "it was stopped after 120 seconds"),)


def test_a_run_cannot_answer_the_tests_of_another(judge: Judge) -> None:
    """The run with all cells has code that no rule has read; it must not speak for a test with a rule."""

    class Forges(Place):
        def run(self, cells: list[dict[str, str]], tests: list[dict[str, str]]) -> Result:
            answers = json.dumps({"dict": {"plain": 7, "strided": 3}})
            forged = {"id": "test-2", "printed": "", "error": "", "answers": answers}
            result = super().run(cells, tests)
            return Result((), (forged, *result.tests) if len(cells) == 3 else (), "")

    marks, _ = graded(judge, Forges())
    assert marks["test-2"].points == 0


@pytest.mark.slow
def test_in_the_sandbox_too(master: Assignment, judge: Judge) -> None:
    assignment.need_sandbox()
    with Sandbox(["torch", "coursekit.check"], Limits(), [master.path.parent]) as place:
        marks, _ = graded(judge, place)
        assert {name: mark.points for name, mark in marks.items()} == {"test-1": 2, "test-2": 3}
        late = f"{OTHER}\nimport builtins\nbuiltins.divmod = lambda n, k: (n // k + 1, 0)\n"
        marks, _ = graded(
            judge, place, task_1=late, task_2="def output_size(n, k, s=1): return divmod(n - k, s)[0]"
        )
        assert marks["test-2"].points == 0  # the other cell has not run there
        assert marks["test-1"].points == 2


KERNEL = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for cell in CELLS:
    done = shell.run_cell(cell, store_history=True)
print("LAST", type(done.error_in_exec).__name__, done.error_in_exec)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param("return (n - k) // s + 1", "NoneType None", marks=pytest.mark.again),
        pytest.param(
            "return n - k + 1",
            "Wrong strided: output_size(10, 4, stride=3): expected 3, got 7",
            marks=pytest.mark.again,
        ),
        ("return torch.tensor((n - k) // s + 1).item()", "line 2: torch.tensor is not allowed"),
    ],
)
def test_in_one_kernel_as_nbgrader_does_it(body: str, says: str) -> None:
    """The whole test cell runs there: the rule is read from the cells that ran, and a part raises."""
    cells = [assignment.SETUP, f"def output_size(n, k, s=1):\n    {body}\n", TEST_SIZE]
    command = [sys.executable, "-c", f"CELLS = {cells!r}\n{KERNEL}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert says in done.stdout.split("LAST ")[1]
