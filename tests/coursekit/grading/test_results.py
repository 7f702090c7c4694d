"""What an instructor gets beside the marks: late work, several attempts, pages with comments, reports."""

import csv
import os
import re
import shutil
from pathlib import Path

import pytest
from support import assignment, cohort
from support.cohort import by_hand, grade, hand_in

from coursekit import cli
from coursekit.grading import batch, report
from coursekit.grading.assignment import Assignment
from coursekit.grading.late import DAY, read_time
from coursekit.grading.reports.lms import LmsError
from coursekit.grading.results import Export

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("graders")]
RIGHT = assignment.RIGHT
HALF = {**RIGHT, "task-2": "def output_size(size, kernel, stride=1):\n    return size - kernel\n"}
DUE = "2026-11-20 23:59"


def at(folder: Path, student: str, after: float) -> None:
    """Give a student's file a time, in seconds after the deadline."""
    when = read_time(DUE) + after
    os.utime(folder / student / "tiny.ipynb", (when, when))


def row(out: Path, student: str) -> dict[str, str]:
    with (out / "tiny.csv").open(encoding="utf-8", newline="") as file:
        return next(row for row in csv.DictReader(file) if row["student"] == student)


def page(out: Path, student: str, folder: str = "feedback") -> str:
    """The text of a student's page, without marks of HTML."""
    text = (out / folder / student / "tiny" / "tiny.html").read_text(encoding="utf-8")
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_late_work_loses_what_the_rules_say_and_the_rules_can_change(
    master: Assignment, tmp_path: Path, out: Path
) -> None:
    folder = hand_in(tmp_path / "in", master, {"alice": RIGHT, "bob": RIGHT, "carol": RIGHT})
    for student, after in (("alice", -60), ("bob", 600), ("carol", 3 * DAY + 60)):
        at(folder, student, after)
    rules = report.rules(DUE, 10, 30, 15, None, True)
    summary = grade(master, [folder], out, rules=rules)
    assert {name: total.penalty for name, total in summary.totals.items()} == pytest.approx(
        {"alice": 0, "bob": 0, "carol": 2.7}  # 30 % of 9 points
    )
    assert (row(out, "carol")["score"], row(out, "carol")["penalty"]) == ("2.3", "2.7")
    assert "2.7 points are taken off" in page(out, "carol") and "taken off" not in page(out, "alice")
    looks = (out / "reports" / "tiny" / "look.csv").read_text()
    assert re.search(r"carol,handed in late,.*own time", looks) and "alice,handed in late" not in looks

    grade(master, [], out)  # the rules are kept
    assert row(out, "carol")["penalty"] == "2.7"
    grade(master, [], out, rules=report.rules(None, None, 20, 0, None))
    assert (row(out, "bob")["penalty"], row(out, "carol")["penalty"]) == ("0.9", "1.8")
    assert grade(master, [], out, rules=report.rules("none", None, None, None, None)).written.looks == 0
    assert row(out, "carol")["score"] == "5" and "taken off" not in page(out, "carol")
    grade(master, [], out, rules=report.rules(DUE, 10, None, None, None))
    assert row(out, "carol")["score"] == "5" and "nothing was taken off" in page(out, "carol"), "a mere file"


def test_the_instructor_s_times_come_before_those_of_files(
    master: Assignment, tmp_path: Path, out: Path
) -> None:
    folder = hand_in(tmp_path / "in", master, {"alice": RIGHT})
    at(folder, "alice", 5 * DAY)
    times = tmp_path / "times.csv"
    times.write_text("student,time\nalice,2026-11-20 23:00+00:00\n")
    rules = report.rules("2026-11-20 23:30+00:00", 10, None, None, None)
    grade(master, [folder], out, rules=rules, times=times)
    assert row(out, "alice")["penalty"] == "0"
    times.write_text("student,time\nalice,2026-11-22 23:00+00:00\n")  # a better table for what is graded
    assert grade(master, [], out, times=times).graded == 0
    assert row(out, "alice")["penalty"] == "1.8"
    grade(master, [], out)
    assert row(out, "alice")["penalty"] == "1.8", "the time is kept"


def test_the_latest_or_the_best_attempt_counts_and_every_file_is_kept(
    master: Assignment, tmp_path: Path, out: Path
) -> None:
    first = hand_in(tmp_path / "first", master, {"alice": RIGHT, "bob": HALF})
    second = hand_in(tmp_path / "second", master, {"alice": HALF, "bob": RIGHT})
    for folder, after in ((first, -2 * DAY), (second, 60)):
        for student in ("alice", "bob"):
            at(folder, student, after)
    latest = grade(master, [first, second], out)
    assert {r.student: r.points for r in latest.records} == {"alice": 2, "bob": 5}
    best = grade(master, [first, second], out, rules=report.rules(None, None, None, None, "best"))
    assert {r.student: r.points for r in best.records} == {"alice": 5, "bob": 5}
    assert grade(master, [first, second], out).graded == 0
    after_penalty = grade(master, [], out, rules=report.rules(DUE, 100, None, None, None, True))
    assert after_penalty.totals["bob"].score == 0  # the attempt itself is chosen when submissions are given
    again = grade(master, [first, second], out, regrade=True)
    assert again.totals["bob"].score == 2, "an attempt in time that is half right beats a late one"

    third = hand_in(tmp_path / "third", master, {"alice": HALF})
    assert grade(master, [third], out).records[0].points == 5, "the best attempt of earlier runs stays"
    kept = {path.read_bytes() for path in (out / "originals" / "alice" / "tiny").rglob("*.ipynb")}
    assert kept >= {(folder / "alice" / "tiny.ipynb").read_bytes() for folder in (first, second)}


