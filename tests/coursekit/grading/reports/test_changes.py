"""What grading again has changed."""

import csv
import io
from dataclasses import replace

from coursekit.grading._worker import Record
from coursekit.grading.autograde import Mark, Part
from coursekit.grading.reports import changes

from .conftest import EVIL, check_page


def record(*marks, student="jane"):
    return Record(student, "", "", "", marks)


def mark(points, message="", *parts, name="task-1-test"):
    return Mark(name, points, 3.0, message, tuple(Part(*part) for part in parts))


def both(one, other):
    return {"jane": one}, {"jane": other}


def found(one, other):
    return [(c.grade_id, c.part, c.before, c.after) for c in changes.rows(*both(one, other))]


def test_no_change_says_so(of):
    made = {record.student: record for record in of(30).records}
    assert changes.rows(made, made) == []
    text = changes.page(made, made, of(1).assignment)
    assert "30 students graded again. Nothing has changed" in text
    check_page(text)


def test_points_and_messages_of_a_test_are_listed_from_what_to_what():
    (change,) = changes.rows(*both(record(mark(0.0, "old")), record(mark(3.0))))
    assert (change.before, change.after, change.difference) == (0.0, 3.0, 3.0)
    assert (change.message_before, change.message_after) == ("old", "")


def test_only_the_part_that_changed_is_listed():
    one = record(mark(1.0, "b is wrong", ("a", 1.0, 1.0), ("b", 0.0, 2.0, "b is wrong")))
    other = record(mark(3.0, "", ("a", 1.0, 1.0), ("b", 2.0, 2.0)))
    assert found(one, other) == [("task-1-test", "b", 0.0, 2.0)]


def test_a_test_that_has_got_parts_is_listed_as_a_whole():
    other = record(mark(1.0, "b", ("a", 1.0, 1.0), ("b", 0.0, 2.0, "b")))
    assert found(record(mark(3.0)), other) == [("task-1-test", "", 3.0, 1.0)]


def test_points_that_no_part_explains_are_listed_for_the_whole_test():
    one = record(mark(3.0, "", ("a", 1.0, 1.0), ("b", 2.0, 2.0)))
    other = record(mark(0.0, "a rule", ("a", 1.0, 1.0, "again"), ("b", 2.0, 2.0)))
    assert found(one, other) == [("task-1-test", "", 3.0, 0.0)]


def test_a_new_test_and_one_that_is_gone_are_listed():
    assert found(record(mark(3.0, name="old")), record(mark(2.0, "no", name="new"))) == [
        ("old", "", 3.0, None), ("new", "", None, 2.0),
    ]  # fmt: skip


def test_another_message_with_the_same_points_is_listed_apart(of):
    one, other = record(mark(0.0, "expected 1")), record(mark(0.0, "expected 2"))
    assert found(one, other) == [("task-1-test", "", 0.0, 0.0)]
    text = changes.page(*both(one, other), of(1).assignment)
    assert "All points are as they were" in text and "1 message changed, with the same points" in text


def test_who_is_new_or_gone_is_no_change(of):
    before, after = {"jane": record(mark(3.0))}, {"ravi": record(mark(1.0, "x"), student="ravi")}
    assert changes.rows(before, after) == []
    assert "1 student graded for the first time" in changes.page(before, after, of(1).assignment)


def test_the_page_counts_students_by_test_and_lists_the_largest_losses_first(of):
    made = of(30)
    before = {record.student: record for record in made.records}
    after = dict(before)
    names = sorted(before)
    for name in names[:4]:
        marks = [replace(m, points=0.0, parts=(), message="lost") for m in before[name].marks]
        after[name] = replace(before[name], marks=tuple(marks))
    text = changes.page(before, after, made.assignment)
    check_page(text)
    listed = changes.rows(before, after)
    assert [c.difference for c in listed] == sorted(c.difference for c in listed)
    lost = {c.student for c in listed if c.difference < 0}
    assert f"{len(lost)} students with other points: 0 with more, {len(lost)} with fewer." in text
    assert "Task 2: how many places?" in text


def test_nothing_of_a_student_runs_in_the_page(of):
    check_page(changes.page(*both(record(mark(0.0, EVIL)), record(mark(0.0, f"{EVIL}2"))), of(1).assignment))


def test_the_table_has_each_change():
    one, other = record(mark(0.0, "=1+1")), record(mark(1.5, "half"))
    (row,) = csv.DictReader(io.StringIO(changes.table(changes.rows(*both(one, other)))))
    assert (row["before"], row["after"], row["message before"]) == ("0", "1.5", "'=1+1")
