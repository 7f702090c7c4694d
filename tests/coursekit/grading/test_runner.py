"""The process that runs a submission's cells: what it reports, however a cell ends."""

import os
import time
from typing import Any

import pytest

from coursekit.check import encode
from coursekit.grading.sandbox import _runner

Reports = list[dict[str, str]]


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


def test_names_of_a_test_are_its_own() -> None:
    """A helper keeps its name, and no function of a student sees what a test imports."""
    student = "def numbers(n): return n + 1\n\ncopy = 0\ndef f(n): return [numbers(n), str(copy)]"
    test = "import copy\ndef numbers(*_): return copy.copy(-1)\nanswers = {'f': f(3), 'own': numbers()}"
    cells = [{"id": "task", "kind": "solution", "source": student}]
    cells += [{"id": f"test-{i}", "kind": "test", "source": test} for i in (1, 2)]
    found: Reports = []
    _runner.run(cells, {"__name__": "__main__"}, 20, found.append)
    assert [one["answers"] for one in found[1:]] == [encode({"f": [4, "0"], "own": -1})] * 2
    cells[2]["source"] = "answers = copy.copy(1)"
    _runner.run(cells, {"__name__": "__main__"}, 20, found.append)
    assert "AttributeError: 'int' object has no attribute 'copy'" in found[-1]["error"]
