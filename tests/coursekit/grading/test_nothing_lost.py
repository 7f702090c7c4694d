"""Situations in which an ordinary command could lose work or marks, each as a test."""

import contextlib
import csv
import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import assignment

from coursekit import cli
from coursekit.grading import batch, report, sandbox
from coursekit.grading._worker import Record, examine
from coursekit.grading.assignment import Assignment
from coursekit.grading.autograde import Judge, Mark
from coursekit.grading.collect import CollectError, Submission
from coursekit.grading.sandbox import Limits, Sandbox


@pytest.fixture
def master(tmp_path: Path) -> Assignment:
    return assignment.write(tmp_path / "master")


def hand_in(folder: Path, master: Assignment, student: str = "alice") -> Path:
    path = folder / student / "tiny" / "tiny.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(assignment.handed_in(master))
    return path


@pytest.mark.parametrize(
    "given", ["submitted", "submitted/alice", "submitted/alice/tiny/tiny.ipynb", "link", "."]
)
def test_submissions_where_the_grading_writes_are_refused_and_stay_as_they_are(
    tmp_path, master, given, monkeypatch
):
    """An nbgrader course graded in place: `coursekit grade X submitted --out .`."""
    path = hand_in(tmp_path / "course" / "submitted", master)
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path / "course")
    Path("link").symlink_to("submitted")
    with pytest.raises(
        CollectError, match=r"nothing was graded\. Give .*--out|nothing was graded\. Give --out"
    ):
        batch.grade(master.path, [given], ".")
    assert path.read_bytes() == before
    assert sorted(each.name for each in Path().iterdir()) == ["link", "submitted"]


def test_a_gradebook_inside_the_submissions_is_refused(tmp_path, master):
    hand_in(tmp_path / "handed_in", master)
    with pytest.raises(
        CollectError, match=r"lies in .*handed_in, so its files would be taken for submissions"
    ):
        batch.grade(master.path, [tmp_path / "handed_in"], tmp_path / "handed_in" / "grades")
    assert not (tmp_path / "handed_in" / "grades").exists()


STOPPED = {
    "a syntax error": (
        "def output_size(size, kernel, stride=1)\n    return 1\n",
        "SyntaxError: expected ':' (line 1)",
    ),
    "a question to nobody": (
        "name = input('kernel? ')\n" + assignment.RIGHT["task-2"],
        "EOFError: EOF when reading a line (line 1). "
        "Nobody can type while a notebook is graded: remove input().",
    ),
    "a missing import": (
        "sizes = np.zeros(3)\n" + assignment.RIGHT["task-2"],
        "NameError: name 'np' is not defined (line 1). Only the marked cells are graded: what other cells "
        "import or define is not there.",
    ),
}


@pytest.fixture(scope="module")
def examined(tmp_path_factory) -> Iterator[Callable[[dict[str, str]], Record]]:
    """Grades texts in a real sandbox."""
    assignment.need_sandbox()
    master = assignment.write(tmp_path_factory.mktemp("masters"))
    limits = Limits(wall=9, cell=3, seconds=9, memory=512 << 20)
    with contextlib.closing(Sandbox(sandbox.imports(["import torch"]), limits)) as place:
        judge, release = Judge(master), assignment.texts(master)

        def grade(texts: dict[str, str]) -> Record:
            submission = Submission("alice", "tiny.ipynb", assignment.handed_in(master, texts))
            return examine(submission, judge, place, release)

        yield grade


@pytest.mark.slow
@pytest.mark.parametrize("case", STOPPED)
def test_the_reason_for_0_points_is_the_error_of_the_cell_that_stopped(examined, case):
    source, error = STOPPED[case]
    record = examined({**assignment.RIGHT, "task-2": source})
    first, second = record.marks
    assert first.points == first.maximum
    assert second.points == 0
    assert second.message == f"your cell task-2 stopped, so there is no output_size: {error}"


@pytest.mark.slow
def test_await_at_the_top_of_a_cell_runs_as_in_jupyter(examined):
    source = (
        "import asyncio\n\nasync def ready():\n    await asyncio.sleep(0)\n    return 1\n\n"
        "one = await ready()\n\n"
        "def output_size(size, kernel, stride=1):\n    return one + (size - kernel) // stride\n"
    )
    assert [mark.points for mark in examined({**assignment.RIGHT, "task-2": source}).marks] == [2, 3]


@pytest.mark.slow
def test_an_archive_that_cannot_be_read_gets_no_mark_and_the_exit_code_says_so(
    tmp_path, master, monkeypatch, capsys
):
    """`broken.zip` must not become a student with 0 points."""
    folder = tmp_path / "handed_in"
    folder.mkdir()
    (folder / "broken.zip").write_bytes(b"PK no zip")
    monkeypatch.setattr(batch.sandbox, "check", lambda: None)
    monkeypatch.setattr(batch, "each", lambda *_, **__: iter(()))
    summary = batch.grade(master.path, [folder], tmp_path / "grades")
    assert list(summary.failed) == ["broken"]
    assert "no zip that can be read" in summary.failed["broken"]
    assert summary.graded == 0
    assert "broken" not in summary.written.table.read_text()
    assert report.run(master.path, [folder], tmp_path / "grades", quiet=True) == 1
    assert "no grade: broken: broken.zip is no zip" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("how", ["deleted", pytest.param("another", marks=pytest.mark.again)])