def test_marks_and_comments_by_hand_reach_the_page_and_pages_are_released_when_asked(
    master: Assignment, tmp_path: Path, out: Path
) -> None:
    folder = hand_in(tmp_path / "in", master, {"alice": RIGHT, "bob": RIGHT})
    grade(master, [folder], out)
    assert not (out / "released").exists() and "Well argued" not in page(out, "alice")
    by_hand(out, "alice", 3.5, "Well argued; <b>one</b> step is missing.")
    grade(master, [], out, release=True)
    text = (out / "feedback" / "alice" / "tiny" / "tiny.html").read_text(encoding="utf-8")
    assert "Well argued; &lt;b&gt;one&lt;/b&gt; step is missing." in text and "3.5" in text
    released = out / "released" / "tiny"
    assert (released / "alice" / "tiny.html").read_text(encoding="utf-8") == text
    by_hand(out, "alice", 4, "Now complete.")
    grade(master, [], out)
    assert "Now complete." in page(out, "alice")
    assert "Now complete." not in (released / "alice" / "tiny.html").read_text(encoding="utf-8")


def test_a_platform_s_table_is_filled_and_never_written_over(
    master: Assignment, tmp_path: Path, out: Path
) -> None:
    folder = hand_in(tmp_path / "in", master, {"alice": RIGHT, "bob": HALF})
    export = tmp_path / "canvas.csv"
    head = "Student,ID,SIS User ID,SIS Login ID,Section,tiny (77)\n"
    export.write_text(f'{head}    Points Possible,,,,,9\n"alice",11,a1,alice,S,\n"Zed",13,z1,zed,S,\n')
    before = export.read_bytes()
    grade(master, [folder], out)
    for student in ("alice", "bob"):
        by_hand(out, student, 2)
    summary = grade(master, [], out, exports=[Export("canvas", export)])
    assert export.read_bytes() == before
    filled = list(csv.reader((out / "tiny-canvas.csv").open(newline="")))
    assert filled[2] == ["alice", "11", "a1", "alice", "S", "7"] and filled[3][-1] == ""
    assert summary.written.missing == 1 and any("bob" in remark for remark in summary.written.remarks)
    own = shutil.copy(out / "tiny-canvas.csv", tmp_path)
    with pytest.raises(LmsError, match="export itself"):
        grade(master, [], out, exports=[Export("canvas", out / "tiny-canvas.csv")])
    assert (out / "tiny-canvas.csv").read_bytes() == Path(own).read_bytes()


def test_grading_again_with_another_test_says_what_has_changed_and_for_whom(
    master: Assignment, tmp_path: Path, out: Path
) -> None:
    folder = hand_in(tmp_path / "in", master, {"alice": RIGHT, "bob": HALF})
    grade(master, [folder], out)
    changes = out / "reports" / "tiny" / "changes.csv"
    assert not changes.exists(), "nobody was graded again"
    made = assignment.cells()
    made[6].source = made[6].source.replace("], 7,", "], 8,")  # now another answer is right
    grade(assignment.write(tmp_path, made=made), [folder], out, regrade=True)
    rows = list(csv.DictReader(changes.open(newline="")))
    assert [
        (row["student"], row["test"], row["after"][:1]) for row in rows if row["before"] != row["after"]
    ] == [("alice", "test-2", "0")]


def test_the_command_says_where_everything_is(
    master: Assignment,
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = hand_in(tmp_path / "in", master, {"alice": RIGHT, "bob": b"<html>"})
    monkeypatch.setattr(batch, "each", cohort.grade_here)
    command = ["grade", str(master.path), str(folder), "--out", str(out)]
    assert cli.main([*command, "--deadline", DUE, "--late", "10%", "--release"]) == 0
    printed = capsys.readouterr().out
    for path in ("reports/tiny/look.html", "released/tiny", "tiny.csv"):
        assert str(out / path) in printed
    assert cli.main(["grade", str(master.path), "--out", str(out), "--deadline", "soon"]) == 2
    assert "'soon' is no time" in capsys.readouterr().err
    for name in ("look.html", "look.csv", "class.html", "similar.html", "rubric.html"):
        assert (out / "reports" / "tiny" / name).stat().st_size > 100
