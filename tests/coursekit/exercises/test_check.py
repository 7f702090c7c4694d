import pytest

from coursekit import check, exercises
from coursekit.exercises import _check


@pytest.fixture
def double(monkeypatch):
    """An exercise "double", about a function, and "seven", about a value."""

    def checked(answer):
        check.equal(answer(3), 6, "double(3)", looks_like={9: "That is the square."})
        return "Twice three is six."

    def seven(answer):
        check.equal(answer, 7, "the answer")
        return "It is seven."

    monkeypatch.setitem(_check.import_module("coursekit.exercises.lesson_01").CHECKS, "double", checked)
    monkeypatch.setitem(_check.import_module("coursekit.exercises.lesson_01").CHECKS, "seven", seven)


WAITS = "no answer yet. Replace the three dots (...) and run this cell again."


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("double", ..., WAITS),
        ("double", lambda n: ..., WAITS),
        ("double", lambda n: (n, ...), WAITS),
        ("double", lambda n: 2 * n, "right. Twice three is six."),
        ("double", lambda n: n * n, "not yet. double(3): expected 6, got 9: That is the square."),
        ("double", lambda n: None, "not yet. Your function returned None. Does it end in return?"),
        ("double", lambda n: 1 / 0, "not yet. Your answer stopped with ZeroDivisionError: division by zero"),
        ("double", lambda: 6, "not yet. Your answer stopped with TypeError"),
        ("seven", ..., WAITS),
        ("seven", 7, "right. It is seven."),
        ("seven", 8, "not yet. the answer: expected 7, got 8"),
    ],
)
def test_a_check_says_what_is_wrong(double, capsys, name, answer, says):
    exercises.check(name, answer)
    assert capsys.readouterr().out.startswith(f"{name}: {says}")


def test_an_unknown_exercise_gets_similar_names(double):
    with pytest.raises(ValueError, match="no exercise has the name 'doubel': did you mean double"):
        exercises.check("doubel", 3)
