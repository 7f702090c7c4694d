"""Folders and zips as students, packers and learning platforms really make them, and what is found."""

import io
import os
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support import assignment

from coursekit.grading.assignment import Assignment
from coursekit.grading.collect import Submission, gather

DAY = (2026, 11, 24, 17, 0, 0)
PDF, HTML = b"%PDF-1.7", b"<!DOCTYPE html><html></html>"
RAR, SEVEN, GZIP = b"Rar!\x1a\x07\x01\x00....", b"7z\xbc\xaf\x27\x1c....", b"\x1f\x8b\x08\x00...."
METADATA = """submission_1701:
  :submitters:
  - :name: Jane Doe
    :sid: '1001'
    :email: jane@uni.org
  :created_at: 2026-11-24 16:12:33.123456789 Z
  :score: 0.0
  :results:
    tests:
    - name: Hidden
      score: 1.0
  :history:
  - :id: 1
    :created_at: 2026-11-20 10:00:00.000000000 Z
submission_1702:
  :submitters:
  - :name: "Jos\\xE9 Garc\\xEDa"
    :sid:
    :email: jose@uni.org
  - :name: 'Pat O''Neil'
    :sid: '1003'
    :email: pat@uni.org
  :created_at: 2026-11-24 18:00:00 Z
"""


@dataclass(frozen=True)
class Work:
    """What students hand in: all tasks, one, none."""

    full: bytes
    one: bytes
    none: bytes

    def named(self, data: bytes | None) -> str:
        """Which of them some content is."""
        names = {self.full: "full", self.one: "one", self.none: "none", None: "-"}
        return names.get(data, "another")


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return assignment.write(tmp_path_factory.mktemp("masters"), "conv3d")


@pytest.fixture(scope="module")
def work(master: Assignment) -> Work:
    texts: list[Mapping[str, str]] = [assignment.RIGHT, {"task-1": "mean_frame = 1"}, {}]
    return Work(*(assignment.handed_in(master, text) for text in texts))


