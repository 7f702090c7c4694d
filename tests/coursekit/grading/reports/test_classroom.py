"""The report on a class: numbers that are right, pictures with words, and no names where none belong."""

import re
from dataclasses import replace

import pytest

from coursekit.grading.autograde import Mark, Part
from coursekit.grading.reports import charts, classroom, mistakes

from .conftest import EVIL, check_page


def page(made):
    return classroom.page(made.records, made.totals, made.assignment, made.failed)


@pytest.mark.parametrize("number", [0, 1, 3, 30, 200])
def test_a_class_of_any_size_has_a_page(of, number):
    check_page(page(of(number)))


def test_the_scores_are_those_by_the_tests_until_all_marks_by_hand_are_there(of):
    made = of(8)
    assert "points by the tests. The marks by hand are not all there yet" in page(made)
    for student, total in made.totals.items():
        made.totals[student] = replace(total, waiting=False, score=7.0)
    text = page(made)
    assert "final scores, with the marks by hand" in text and "mean 7.0" in text
    assert "wait for a mark by hand" not in text


def test_quartiles_are_the_usual_ones():
    assert classroom.quartiles([1, 2, 3, 4, 5]) == (2, 3, 4)
    assert classroom.quartiles([7]) == (7, 7, 7)


@pytest.mark.parametrize("maximum", [0.5, 5, 16, 20, 33, 100, 1000])
def test_each_score_is_in_one_bar(maximum):
    scores = [0, maximum / 2, maximum, maximum + 3, maximum * 0.99]
    _, counts = charts.bins(scores, maximum)
    assert sum(counts) == len(scores) and len(counts) <= charts.MOST_BARS + 1
    assert counts[-1] >= 2  # the maximum, and what is above it


def test_a_score_is_in_the_bar_that_begins_at_or_below_it():
    assert charts.bins([0, 1, 2, 3, 3], 30) == (2.0, [2, 3, *[0] * 14])


def test_the_histogram_says_in_words_what_it_shows(of):
    made = of(3)
    for place, points in enumerate((1.0, 1.0, 5.0)):
        made.change(place, marks=(Mark("task-1-test", points, 5.0, "" if points == 5 else "wrong"),))
    title = re.search(r'<title id="histogram">(.*?)</title>', page(made))
    assert title and "2 with 1, 1 with 5" in title[1] and "mean 2.3, median 1" in title[1]
    assert 'aria-labelledby="histogram"' in page(made)


def test_rates_count_who_passed_who_was_wrong_and_who_did_not_try(of):
    made = of(4)
    for place, message in enumerate(("", "wrong", "NotImplementedError: task 1", "ValueError: no")):
        made.change(place, marks=(Mark("task-1-test", 0.0 if message else 2.0, 2.0, message),))
    rate = next(rate for rate in classroom.rates(made.records, made.assignment) if rate.points == 2)
    assert rate.title == "Task 1: the mean of the frames"
    assert (rate.passed, rate.wrong, rate.not_tried, rate.share) == (1, 2, 1, 0.25)


def test_the_hardest_check_and_the_hardest_part_come_first(of):
    found = classroom.rates(of(200).records, of(200).assignment)
    assert [rate.share for rate in found] == sorted(rate.share for rate in found)
    parts = next(rate.parts for rate in found if rate.parts)
    assert [part.share for part in parts] == sorted(part.share for part in parts) and len(parts) == 2


def test_no_name_of_a_student_is_in_the_page_except_of_the_slowest(of):
    made = of(40)
    text = page(made)
    slowest = {r.name for r in sorted(made.records, key=lambda r: -r.seconds)[: classroom.SLOWEST]}
    for record in made.records:
        assert record.student not in text
        assert (record.name in text) == (record.name in slowest)
    assert text.count("<bdi>") == classroom.SLOWEST


def test_nothing_of_a_student_runs_in_the_page(of):
    made = of(5)
    made.change(0, marks=(Mark("task-1-test", 0.0, 2.0, EVIL),), name=EVIL, seconds=99.0)
    made.change(1, marks=(Mark("task-2-test", 0.0, 3.0, "", (Part(EVIL, 0.0, 3.0, EVIL),)),))
    check_page(page(made))


HINT = "is the stride counted: from 1?"


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("size(9): expected 6, got 7: counted from 1?", "counted from 1?"),
        ("size(99, 2): expected [6], got [7, 8]: counted from 1?", "counted from 1?"),
        (f"size(9): expected {{'a': 1}}, got {{'a': 2}}: {HINT}", HINT),
        ("size(9): expected {'a': 1}, got {'a': 2}", "size(...): another value"),
        ("size(9, 'x'): expected 3, got (2, 'is: it is')", "size(#, '...'): another value"),
        ("f(x): expected a tensor, got a tensor: the values differ, most at [1]: expected 1, got 2.",
         "the values differ"),
        ("ValueError: shape '[2, 3]' is invalid for input of size 5 (line 7)",
         "ValueError: shape '...' is invalid for input of size #"),
        ("your cell task-1 stopped, so there is no f: ZeroDivisionError: division by zero (line 12)",
         "ZeroDivisionError: division by zero"),
        ("there is no answer", "there is no answer"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_hint(message, name):
    assert mistakes.name_of(message, ["counted from 1?", HINT]) == name


def test_the_same_hint_with_other_numbers_is_one_mistake_of_so_many_students(of):
    made = of(12)
    for place in range(12):
        text = f"output_size({place}, 3): expected {place - 2}, got {place}: one place is missing"
        made.change(
            place, marks=(Mark("task-2-test", 0.0, 3.0, text if place < 7 else "NotImplementedError"),)
        )
    (mistake,) = mistakes.common(made.records, made.assignment)
    assert mistake.name == "one place is missing" and len(mistake.students) == 7
    assert mistake.example.startswith("output_size(0, 3)") and mistake.title == "Task 2: how many places?"


def test_the_same_hint_in_two_tasks_is_two_mistakes(of):
    made = of(1)
    text = "f(1): expected 1, got 2: the shape differs."
    made.change(0, marks=(Mark("task-1-test", 0.0, 2.0, text), Mark("task-2-test", 0.0, 3.0, text)))
    assert len(mistakes.common(made.records, made.assignment)) == 2


def test_a_reason_for_which_nothing_ran_is_no_mistake(of):
    made = of(1)
    made.change(0, reason="too slow", marks=(Mark("task-1-test", 0.0, 2.0, "too slow"),))
    assert mistakes.common(made.records, made.assignment) == []
