"""The list of what a person should look at."""

import csv
import io
from dataclasses import replace

import pytest

from coursekit.grading.autograde import Mark
from coursekit.grading.rebuild import KINDS
from coursekit.grading.reports import look
from coursekit.grading.sandbox import Limits
from coursekit.handin import Note

from .conftest import EVIL, check_page


def looks(made, **more):
    return look.rows(made.records, made.totals, made.failed, made.assignment, **more)


def kinds(made, **more):
    return [each.kind for each in looks(made, **more)]


def test_nothing_to_look_at_says_so(alone):
    assert looks(alone) == []
    assert "nothing that a person should look at" in look.page([], alone.assignment)


@pytest.mark.parametrize("kind", KINDS)
def test_a_note_of_each_kind_is_a_row_with_its_text_in_full(alone, kind):
    alone.change(0, marks=(Mark("task-1-test", 1.0, 2.0, "wrong"),), notes=(Note(kind, "long " * 99),))
    (row,) = looks(alone)
    assert (row.kind, row.reason) == (kind, "long " * 99)


def test_a_kind_that_is_not_known_is_not_lost(alone):
    alone.change(0, notes=(Note("brand new", "something"),))
    assert [row.reason for row in looks(alone)] == ["something"]


@pytest.mark.parametrize(
    ("about", "kind"),
    [
        ({"reason": "the file is empty"}, "unread"),
        ({"reason": "no cell has it: is it the right file?"}, "assignment"),
        ({"marks": (Mark("task-1-test", 0.0, 2.0, "wrong"),)}, "zero"),
        ({"notes": (Note("rule", "the cell task-1 cannot be read"),)}, "unchecked"),
        ({"seconds": 11.0}, "slow"),
        ({"memory": Limits().memory}, "memory"),
    ],
)
def test_what_is_unusual_is_a_row(alone, about, kind):
    alone.change(0, seconds=1.0)
    alone.records += [replace(alone.records[0], student=f"s{n}") for n in range(4)]
    alone.totals |= {f"s{n}": alone.totals["Jane_Doe"] for n in range(4)}
    alone.change(0, **about)
    assert kinds(alone, limits=Limits()) == [kind]


def test_a_rule_that_cost_points_is_a_rule_and_not_one_that_was_not_checked(alone):
    marks = (Mark("task-1-test", 0.0, 2.0, "rule"), Mark("task-2-test", 3.0, 3.0, ""))
    alone.change(0, marks=marks, notes=(Note("rule", "it uses conv3d"),))
    assert kinds(alone) == ["rule"]


def test_a_class_that_is_slow_as_a_whole_is_not_listed(of):
    made = of(9)
    for place in range(9):
        made.change(place, seconds=20.0 + place)
    assert "slow" not in kinds(made)


def test_a_reason_that_is_a_note_too_is_listed_once(alone):
    alone.change(0, reason="too slow", notes=(Note("limit", "too slow"),) * 2)
    assert kinds(alone) == ["limit"]


def test_a_mark_by_hand_that_is_missing_is_the_last_thing(alone):
    alone.totals["Jane_Doe"] = replace(alone.totals["Jane_Doe"], waiting=True)
    assert kinds(alone) == ["by hand"]
    text = look.page(looks(alone), alone.assignment)
    assert "Only a mark by hand is missing" in text and "<h2 id=" not in text
    check_page(text)


def test_marks_that_are_not_in_the_gradebook_are_no_grade(alone):
    alone.totals.clear()
    assert kinds(alone) == ["none"]


def test_the_order_is_by_urgency(of):
    made = of(60)
    made.change(3, notes=(Note("unread", "a"), Note("late", "b")))
    order = [list(look.HEADINGS).index(kind) for kind in kinds(made)]
    assert order == sorted(order) and kinds(made)[0] == "none" and len(set(order)) >= 5


def test_links_lead_from_the_report_to_the_folders_of_the_gradebook(alone):
    alone.change(0, notes=(Note("late", "by a day"),))
    (row,) = looks(alone, root="../")
    assert row.page == "../feedback/Jane_Doe/tiny/tiny.html"
    assert row.folder == "../originals/Jane_Doe/tiny/"
    assert 'href="../feedback/Jane_Doe/tiny/tiny.html"' in look.page([row], alone.assignment)


def test_the_page_names_each_student_once_and_each_kind_with_its_number(of):
    made = of(60)
    rows = looks(made)
    text = look.page(rows, made.assignment)
    check_page(text)
    for kind in {row.kind for row in rows}:
        assert f'id="kind-{kind.replace(" ", "-")}"' in text
    for student in {row.student for row in rows if row.kind != "by hand"}:
        assert text.count(f"<bdi>{student}</bdi></h2>") == 1


def test_nothing_of_a_student_runs_in_the_page(of):
    made = of(4)
    made.change(0, student=f"evil{EVIL}", reason=EVIL, notes=(Note("outside", EVIL),))
    made.failed["x"] = EVIL
    check_page(look.page(looks(made), made.assignment))


def test_the_table_has_every_row_and_no_formula(of):
    made = of(30)
    made.change(0, reason="=HYPERLINK(1)", student="-doe@x")
    rows = list(csv.DictReader(io.StringIO(look.table(looks(made)))))
    assert len(rows) == len(looks(made))
    assert {row["student"] for row in rows} == {each.student for each in looks(made)}
    assert "'=HYPERLINK(1)" in {row["what happened"] for row in rows}
