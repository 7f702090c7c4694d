"""The assignments that ship: full marks for the reference, 0 for the untouched, its loss for each mistake."""

from __future__ import annotations

import ast
import functools
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

from coursekit.grading.assignment import Assignment, every
from coursekit.grading.autograde import Judge
from coursekit.grading.release import TEXT_STUB, released
from coursekit.grading.sandbox import Limits, Sandbox, SandboxError, imports
from coursekit.grading.validate import Cells, KnownMistake, faults, known_mistakes, run_without_sandbox

ROOT = Path(__file__).resolve().parents[2]
MASTERS = every()
each = pytest.mark.parametrize("master", MASTERS, ids=lambda master: master.name)


@pytest.fixture(scope="module")
def place() -> Iterator[Sandbox | None]:
    """The sandbox that grades; None where this machine has none."""
    jobs = [job["source"] for master in MASTERS for job in (*master.solutions(), *master.questions())]
    try:
        with Sandbox(imports(jobs), Limits(wall=600, cell=300, seconds=600)) as running:
            yield running
    except SandboxError:
        if os.environ.get("COURSEKIT_REQUIRE_SANDBOX"):
            raise
        yield None


def run_in(place: Sandbox | None, cells: Cells, tests: Cells) -> list[dict[str, str]]:
    """The reports on the tests."""
    if place is None:
        return run_without_sandbox(cells, tests)
    outcome = place.run(cells, tests)
    assert outcome.reason == "" or len(outcome.tests) < len(tests), outcome.reason
    return list(outcome.tests)


def examples(mistakes: list[KnownMistake]) -> list[KnownMistake]:
    """So many of the known mistakes that each test cell that loses points for one loses some here."""
    chosen: list[KnownMistake] = []
    for mistake in sorted(mistakes, key=lambda mistake: -len(mistake.tests)):
        if not set(mistake.tests) <= {name for other in chosen for name in other.tests}:
            chosen.append(mistake)
    return chosen


@pytest.mark.slow
@pytest.mark.parametrize(
    "choose", [examples, pytest.param(list, marks=pytest.mark.again)], ids=["examples", "all"]
)
@each
def test_it_gives_and_takes_the_points_it_must(
    master: Assignment, choose: Callable[[list[KnownMistake]], list[KnownMistake]], place: Sandbox | None
) -> None:
    assert faults(master, functools.partial(run_in, place), choose(known_mistakes(master))) == []


def test_there_is_one_for_each_notebook() -> None:
    titles = [master.cells[0].source.split("\n")[0] for master in MASTERS]
    assert [title[:15] for title in titles] == [f"# Assignment {number}:" for number in range(1, 8)]
    names = ["frames", "layouts", "conv3d", "cost", "features", "order", "leak"]
    assert [master.name for master in MASTERS] == names
    for master, lecture in zip(MASTERS, sorted((ROOT / "notebooks").glob("*.ipynb")), strict=True):
        text = "\n".join(cell.source for cell in nbformat.read(lecture, as_version=4).cells)
        assert "graded assignment" in text
        assert lecture.stem[:2] in master.cells[0].source, (
            f"{master.name} does not name notebook {lecture.stem}"
        )


@each
def test_its_first_cell_says_what_is_graded(master: Assignment) -> None:
    first = master.cells[0].source
    stated = re.search(r"\*\*Time\*\* about (\d+) minutes: (.+?)\. \*\*GPU", first)
    assert stated, "an honest estimate, with what takes how long"
    pieces = re.findall(r"(?<!tasks )\b(\d+) (?:minutes )?(?:to|for) ", stated[2])
    assert sum(map(int, pieces)) == int(stated[1]), f"{stated[0]}: the pieces do not sum up"
    total = master.points + sum(cell.points for cell in master.written)
    assert total == 20
    assert f"{total:g}" in first
    for word in ("only the marked cells", "nbgrader", "Colab", "JupyterLab", "hand in"):
        assert word.lower() in " ".join(first.lower().split()), word
    assert f"notebooks/assignments/{master.name}/{master.name}.ipynb)" in first


