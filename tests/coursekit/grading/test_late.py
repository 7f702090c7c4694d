"""Deadlines and penalties."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.grading import late, report
from coursekit.grading._records import Rules
from coursekit.grading.late import DAY, Deadline, LateError

DUE = Deadline(1_000_000.0, percent=10, most=40, grace=300)


@pytest.mark.parametrize(
    ("after", "days"),
    [(-DAY, 0), (0, 0), (300, 0), (301, 1), (DAY, 1), (DAY + 1, 2), (9 * DAY + 5, 10)],
)
def test_each_day_begun_counts_and_nothing_within_the_grace(after: float, days: int) -> None:
    assert DUE.days(DUE.time + after) == days
    assert DUE.penalty(DUE.time + after, "platform", 20) == pytest.approx(20 * min(0.4, 0.1 * days))


def test_an_unknown_time_costs_nothing_and_is_pointed_at() -> None:
    assert DUE.days(None) == DUE.penalty(None, "", 20) == 0
    note = DUE.note(None, "", False, 20)
    assert note and note.kind == "late" and "not known" in note.text
    assert DUE.note(DUE.time - 1, "file", False, 20) is None
    said = DUE.note(DUE.time - 1, "file", True, 20)
    assert said and "a person decides" in said.text
    said = DUE.note(DUE.time + 2 * DAY + 7200, "file", False, 20)
    assert said and "2 days 2 h after" in said.text and "own time" in said.text
    assert "nothing was taken off, because nobody has confirmed" in said.text
    trusting = replace(DUE, trust=True).note(DUE.time + 2 * DAY + 7200, "file", False, 20)
    assert trusting and "6 points are taken off" in trusting.text
    for clock, points in (("platform", 6), ("instructor", 6), ("file", 0), ("archive", 0)):
        assert DUE.penalty(DUE.time + 2 * DAY + 7200, clock, 20) == points
    sure = DUE.note(DUE.time + DAY, "platform", False, 20)
    assert sure and "2 points" in sure.text and "own time" not in sure.text


@given(
    percent=st.floats(0, 100), most=st.floats(0, 100), after=st.floats(0, 400 * DAY), points=st.floats(1, 100)
)
def test_the_penalty_grows_with_time_and_never_exceeds_its_limit(
    percent: float, most: float, after: float, points: float
) -> None:
    due = Deadline(0.0, percent, most)
    earlier, later = (due.penalty(t, "platform", points) for t in (after / 2, after))
    assert 0 <= earlier <= later <= points * most / 100 + 1e-9


def test_times_are_local_unless_they_name_a_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert late.read_time("2026-11-20 23:59") == late.read_time("2026-11-20 18:29Z")
        assert late.read_time("2026-11-20T23:59+01:00") == late.read_time("2026-11-20 22:59Z")
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    for text in ("tomorrow", "", "20.11.2026", "2026-13-01"):
        with pytest.raises(LateError, match="write it like"):
            late.read_time(text)


def test_rules_are_kept_until_others_are_given() -> None:
    first = report.rules("2026-11-20 23:59", 10, None, 15, "best")(Rules())
    assert first.deadline == Deadline(late.read_time("2026-11-20 23:59"), 10, 100, 900)
    assert first.attempts == "best"
    assert report.rules(None, None, None, None, None)(first) == first
    moved = report.rules("2026-11-27 23:59", None, 30, None, None)(first)
    assert moved.deadline == Deadline(first.deadline.time + 7 * DAY, 10, 30, 900)
    assert report.rules("none", None, None, None, "latest")(first) == Rules()
    with pytest.raises(LateError, match="needs a deadline"):
        report.rules(None, 10, None, None, None)(Rules())