def test_marks_are_entered_again_where_the_gradebook_has_none(tmp_path, master, how, monkeypatch):
    """After a run the gradebook is deleted, or another --db is given: the table must not be empty."""
    record = Record(
        "alice", "alice/tiny.ipynb", "digest", master.digest,
        (Mark("test-1", 2.0, 2.0, ""), Mark("test-2", 0.0, 3.0, "expected 7, got 6")),
        "", (), assignment.RIGHT, {},
    )  # fmt: skip
    hand_in(tmp_path / "handed_in", master)
    out = tmp_path / "grades"
    monkeypatch.setattr(batch, "each", lambda work, jobs, *_, **__: ((n, record) for n, _ in enumerate(jobs)))
    monkeypatch.setattr(batch.sandbox, "check", lambda: None)
    first = batch.grade(master.path, [tmp_path / "handed_in"], out)
    assert first.entered_again == ()
    table = first.written.table.read_text()
    assert "alice,alice,2,9,2,0,0,yes" in table
    if how == "deleted":
        (out / "gradebook.db").unlink()
    db = f"sqlite:///{tmp_path / 'other.db'}" if how == "another" else None
    second = batch.grade(master.path, [], out, db=db)
    assert second.entered_again == ("alice",)
    assert second.written.table.read_text() == table
    rows = list(csv.DictReader(table.splitlines()))
    assert [row["student"] for row in rows] == ["alice"]


@pytest.fixture
def small_disk(tmp_path) -> Iterator[tuple[Path, Callable[[str], None]]]:
    """A folder on a small disk of its own, and what sets the disk's size."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.getuid() != 0 or mount is None:
        pytest.skip("only root may mount a small disk")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=16k", "none", folder], check=False)
    if done.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield folder, lambda size: subprocess.run([mount, "-o", f"remount,size={size}", folder], check=True)
    subprocess.run(["umount", "-l", folder], check=True)  # a failed run may hold its database open


def prepared(tmp_path, master, monkeypatch) -> list[str]:
    """The arguments of a command that grades two students, without a sandbox."""
    for student in ("alice", "bob"):
        hand_in(tmp_path / "handed_in", master, student)

    def grade_here(work, jobs, *_, **__):
        for number, job in enumerate(jobs):
            marks = (Mark("test-1", 2.0, 2.0, ""), Mark("test-2", 3.0, 3.0, ""))
            yield (
                number,
                Record(job.student, job.source, job.digest, master.digest, marks, texts=assignment.RIGHT),
            )

    monkeypatch.setattr(batch, "each", grade_here)
    monkeypatch.setattr(batch.sandbox, "check", lambda: None)
    return ["grade", str(master.path), str(tmp_path / "handed_in"), "--quiet"]


@pytest.mark.slow
def test_a_full_disk_is_one_line_wherever_it_happens_and_nothing_is_lost(
    tmp_path, master, monkeypatch, capfd, small_disk
):
    folder, resize = small_disk
    command = [*prepared(tmp_path, master, monkeypatch), "--out", str(folder / "grades")]
    before = {path: path.read_bytes() for path in (tmp_path / "handed_in").rglob("*.ipynb")}
    ends = []
    for size in ("16k", "160k", "176k", "192k", "208k", "232k", "256k"):  # before, in and after the gradebook
        resize(size)
        ends.append(cli.main(command))
        said = capfd.readouterr().err
        if ends[-1]:
            assert said.count("\n") == 1 and said.startswith("coursekit grade: error: "), said
            assert "Traceback" not in said and ("space left" in said or "is full" in said), said
    assert ends.count(2) >= 3, ends  # else the disk was never full
    resize("64m")
    assert cli.main(command) == 0
    assert "alice" in (folder / "grades" / "tiny.csv").read_text()
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [".ipynb", *(pytest.param(kind, marks=pytest.mark.again) for kind in (".json", ".html", ".csv"))]
)
def test_a_write_that_fails_is_one_line_and_the_next_run_completes_it(
    kind, tmp_path, master, monkeypatch, capfd
):
    command = [*prepared(tmp_path, master, monkeypatch), "--out", str(tmp_path / "grades")]
    replace = Path.replace

    def fail(path, target):
        if Path(target).suffix == kind and "grades" in Path(target).parts:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        assert cli.main(command) == 2
    said = capfd.readouterr().err
    assert said.count("\n") == 1 and "No space left on device" in said, said
    assert cli.main(command) == 0
    assert not list((tmp_path / "grades").rglob("*.partial*"))