@each
def test_no_mark_depends_on_what_the_students_process_says_of_itself(master: Assignment) -> None:
    for test in master.tests:
        made = [node for node in ast.walk(ast.parse(test.answers)) if isinstance(node, ast.Call)]
        called = {ast.unparse(call.func) for call in made}
        judged = {name for name in called if re.search(r"(^|\.)(equal|allclose|all|any)$", name)}
        assert not judged, f"{test.grade_id}: {judged} in ANSWERS: give the data, and compare them in JUDGE"
        assert "check.without" not in test.answers + test.judge, test.grade_id


@each
def test_large_test_cells_have_parts(master: Assignment) -> None:
    for test in master.tests:
        assert test.points < 3 or test.parts, f"{test.grade_id}: all or nothing for {test.points:g} points"


@each
def test_its_cells_are_in_order(master: Assignment) -> None:
    assert len(master.written) == 1
    assert 3 <= master.written[0].points <= 6
    kinds = [cell.kind for cell in master.cells]
    for place, cell in enumerate(master.cells):
        if cell.kind == "test":
            assert {"solution", "test"} & set(kinds[:place])
            visible = cell.source.split("### BEGIN HIDDEN")[0]
            assert "check." in visible, f"{cell.grade_id} has no visible check"
        if cell.kind == "solution":
            assert kinds[place + 1] in ("test", "code", "text")
    notebook = nbformat.read(master.path, as_version=4)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert re.fullmatch(r"[\w-]{1,64}", cell.id)
    assert notebook.metadata.kernelspec.name == "python3"


@each
def test_it_installs_on_colab_as_the_lectures_do(master: Assignment) -> None:
    lecture = nbformat.read(ROOT / "notebooks" / "03_conv3d.ipynb", as_version=4)
    install = next(cell.source for cell in lecture.cells if "%pip" in cell.source)
    assert install.startswith(master.setup[0].source)  # a lecture opens with more in this cell
    for cell in master.setup[1:]:
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom):
                assert node.module not in ("tools", "coursekit.grading")


@each
def test_its_stubs_name_the_task(master: Assignment) -> None:
    for cell in released(master).cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution") and cell.cell_type == "code":
            task = about.grade_id.replace("-", " ")
            assert f'raise NotImplementedError("{task}")' in cell.source
        elif about.get("solution"):
            assert cell.source.strip().endswith(TEXT_STUB)


@each
def test_it_ships_with_known_mistakes_of_each_kind(master: Assignment) -> None:
    wrongs = known_mistakes(master)
    assert len(wrongs) >= 6
    lost = {name for wrong in wrongs for name in wrong.tests}
    assert lost == {test.grade_id for test in master.tests}, "a test that no known mistake fails"
    assert any("hard" in wrong.path.stem or "hard-coded" in wrong.about.lower() for wrong in wrongs)


OTHER_RIGHT = {  # right solutions of another form than the reference's, which the visible checks accept
    ("frames", "an array"): {
        "task-2": """
import math
import numpy as np

def picks(frames, source, target):
    return np.array([math.floor(k * source / target) for k in range(math.ceil(frames * target / source))])
"""
    },
    ("frames", "a generator"): {
        "task-2": """
def picks(frames, source, target):
    tick = Fraction(0)
    while tick < frames / source:
        yield int(tick * source // 1)
        tick += 1 / target
"""
    },
    ("layouts", "a generator"): {
        "task-3a": """
from math import prod

def strides(shape, order):
    return (prod(shape[axis + 1 :]) for axis in order)
"""
    },
    ("conv3d", "an error of one's own"): {
        "task-1": """
class TooLong(ValueError):
    pass

def output_size(size, kernel, stride=1, padding=(0, 0), dilation=1):
    room = size + sum(padding) - dilation * (kernel - 1) - 1
    if room < 0:
        raise TooLong(f"{size=}, {kernel=}, {padding=}, {dilation=}")
    return len(range(0, room + 1, stride))
"""
    },
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "form"), OTHER_RIGHT)
def test_what_the_visible_checks_accept_has_the_points_of_the_hidden_ones(
    name: str, form: str, place: Sandbox | None
) -> None:
    master = next(each for each in MASTERS if each.name == name)
    solutions = OTHER_RIGHT[name, form]
    judge = Judge(master)
    cells, plan = master.solutions(solutions), judge.plan(solutions)
    marks = judge.marks(run_in(place, cells, master.questions()), broken=plan.broken)
    assert {mark.grade_id: mark.message for mark in marks if mark.points < mark.maximum} == {}
