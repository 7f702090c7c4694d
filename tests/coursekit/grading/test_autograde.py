"""The judge: which answers get points, whatever came out of the sandbox."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import assignment

from coursekit.check import encode
from coursekit.grading.assignment import Assignment
from coursekit.grading.autograde import MESSAGE, Judge

CLIP = torch.rand(4, 3, 3, generator=torch.Generator().manual_seed(7))


@pytest.fixture(scope="module")
def judge(master: Assignment) -> Judge:
    return Judge(master)


def report(grade_id: str, answers: Any, **more: Any) -> dict[str, Any]:
    return {"id": grade_id, "printed": "", "error": "", "answers": encode(answers), **more}


def right() -> list[dict[str, Any]]:
    return [report("test-1", {"mean": CLIP.mean(0)}), report("test-2", {"sizes": [7, 3]})]


def points(judge: Judge, reports: Iterable[Any]) -> list[float]:
    return [mark.points for mark in judge.marks(reports)]


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
    reports = assignment.run_here([], [{"id": "t", "kind": "test", "source": f"{code.split(chr(10))[0]}\n"
                         "answers = {'is': f.__annotations__['x'] is int}"}])  # fmt: skip
    assert reports[0]["answers"] == encode({"is": True})


def test_equal_answers_are_judged_once_and_get_equal_marks(
    master: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, judged = Judge(master), []
    real = judge._judged
    monkeypatch.setattr(judge, "_judged", lambda test, text: judged.append(test.grade_id) or real(test, text))
    wrong = [report("test-1", {"mean": CLIP.mean(1)}), right()[1]]
    first, second, third = judge.marks(right()), judge.marks(right()), judge.marks(wrong)
    assert judged == ["test-1", "test-2", "test-1"]
    assert first == second
    assert (third[0].points, third[1]) == (0, first[1])