def zipped(files: Mapping[str, bytes], folders: tuple[str, ...] = ()) -> bytes:
    """A zip of files and folders by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**dict.fromkeys(folders, b""), **files}.items():
            archive.writestr(zipfile.ZipInfo(name, DAY), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


@dataclass(frozen=True)
class Layout:
    """What was handed in, and what is found: for each student what is graded, or a part of the reason."""

    files: Mapping[str, str | bytes | dict[str, object]]
    expected: Mapping[str, str]
    folders: tuple[str, ...] = ()
    given: tuple[str, ...] = (".",)
    raw: Mapping[bytes, bytes] = field(default_factory=dict)  # bytes that are exchanged in zips


NO_FILE = "nothing was handed in: the folder"
LAYOUTS: dict[str, Layout] = {
    "Canvas: zip of all": Layout(
        {"submissions.zip": {
            "doejane_222_9999_conv3d.ipynb": "full", "roemax_LATE_333_8888_conv3d-1.ipynb": "one",
            "smithbo_444_777_Copy of conv3d.ipynb": "full", "smithbo_444_778_notes.pdf": PDF,
            "textonly_LATE_555_text.html": HTML,
        }},
        {"doejane_222": "full", "roemax_333": "one", "smithbo_444": "full", "textonly_555": "no notebook"},
        given=("submissions.zip",),
    ),
    "Canvas: unpacked, one a zip": Layout(
        {"doejane_222_9999_conv3d.ipynb": "full", "roe_LATE_333_88_w.zip": {"w/conv3d.ipynb": "one"}},
        {"doejane_222": "full", "roe_333": "one"},
    ),
    "Moodle: zip with folders, two of one name": Layout(
        {"CV-conv3d-4711.zip": {
            "Jane Doe_12345_assignsubmission_file/conv3d.ipynb": "full",
            "Jane Doe_12347_assignsubmission_file/conv3d.ipynb": "one",
            "Max Roe_12348_assignsubmission_onlinetext/onlinetext.html": HTML,
        }},
        {"Jane_Doe_12345": "full", "Jane_Doe_12347": "one", "Max_Roe_12348": "only onlinetext.html"},
        given=("CV-conv3d-4711.zip",),
    ),
    "Moodle: without folders, one blind": Layout(
        {
            "Jane Doe_12345_assignsubmission_file_conv3d.ipynb": "full",
            "Participant_777_assignsubmission_file_conv3d.zip": {"conv3d.ipynb": "one"},
        },
        {"Jane_Doe_12345": "full", "Participant_777": "one"},
    ),
    "Gradescope: export with its metadata": Layout(
        {
            "assignment_99_export/submission_metadata.yml": METADATA.encode(),
            "assignment_99_export/submission_1701/conv3d.ipynb": "full",
            "assignment_99_export/submission_1702/conv3d.ipynb": "one",
        },
        {"Jane_Doe_1701": "full", "José_García_and_Pat_O_Neil_1702-81e592a3ef73": "one"},
    ),
    "Gradescope: export as it came": Layout(
        {"a.zip": {
            "assignment_99_export/submission_metadata.yml": METADATA.encode(),
            "assignment_99_export/submission_1701/conv3d.ipynb": "full",
        }},
        {"Jane_Doe_1701": "full"}, given=("a.zip",),
    ),
    "Blackboard: two attempts and their texts": Layout(
        {
            "Assignment 3_janedoe_attempt_2026-11-24-17-12-33_conv3d.ipynb": "one",
            "Assignment 3_janedoe_attempt_2026-11-24-17-12-33.txt": b"Name: Jane Doe",
            "Assignment 3_janedoe_attempt_2026-11-25-08-00-00_conv3d.ipynb": "full",
            "conv3d_max_roe_attempt_2026-11-24-17-12-33_x.ipynb": "one",
        },
        {"janedoe": "full", "max_roe": "one"},
    ),
    "Brightspace: folders with dates, a page beside them": Layout(
        {
            "index.html": HTML,
            "39-25 - Mary-Ann Smith - Nov 24, 2026 926 PM/conv3d.ipynb": "one",
            "39-25 - Mary-Ann Smith - Nov 25, 2026 1026 AM/conv3d.ipynb": "full",
            "40-25 - John Doe - Sep 24, 2026 926 PM/notes.txt": b"x",
        },
        {"Mary-Ann_Smith_39-25": "full", "John_Doe_40-25": "only notes.txt"},
    ),
    "Teams: versions in folders": Layout(
        {
            "Student Work/Submitted files/Jane Doe/conv3d/Version 1/conv3d.ipynb": "one",
            "Student Work/Submitted files/Jane Doe/conv3d/Version 2/conv3d.ipynb": "full",
            "Student Work/Submitted files/Max Roe/conv3d/Version 1/conv3d.ipynb": "one",
        },
        {"Jane_Doe": "full", "Max_Roe": "one"},
    ),
    "nbgrader: submitted, with times and empty folders": Layout(
        {
            "submitted/alice/conv3d/conv3d.ipynb": "full",
            "submitted/alice/conv3d/timestamp.txt": b"2015-02-02 15:58:23.948203 UTC\n",
        },
        {"alice": "full", "carl": NO_FILE, "dora": NO_FILE},
        ("submitted/carl/conv3d", "submitted/dora"),
    ),
    "nbgrader: inbound": Layout(
        {
            "inbound/alice+conv3d+2015-02-02 15:58:23.948203 UTC/conv3d.ipynb": "one",
            "inbound/alice+conv3d+2015-02-03 10:00:00.000000 UTC+abcd/conv3d.ipynb": "full",
            "inbound/bob+conv3d+2015-02-03 10:00:00.000000 UTC+x/conv3d.ipynb": "one",
        },
        {"alice": "full", "bob": "one"}, given=("inbound",),
    ),
    "GitHub Classroom: clones": Layout(
        {
            "conv3d-submissions/conv3d-alice/conv3d.ipynb": "full",
            "conv3d-submissions/conv3d-alice/.git/config": b"x",
            "conv3d-submissions/conv3d-alice/.github/workflows/grade.yml": b"x",
            "conv3d-submissions/conv3d-bob-b/notebooks/conv3d.ipynb": "one",
            "conv3d-submissions/conv3d-bob-b/README.md": b"hello",
            "conv3d-submissions/conv3d-carl/.git/config": b"x",
        },
        {"alice": "full", "bob-b": "one", "carl": NO_FILE},
    ),
    "GitHub: a repository with an environment": Layout(
        {
            "conv3d-alice/conv3d.ipynb": "one", "conv3d-alice/env/pyvenv.cfg": b"",
            "conv3d-alice/env/lib/conv3d.ipynb": "full", "conv3d-bob/node_modules/conv3d.ipynb": "full",
        },
        {"alice": "one", "bob": NO_FILE},
    ),
    "Google Drive: zip of a folder": Layout(
        {"conv3d-20261124T171233Z-001.zip": {
            "conv3d/Alice Smith - conv3d.ipynb": "full", "conv3d/Bob Roe - Copy of conv3d.ipynb": "one",
            "conv3d/Bob Roe - conv3d.ipynb": "none",
        }},
        {"Alice_Smith": "full", "Bob_Roe": "one"}, given=("conv3d-20261124T171233Z-001.zip",),
    ),
    "copies of OneDrive, Colab and Jupyter": Layout(
        {
            "alice/conv3d.ipynb": "none", "alice/conv3d (1).ipynb": "one",
            "alice/Copy of conv3d.ipynb": "none", "bob/conv3d-Copy1.ipynb": "full",
            "bob/conv3d.ipynb": "none", "bob/conv3d - Copy (2).ipynb": "none", "carl/conv3d.ipynb (1)": "one",
        },
        {"alice": "one", "bob": "full", "carl": "one"},
    ),
    "copies in no folder": Layout(
        {
            "emil-conv3d-Copy1.ipynb": "full", "Dora Smith - conv3d.ipynb": "one",
            "conv3d-carl (1).ipynb": "one", "Copy of conv3d_fritz.ipynb": "one", "Gil Copy.ipynb": "one",
        },
        {"emil": "full", "Dora_Smith": "one", "carl": "one", "fritz": "one", "Gil": "one"},
    ),
    "one student's folder with copies, pictures and data": Layout(
        {
            "jane/conv3d-Copy1.ipynb": "full", "jane/conv3d.ipynb": "none", "jane/images/plot.png": b"x",
            "jane/data/a.json": b"{}",
        },
        {"jane": "full"}, ("jane/empty",), given=("jane",),
    ),
    "the master beside folders without a notebook": Layout(
        {"c/conv3d.ipynb": "none", "c/alice/essay.pdf": PDF, "c/bob/essay.pdf": PDF},
        {"alice": "only essay.pdf", "bob": "only essay.pdf", "c": "none"}, given=("c",),
    ),
    "tables and pages beside folders": Layout(
        {"grades.csv": b"a", "README.md": b"x", "roster.xlsx": b"PK", "alice/conv3d.ipynb": "full",
         "bob.ipynb": "one"},
        {"alice": "full", "bob": "one"},
    ),
    "VS Code": Layout(
        {"alice/.vscode/settings.json": b"{}", "alice/conv3d.ipynb": "full", "alice/__pycache__/x.pyc": b"",
         "bob/.vscode/settings.json": b"{}"},
        {"alice": "full", "bob": NO_FILE},
    ),
    "macOS: zips of students": Layout(
        {
            "alice.zip": {"conv3d.ipynb": "full", "__MACOSX/._conv3d.ipynb": b"\0\5", ".DS_Store": b""},
            "bob.zip": {"My Folder/conv3d.ipynb": "one", "__MACOSX/My Folder/._conv3d.ipynb": b""},
            "carl.zip": {"__MACOSX/._x": b"", ".DS_Store": b""},
        },
        {"alice": "full", "bob": "one", "carl": "carl.zip holds no file"},
    ),
    "macOS: zip of all, folders with hidden files only": Layout(
        {"all.zip": {
            "all/": b"", "all/alice/": b"", "all/alice/conv3d.ipynb": "full", "all/bob/.DS_Store": b"",
            "__MACOSX/": b"", "__MACOSX/all/bob/._.DS_Store": b"", "all/.DS_Store": b"", "all/carl/": b"",
            "all/.git/": b"", "all/.git/config": b"",
        }},
        {"alice": "full", "bob": NO_FILE, "carl": NO_FILE}, given=("all.zip",),
    ),
    "accents in two pieces": Layout(
        {unicodedata.normalize("NFD", "José Núñez/conv3d.ipynb"): "full", "Zoë/conv3d.ipynb": "one"},
        {"José_Núñez": "full", "Zoë": "one"},
    ),
    "Windows: names in cp437": Layout(
        {"all.zip": {"J_rgen/conv3d.ipynb": "full", "bob/conv3d.ipynb": "one"}},
        {"Jürgen": "full", "bob": "one"}, given=("all.zip",), raw={b"J_rgen": b"J\x81rgen"},
    ),
    "UTF-8 that nobody announced": Layout(
        {"all.zip": {"J__rgen/conv3d.ipynb": "full", "bob/conv3d.ipynb": "one"}},
        {"Jürgen": "full", "bob": "one"}, given=("all.zip",), raw={b"J__rgen": "Jürgen".encode()},
    ),
    "Windows: backslashes": Layout(
        {"all.zip": {"class\\alice\\conv3d.ipynb": "full", "class\\bob\\conv3d.ipynb": "one",
                     "class\\carl\\": b""}},
        {"alice": "full", "bob": "one", "carl": NO_FILE}, given=("all.zip",),
    ),
    "other archives, also under other names": Layout(
        {
            "alice/work.zip": RAR, "bob/conv3d.ipynb": SEVEN, "carl/conv3d.rar": RAR,
            "dora/conv3d.tar.gz": GZIP, "emil/conv3d.ipynb": "full", "emil/old.rar": RAR, "fritz.zip": RAR,
        },
        {
            "alice": "UNREAD work.zip is no zip that can be read (it is a RAR archive)",
            "bob": "UNREAD conv3d.ipynb is a 7z archive", "carl": "UNREAD conv3d.rar is a RAR archive",
            "dora": "UNREAD conv3d.tar.gz is a gzip archive", "emil": "full",
            "fritz": "UNREAD fritz.zip is no zip that can be read (it is a RAR archive)",
        },
    ),
    "a zip called .ipynb": Layout(
        {"alice/conv3d.ipynb": {"conv3d.ipynb": "full"}, "bob.ipynb": {"conv3d.ipynb": "one"}},
        {"alice": "full", "bob": "one"},
    ),
    "a zip called .ipynb, in a zip": Layout(
        {"all.zip": {"alice/conv3d.ipynb": {"conv3d.ipynb": "full"}, "bob/conv3d.ipynb": "one"}},
        {"alice": "UNREAD conv3d.ipynb is a zip under another name", "bob": "one"}, given=("all.zip",),
    ),
    "names that browsers lengthen": Layout(
        {
            "alice/conv3d.ipynb.txt": "full", "bob/conv3d.ipynb.zip": {"conv3d.ipynb": "one"},
            "carl/conv3d.json": "full", "dora/conv3d": "full", "emil.ipynb.zip": {"conv3d.ipynb": "one"},
        },
        {"alice": "full", "bob": "one", "carl": "full", "dora": "full", "emil": "one"},
    ),
    "no notebook": Layout(
        {
            "alice/conv3d.html": HTML, "bob/conv3d.py": b"x = 1", "carl/conv3d.ipynb": HTML,
            "dora/conv3d.ipynb": b"", "emil/conv3d.ipynb": b"{oh no", "fritz/conv3d.ipynb": "one",
        },
        {
            "alice": "only conv3d.html", "bob": "only conv3d.py", "carl": "the file is a web page",
            "dora": "the file is empty", "emil": "the file is no notebook", "fritz": "one",
        },
    ),
    "late beside submissions": Layout(
        {"submissions/alice/conv3d.ipynb": "one", "late/alice/conv3d.ipynb": "full",
         "late/bob/conv3d.ipynb": "one"},
        {"alice": "full", "bob": "one", "carl": NO_FILE}, ("submissions/carl", "submissions/bob"),
    ),
    "zips in zips": Layout(
        {"all.zip": {"alice/middle.zip": {"inner.zip": {"conv3d.ipynb": "full"}},
                     "bob.zip": {"conv3d.ipynb": "one"}}},
        {"alice": "UNREAD inner.zip is a zip within a zip", "bob": "one"}, given=("all.zip",),
    ),
}  # fmt: skip


def content(what: object, work: Work, raw: Mapping[bytes, bytes]) -> bytes:
    """The bytes of a file in a layout."""
    if isinstance(what, bytes):
        return what
    if isinstance(what, str):
        return bytes(getattr(work, what))
    assert isinstance(what, dict)
    folders = tuple(name for name in what if name.endswith(("/", "\\")))
    files = {name: content(inner, work, raw) for name, inner in what.items() if name not in folders}
    data = zipped(files, folders)
    for old, new in raw.items():
        data = data.replace(old, new)
    return data


def laid_out(layout: Layout, folder: Path, work: Work) -> list[Path]:
    """Make what was handed in, and return the paths that are given."""
    for name in layout.folders:
        (folder / name).mkdir(parents=True)
    for name, what in layout.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(what, work, layout.raw))
        os.utime(path, (1_790_000_000,) * 2)
    return [folder / name for name in layout.given]


def shown(submission: Submission, work: Work) -> str:
    """What is graded of a submission, or the reason why nothing is."""
    reason = f"UNREAD {submission.reason}" if submission.unread else submission.reason
    return reason or work.named(submission.data)


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_found(name: str, master: Assignment, work: Work, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    found = gather(laid_out(layout, tmp_path / "in", work), master)
    assert {one.student for one in found} == layout.expected.keys()
    assert len(found) == len(layout.expected)
    for one in found:
        what = layout.expected[one.student]
        if what in ("full", "one", "none"):
            assert shown(one, work) == what, one
        else:
            assert what in shown(one, work), one


def of(name: str, master: Assignment, work: Work, folder: Path) -> dict[str, Submission]:
    found = gather(laid_out(LAYOUTS[name], folder / "in", work), master)
    return {one.student: one for one in found}


def test_platforms_numbers_and_names(master: Assignment, work: Work, tmp_path: Path) -> None:
    for number, (layout, student, name, ids) in enumerate([
        ("Canvas: zip of all", "doejane_222", "doejane", {"canvas": "222"}),
        ("Canvas: zip of all", "textonly_555", "textonly", {"canvas": "555"}),
        ("Moodle: zip with folders, two of one name", "Jane_Doe_12345", "Jane Doe", {"moodle": "12345"}),
        ("Moodle: without folders, one blind", "Jane_Doe_12345", "Jane Doe", {"moodle": "12345"}),
        ("Gradescope: export with its metadata", "Jane_Doe_1701", "Jane Doe",
         {"gradescope": "1701", "email": "jane@uni.org", "sid": "1001"}),
        ("Brightspace: folders with dates, a page beside them", "John_Doe_40-25", "John Doe",
         {"brightspace": "40-25"}),
        ("accents in two pieces", "José_Núñez", "José Núñez", {}),
    ]):  # fmt: skip
        one = of(layout, master, work, tmp_path / str(number))[student]
        assert (one.name, one.ids, one.notes) == (name, ids, ())


def test_a_name_that_was_changed_is_noted_and_kept(master: Assignment, work: Work, tmp_path: Path) -> None:
    found = of("Gradescope: export with its metadata", master, work, tmp_path)
    (group,) = (one for student, one in found.items() if student.startswith("José"))
    assert group.name == "José García and Pat O'Neil" and group.ids == {"gradescope": "1702"}
    (note,) = group.notes
    assert note.kind == "name" and group.student in note.text and "Pat O'Neil" in note.text
    path = tmp_path / "odd" / "=1+1" / "conv3d.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(work.full)
    (one,) = gather([tmp_path / "odd"], master)
    assert one.name == "=1+1" and one.student.startswith("1_1-") and one.notes[0].kind == "name"


def test_late_is_what_the_platform_says(master: Assignment, work: Work, tmp_path: Path) -> None:
    found = of("Canvas: zip of all", master, work, tmp_path / "a")
    assert {one.student for one in found.values() if one.late} == {"roemax_333", "textonly_555"}
    assert not any(one.late for one in of("late beside submissions", master, work, tmp_path / "b").values())


def test_a_folder_of_the_platforms_own_is_no_student(master: Assignment, work: Work, tmp_path: Path) -> None:
    for name in ("__MACOSX", ".git", ".ipynb_checkpoints", "node_modules", "__pycache__", "$RECYCLE.BIN"):
        (tmp_path / "in" / name / "deep").mkdir(parents=True)
        (tmp_path / "in" / name / "conv3d.ipynb").write_bytes(work.full)
    (tmp_path / "in" / "alice").mkdir()
    (tmp_path / "in" / "bob.ipynb").write_bytes(work.full)
    assert [one.student for one in gather([tmp_path / "in"], master)] == ["alice", "bob"]
