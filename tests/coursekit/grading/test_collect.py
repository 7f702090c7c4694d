"""Which notebook of which student is graded, whatever folders and zips were handed in."""

import io
import json
import os
import pickle
import socket
import stat
import struct
import subprocess
import time
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import assignment

from coursekit.grading import _files, _names
from coursekit.grading.assignment import Assignment
from coursekit.grading.collect import CollectError, Submission, gather
from coursekit.grading.rebuild import rebuild


@pytest.fixture(scope="module")
def good(master: Assignment) -> bytes:
    return assignment.handed_in(master)


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def zipped(files: dict[str, bytes], path: Path | None = None) -> bytes:
    """A zip of files by name, written to a path too."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    if path:
        put(path, buffer.getvalue())
    return buffer.getvalue()


def by_name(submissions: list[Submission]) -> dict[str, Submission]:
    found = {submission.student: submission for submission in submissions}
    assert len(found) == len(submissions)
    return found


def reason_of(submissions: list[Submission]) -> str:
    (one,) = submissions
    assert one.data is None and one.reason
    return one.reason


# ---------------------------------------------------------------- whose it is


NAMES = [
    ("alice/tiny.ipynb", "alice"),
    ("alice/tiny/tiny.ipynb", "alice"),
    ("alice/deep/er/work.ipynb", "alice"),
    ("submitted/alice/tiny/tiny.ipynb", "alice"),
    ("tiny/alice.ipynb", "alice"),
    ("alice.ipynb", "alice"),
    ("alice.json", "alice"),
    ("alice.txt", "alice"),
    ("alice.ipynb.txt", "alice"),
    ("alice.IPYNB", "alice"),
    ("alice", "alice"),
    ("alice_tiny.ipynb", "alice"),
    ("tiny-alice.ipynb", "alice"),
    ("alice - Tiny (2).ipynb", "alice"),
    ("alice (1).ipynb", "alice"),
    ("alice.smith.ipynb", "alice.smith"),
    ("Alice Smith/tiny (1).ipynb", "Alice_Smith"),
    ("Alice Smith_4711_assignsubmission_file_/tiny.ipynb", "Alice_Smith_4711"),
    ("Alice Smith_4711_assignsubmission_file/tiny.ipynb", "Alice_Smith_4711"),
    ("Alice Smith_4711_assignsubmission_file_tiny.ipynb", "Alice_Smith_4711"),
    ("smithalice_12345_67890_tiny-1.ipynb", "smithalice_12345"),
    ("smithalice_LATE_12345_67890_tiny.ipynb", "smithalice_12345"),
    ("smithalice_late_12345_67890_tiny.ipynb", "smithalice_12345"),
    ("josé/tiny.ipynb", "josé"),
    ("अनिल कुमार/tiny.ipynb", "अनिल_कुमार"),
    ("李雷/tiny.ipynb", "李雷"),
    ("a@b.org/tiny.ipynb", "a@b.org"),
]


@pytest.mark.parametrize(("place", "student"), NAMES)
def test_names_of_folders_and_platforms(
    place: str, student: str, master: Assignment, good: bytes, tmp_path: Path
) -> None:
    put(tmp_path / "folder" / place, good)
    zipped({place: good}, tmp_path / "all.zip")
    zipped({f"./{place}".replace("/", "\\"): good}, tmp_path / "windows.zip")
    for path in (tmp_path / "folder", tmp_path / "all.zip", tmp_path / "windows.zip"):
        (one,) = gather([path], master)
        assert (one.student, one.data, one.reason) == (student, good, ""), path


@pytest.mark.parametrize(
    ("place", "student"),
    [
        ("alice.zip", "alice"), ("alice_tiny.zip", "alice"), ("alice/work.zip", "alice"),
        ("alice/tiny.zip", "alice"),
        ("Alice Smith_4711_assignsubmission_file_/work.zip", "Alice_Smith_4711"),
        ("smithalice_LATE_12345_67890_work.zip", "smithalice_12345"), ("alice.ZIP", "alice"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("inside", ["tiny.ipynb", "tiny/tiny.ipynb", "a/b/work.ipynb"])
def test_zips_of_students_are_theirs(
    place: str, student: str, inside: str, master: Assignment, good: bytes, tmp_path: Path
) -> None:
    inner = zipped({inside: good})
    put(tmp_path / "folder" / place, inner)
    zipped({place: inner}, tmp_path / "all.zip")
    for path in (tmp_path / "folder", tmp_path / "all.zip"):
        (one,) = gather([path], master)
        assert (one.student, one.data, one.reason) == (student, good, ""), path


@pytest.mark.parametrize("inside", ["tiny.ipynb", "tiny (1).ipynb", "tiny/tiny.ipynb"])
def test_what_is_named_for_the_assignment_only_is_of_its_folder_or_zip(
    inside: str, master: Assignment, good: bytes, tmp_path: Path
) -> None:
    """Else `*/tiny.ipynb` and `*.zip` on the command line would be one student's."""
    folders = [tmp_path / name for name in ("alice", "bob")]
    for folder in folders:
        put(folder / inside, good)
        zipped({inside: good}, folder.with_suffix(".zip"))
    assert list(by_name(gather(folders, master))) == ["alice", "bob"]
    assert list(by_name(gather([f.with_suffix(".zip") for f in folders], master))) == ["alice", "bob"]
    if "/" not in inside:
        assert list(by_name(gather([f / inside for f in folders], master))) == ["alice", "bob"]


def test_a_single_notebook_with_its_students_name(master: Assignment, good: bytes, tmp_path: Path) -> None:
    path = put(tmp_path / "download" / "tiny.ipynb", good)
    (one,) = gather([path], master, student="Alice Smith")
    assert (one.student, one.data, one.source) == ("Alice_Smith", good, str(path))


def test_nothing_to_grade_is_an_error_that_says_where(master: Assignment, tmp_path: Path) -> None:
    with pytest.raises(CollectError, match=r"no file or folder.*none-there"):
        gather([tmp_path / "none-there"], master)
    (tmp_path / "empty" / "alice").mkdir(parents=True)
    with pytest.raises(CollectError, match=r"nothing to grade in .*empty"):
        gather([tmp_path / "empty"], master)


def test_the_same_student_from_two_paths_is_one(master: Assignment, good: bytes, tmp_path: Path) -> None:
    put(tmp_path / "a" / "josé" / "tiny.ipynb", assignment.handed_in(master, {}))
    put(tmp_path / "b" / unicodedata.normalize("NFD", "josé") / "tiny.ipynb", good)
    os.utime(tmp_path / "a" / "josé" / "tiny.ipynb", (1, 1))
    (one,) = gather([tmp_path / "a", tmp_path / "b"], master)
    assert one.student == "josé" and one.data == good and "2 notebooks" in one.notes[0].text


def test_a_name_made_to_look_like_that_of_another_is_not_it() -> None:
    for victim in ("a?", "x" * 300):
        (taken,) = _names.safe_names([victim]).values()
        assert taken != victim
        for forged in (taken, taken.upper(), f" {taken}", f"{taken}?"):
            names = _names.safe_names([victim, forged])
            assert names[victim] == taken and names[forged].lower() != taken.lower()


letters = st.text(
    st.characters(exclude_characters="/\\\0", exclude_categories=["Cs"]), min_size=1, max_size=20
)


@given(st.lists(letters | st.text("aA.-_ é\u0301", min_size=1, max_size=4), min_size=1, max_size=6))
@settings(deadline=None)
def test_safe_names_are_safe_distinct_and_stay(names: list[str]) -> None:
    names = list(dict.fromkeys(names))
    safe = _names.safe_names(names)
    again = _names.safe_names([*names, *safe.values()])  # names made to look like those of others
    for found in (safe, again):
        assert len({name.lower() for name in found.values()}) == len(found)
    for name in [*safe.values(), *again.values()]:
        assert 0 < len(name.encode()) <= 150 and not name.startswith(".") and not name.endswith(".")
        assert not set(name) & set("/\\ \0:*?\"<>|\n\t=+'&;$`")
        assert unicodedata.is_normalized("NFC", name)


@given(
    names=st.lists(letters, min_size=1, max_size=5, unique_by=lambda name: unicodedata.normalize("NFC", name))
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_two_students_become_one_and_none_two(
    names: list[str], master: Assignment, tmp_path: Path
) -> None:
    """Whatever folders are called, each is one student's, with what is in it."""
    path = tmp_path / "all.zip"
    names = [
        name for name in names
        if not _files.is_hidden(name, folder=True) and name.lower() not in ("tiny", "submitted")
        and not name.lower().endswith(".zip") and "_assignsubmission_" not in name and name[1:] != ":"
    ]  # fmt: skip
    cells = {name: json.dumps({"cells": [{"source": str(i)}]}).encode() for i, name in enumerate(names)}
    files = {f"{name}/{kind}.ipynb": data for name, data in cells.items() for kind in ("a", "b")}
    zipped(files, path)
    if names:
        found = gather([path], master)
        assert sorted(one.data for one in found) == sorted(cells.values())


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "@SUM(A1)",
        "..",
        "-rf",
        "a\nb",
        "a\x1b[31m",
        "a..\u202eb",
        "x" * 300,
        "𠀀" * 60,
        "con. ",
        "a'b",
    ],
)
def test_odd_names_are_kept_apart_and_harmless(
    name: str, master: Assignment, good: bytes, tmp_path: Path
) -> None:
    zipped({"x/tiny.ipynb" if name == ".." else f"{name}/tiny.ipynb": good}, tmp_path / "all.zip")
    (one,) = gather([tmp_path / "all.zip"], master, student=name if name == ".." else None)
    assert one.data == good and one.student.isprintable() and not one.student.startswith((".", "="))
    (tmp_path / f"{one.student}.json.part").touch()  # no longer than a file's name may be


def test_alice_and_alice_in_small_letters_stay_two(master: Assignment, good: bytes, tmp_path: Path) -> None:
    other = assignment.handed_in(master, {})
    zipped({"Alice/tiny.ipynb": good, "alice/tiny.ipynb": other}, tmp_path / "all.zip")
    found = gather([tmp_path / "all.zip"], master)
    assert len({one.student.lower() for one in found}) == 2 and {one.data for one in found} == {good, other}


WRAPPED = {
    "a folder one level too high": ("submissions", ("alice/tiny.ipynb", "bob/tiny.ipynb"), ("alice", "bob")),
    "Gradescope": (
        "assignment_4711_export",
        ("submission_1/tiny.ipynb", "submission_2/tiny.ipynb"),
        ("submission_1", "submission_2"),
    ),
    "GitHub Classroom": (
        "tiny-submissions",
        ("tiny-alice/notebooks/assignments/tiny/tiny.ipynb", "tiny-bob/tiny.ipynb"),
        ("alice", "bob"),
    ),
    "the only student so far": ("submissions", ("alice/tiny.ipynb",), ("alice",)),
    "two folders too high": (
        "downloads",
        ("submitted/alice/tiny.ipynb", "submitted/bob/a.ipynb"),
        ("alice", "bob"),
    ),
    "a student's own folders": ("alice", ("work/tiny.ipynb",), ("alice",)),
    "a student's two notebooks": ("alice", ("tiny.ipynb", "tiny-Copy1.ipynb"), ("alice",)),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_a_class_does_not_become_one_student(
    case: str, master: Assignment, good: bytes, tmp_path: Path
) -> None:
    top, places, students = WRAPPED[case]
    for place in places:
        put(tmp_path / "in" / top / place, good)
    zipped({f"{top}/{place}": good for place in places}, tmp_path / "all.zip")
    for path in (tmp_path / "in", tmp_path / "all.zip"):
        assert tuple(by_name(gather([path], master))) == students, path


def test_where_it_is_not_clear_whether_a_folder_is_a_class_the_instructor_is_asked(
    master: Assignment, good: bytes, tmp_path: Path
) -> None:
    for place in ("week3/anna/tiny.ipynb", "week3/ben/tiny.ipynb"):
        put(tmp_path / "in" / place, good)
    with pytest.raises(
        CollectError, match=r"one folder, week3, with a notebook in each of anna, ben.*--student"
    ):
        gather([tmp_path / "in"], master)
    assert list(by_name(gather([tmp_path / "in" / "week3"], master))) == ["anna", "ben"]
    assert list(by_name(gather([tmp_path / "in"], master, student="week3"))) == ["week3"]


# ---------------------------------------------------------------- which file


def test_of_several_notebooks_the_one_with_the_cells_is_graded(
    master: Assignment, good: bytes, tmp_path: Path
) -> None:
    put(tmp_path / "alice" / "tiny.ipynb", b'{"cells": [{"source": "x"}]}')
    put(tmp_path / "alice" / "my work.ipynb", good)
    put(tmp_path / "alice" / "zz broken.ipynb", b"{")
    put(tmp_path / "alice" / "notes.txt", b"hello")
    (one,) = gather([tmp_path], master)
    assert one.data == good
    (note,) = [note.text for note in one.notes]
    assert note.startswith("of 3 notebooks my work.ipynb (3 filled, 20")
    assert "is graded, not tiny.ipynb (0 filled, " in note


def test_work_counts_before_time_and_time_before_the_name(master: Assignment, tmp_path: Path) -> None:
    """An untouched `tiny.ipynb` does not beat the copy with the work, nor an old file a newer one."""
    untouched = assignment.handed_in(master, {})
    work, newer = (assignment.handed_in(master, {"task-1": f"{name} = 1"}) for name in ("work", "newer"))
    put(tmp_path / "in" / "alice" / "tiny-Copy1.ipynb", work)
    put(tmp_path / "in" / "alice" / "tiny.ipynb", untouched)
    (one,) = gather([tmp_path / "in"], master)
    assert one.data == work
    assert "tiny-Copy1.ipynb (1 filled" in one.notes[0].text
    assert "not tiny.ipynb (0 filled" in one.notes[0].text

    os.utime(tmp_path / "in" / "alice" / "tiny-Copy1.ipynb", (1_000_000_000,) * 2)
    late = put(tmp_path / "late" / "alice" / "tiny (1).ipynb", newer)
    assert gather([tmp_path / "in", tmp_path / "late"], master)[0].data == newer
    late.write_bytes(untouched)
    assert gather([tmp_path / "in", tmp_path / "late"], master)[0].data == work


def test_of_two_alike_the_later_then_the_one_with_the_name_is_graded(
    master: Assignment, tmp_path: Path
) -> None:
    old, new = (assignment.handed_in(master, {"task-1": text}) for text in ("old = 1", "new = 1"))
    for number, (name, data) in enumerate({"b.ipynb": new, "a.ipynb": old, "c.ipynb": old}.items()):
        path = put(tmp_path / "alice" / name, data)
        os.utime(path, (2_000_000_000 - 1000 * number,) * 2)
    assert gather([tmp_path], master)[0].data == new
    os.utime(put(tmp_path / "alice" / "tiny.ipynb", old), (2_000_000_000,) * 2)
    assert gather([tmp_path], master)[0].data == old

    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("alice/a.ipynb", (2024, 1, 1, 0, 0, 0)), old)
        archive.writestr(zipfile.ZipInfo("alice/b.ipynb", (2024, 1, 2, 0, 0, 0)), new)
        archive.writestr(zipfile.ZipInfo("alice/c.ipynb", (1980, 0, 0, 0, 0, 0)), old)
    assert gather([tmp_path / "all.zip"], master)[0].data == new


def test_copies_of_jupyter_and_macs_are_no_submissions(
    master: Assignment, good: bytes, tmp_path: Path
) -> None:
    files = {
        "alice/work.ipynb": good, "alice/.ipynb_checkpoints/tiny.ipynb": b"{}", "alice/._tiny.ipynb": b"\0",
        "__MACOSX/alice/._tiny.ipynb": b"\0", ".DS_Store": b"\0", ".ipynb_checkpoints/bob.ipynb": b"{}",
    }  # fmt: skip
    zipped(files, tmp_path / "all.zip")
    for name, data in files.items():
        put(tmp_path / "folder" / name, data)
    for path in (tmp_path / "all.zip", tmp_path / "folder"):
        (one,) = gather([path], master)
        assert (one.student, one.data, one.notes) == ("alice", good, ())


def test_no_notebook_is_a_reason_that_names_what_came(master: Assignment, tmp_path: Path) -> None:
    for name in ("essay.pdf", "notes.txt"):
        put(tmp_path / "alice" / name, b"%PDF")
    zipped({"alice/essay.pdf": b"%PDF", "alice/notes.txt": b"%PDF"}, tmp_path / "all.zip")
    for path in (tmp_path / "alice" / "..", tmp_path / "all.zip"):
        found = by_name(gather([path], master))["alice"]
        assert found.reason == "no notebook (.ipynb) was handed in, only essay.pdf, notes.txt"


def test_the_digest_follows_what_was_handed_in(master: Assignment, good: bytes, tmp_path: Path) -> None:
    digests = set()
    for data in (good, assignment.handed_in(master, {}), b"", b"{"):
        (one,) = gather([put(tmp_path / "alice.ipynb", data)], master)
        (same,) = gather([put(tmp_path / "again" / "alice.ipynb", data)], master)
        assert one.digest == same.digest
        digests.add(one.digest)
    assert len(digests) == 4


# ---------------------------------------------------------------- hostile folders


@pytest.fixture
def beside(master: Assignment, good: bytes, tmp_path: Path) -> Callable[[Callable[[Path], Any]], str]:
    """Makes something in alice's folder, and gives the reason; bob beside it is graded all the same."""

    def found(make: Callable[[Path], Any]) -> str:
        put(tmp_path / "in" / "bob" / "tiny.ipynb", good)
        (tmp_path / "in" / "alice").mkdir()
        make(tmp_path / "in" / "alice" / "tiny.ipynb")
        start = time.monotonic()
        submissions = by_name(gather([tmp_path / "in"], master))
        assert time.monotonic() - start < 10
        assert submissions["bob"].data == good and list(submissions) == ["alice", "bob"]
        assert submissions["alice"].data is None
        return submissions["alice"].reason

    return found


def listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as place:
        old = Path.cwd()
        os.chdir(path.parent)
        try:
            place.bind(path.name)
        finally:
            os.chdir(old)


Beside = Callable[[Callable[[Path], Any]], str]


def test_pipes_sockets_and_devices_are_not_opened(beside: Beside) -> None:
    def make(path: Path) -> None:
        os.mkfifo(path)
        os.mkfifo(path.with_name("work.zip"))
        listen(path.with_name("socket.ipynb"))
        if os.getuid() == 0:
            os.mknod(path.with_name("zero.ipynb"), stat.S_IFCHR | 0o600, os.makedev(1, 5))

    assert "is no plain file" in beside(make)


def test_links_are_not_followed(beside: Beside, tmp_path: Path, good: bytes) -> None:
    secret = put(tmp_path / "secret.ipynb", good)
    assert beside(lambda path: path.symlink_to(secret)) == (
        "tiny.ipynb is a link, not a file: hand in the notebook itself"
    )


def test_a_folder_that_is_a_link_is_no_ones_work(master: Assignment, good: bytes, tmp_path: Path) -> None:
    put(tmp_path / "in" / "bob" / "tiny.ipynb", good)
    (tmp_path / "in" / "alice").symlink_to(tmp_path / "in" / "bob")
    found = by_name(gather([tmp_path / "in"], master))
    assert found["bob"].data == good
    assert found["alice"].data is None and "is a link" in found["alice"].reason


def test_a_huge_file_is_not_read(beside: Beside) -> None:
    def make(path: Path) -> None:
        path.touch()
        os.truncate(path, 1 << 40)

    assert beside(make) == "tiny.ipynb is larger than 20 MB: clear its outputs and hand it in again"


def test_what_cannot_be_read_says_so(
    beside: Beside, monkeypatch: pytest.MonkeyPatch, master: Assignment, good: bytes, tmp_path: Path
) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if "alice" in path.parts:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert beside(lambda path: put(path, good)) == "tiny.ipynb cannot be read (Permission denied)"


def test_a_folder_that_cannot_be_read_says_so(
    beside: Beside, monkeypatch: pytest.MonkeyPatch, good: bytes
) -> None:
    scan = os.scandir

    def refuse(path: str) -> Any:
        if Path(path).name == "alice":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert beside(lambda path: put(path, good)) == "the folder cannot be read (Permission denied)"


def test_folders_without_end_are_not_entered(beside: Beside, good: bytes, tmp_path: Path) -> None:
    def make(path: Path) -> None:
        old = Path.cwd()
        try:
            os.chdir(path.parent)
            for _ in range(1_500):  # longer than a path may be
                Path("d").mkdir()
                os.chdir("d")
        finally:
            os.chdir(old)
        put(path.with_name("a.pdf"), b"")

    try:
        assert "only a.pdf" in beside(make)
    finally:  # pytest cannot clean what is so deep
        subprocess.run(["rm", "-rf", str(tmp_path)], check=True)


# ---------------------------------------------------------------- hostile zips


@pytest.mark.parametrize(
    "name",
    ["../alice.ipynb", "../../../../alice.ipynb", "/alice.ipynb", "//alice.ipynb", "C:\\alice.ipynb",
     "c:/alice.ipynb", "..\\alice.ipynb", "\\\\alice.ipynb", "./././alice.ipynb",
     "a/../../alice.ipynb", "C:alice.ipynb"],
)  # fmt: skip
def test_names_that_lead_out_of_a_folder_lead_nowhere(
    name: str, master: Assignment, good: bytes, tmp_path: Path
) -> None:
    zipped({name: good, name.replace("alice", "bob"): good}, tmp_path / "in" / "all.zip")
    found = gather([tmp_path / "in" / "all.zip"], master)
    if name.startswith("a/"):
        assert [one.student for one in found] == ["a"]
    else:
        assert [one.student for one in found] == ["alice", "bob"]
    assert {one.data for one in found} == {good}
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "all.zip"]


def test_links_in_zips_are_not_followed(master: Assignment, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("alice/tiny.ipynb")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "is a link, not a file" in reason_of(gather([tmp_path / "all.zip"], master))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a small test reaches."""
    monkeypatch.setattr(_files, "NOTEBOOK", 1 << 20)
    monkeypatch.setattr(_files, "ARCHIVE", 8 << 20)
    monkeypatch.setattr(_files, "GATHERED", 16 << 20)


def most(run: Callable[[], Any]) -> tuple[Any, int]:
    """What a function gives, and the most bytes that Python held meanwhile."""
    import tracemalloc

    tracemalloc.start()
    try:
        return run(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_bomb_of_one_file_is_not_unpacked_whole(
    small: None, master: Assignment, good: bytes, tmp_path: Path
) -> None:
    zipped({"alice/tiny.ipynb": bytes(100 << 20), "bob/tiny.ipynb": good}, tmp_path / "all.zip")
    found, held = most(lambda: by_name(gather([tmp_path / "all.zip"], master)))
    assert found["bob"].data == good and held < 20 << 20
    assert found["alice"].reason == "tiny.ipynb is larger than 1 MB: clear its outputs and hand it in again"


def test_a_bomb_of_many_files_is_not_unpacked_whole(
    small: None, master: Assignment, good: bytes, tmp_path: Path
) -> None:
    bomb = zipped({f"{i}.ipynb": bytes(1 << 20) for i in range(100)})
    several = {f"alice/{i}.zip": bomb for i in range(5)}
    for name, data in several.items():
        put(tmp_path / "folder" / name, data)
    put(tmp_path / "folder" / "bob" / "tiny.ipynb", good)
    zipped({**several, "bob/tiny.ipynb": good}, tmp_path / "all.zip")
    put(tmp_path / "alone" / "bob.ipynb", good)
    put(tmp_path / "alone" / "alice.zip", bomb)
    for path in (tmp_path / "folder", tmp_path / "all.zip", tmp_path / "alone"):
        found, held = most(lambda path=path: by_name(gather([path], master)))  # type: ignore[misc]
        assert found["bob"].data == good and held < 30 << 20
    _, held = most(lambda: gather([tmp_path / "alone" / "alice.zip"], master))
    assert held < 60 << 20


def test_a_bomb_that_unpacks_without_end_is_not_begun(
    small: None, master: Assignment, tmp_path: Path
) -> None:
    for number, kind in enumerate((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)):
        path = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(path, "w", kind) as archive:
            archive.writestr("alice/tiny.ipynb", bytes(30 << 20))
        found, held = most(lambda path=path: gather([path], master))  # type: ignore[misc]
        assert "is packed in an unusual way: hand in the notebook itself" in reason_of(found)
        assert held < 10 << 20


def test_a_zip_that_lies_about_sizes(small: None, master: Assignment, good: bytes, tmp_path: Path) -> None:
    for size in (0, 1, 10, 2**32 - 2):
        data = bytearray(zipped({"alice/tiny.ipynb": bytes(4 << 20), "bob/tiny.ipynb": good}))
        directory = data.index(b"PK\1\2")
        struct.pack_into("<I", data, directory + 24, size)
        struct.pack_into("<I", data, 22, size)
        found, held = most(lambda d=data: by_name(gather([put(tmp_path / "all.zip", bytes(d))], master)))  # type: ignore[misc]
        assert found["bob"].data == good and held < 12 << 20
        assert found["alice"].data is None or len(found["alice"].data) <= size
        assert found["alice"].reason or size == 0


def test_zips_within_zips_within_zips_are_not_opened(master: Assignment, good: bytes, tmp_path: Path) -> None:
    inner = zipped({"tiny.ipynb": good})
    middle = zipped({"inner.zip": inner})
    put(tmp_path / "folder" / "alice" / "middle.zip", middle)
    zipped({"alice/middle.zip": middle}, tmp_path / "all.zip")
    for path in (tmp_path / "folder", tmp_path / "all.zip"):
        assert reason_of(gather([path], master)) == "inner.zip is a zip within a zip"


def test_a_zip_of_very_many_files_is_not_looked_through(
    master: Assignment, good: bytes, tmp_path: Path
) -> None:
    one = zipped({f"{i}.ipynb": b"" for i in range(_files.FILES + 1)})
    zipped({"alice/work.zip": one, "bob/tiny.ipynb": good}, tmp_path / "all.zip")
    found = by_name(gather([tmp_path / "all.zip"], master))
    assert found["bob"].data == good and found["alice"].reason == "work.zip holds more than 20,000 files"
    assert found["alice"].unread


def test_a_folder_of_very_many_files_is_the_wrong_one(
    master: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_files, "FILES", 3)
    for i in range(4):
        put(tmp_path / "in" / f"{i}.ipynb", b"{}")
    with pytest.raises(CollectError, match=r"in has more than 3 files.*is it the right folder"):
        gather([tmp_path / "in"], master)


def test_an_encrypted_zip_says_that_it_wants_a_password(
    master: Assignment, good: bytes, tmp_path: Path
) -> None:
    data = bytearray(zipped({"alice/tiny.ipynb": good}))
    for offset in (6, data.index(b"PK\1\2") + 8):
        data[offset] |= 1
    found = gather([put(tmp_path / "all.zip", bytes(data))], master)
    assert reason_of(found) == "tiny.ipynb is locked with a password: hand in the notebook itself"


def test_a_damaged_zip_is_a_reason(master: Assignment, good: bytes, tmp_path: Path) -> None:
    whole = zipped({"tiny.ipynb": good})
    for data in (
        b"",
        b"PK",
        whole[:-30],
        whole[: len(whole) // 2],
        b"<html>",
        whole.replace(b"PK\1\2", b"PK\7\7"),
    ):
        put(tmp_path / "in" / "alice.zip", data)
        put(tmp_path / "in" / "bob.ipynb", good)
        found = by_name(gather([tmp_path / "in"], master))
        assert found["bob"].data == good
        assert found["alice"].reason.startswith("alice.zip is no zip that can be read (")
        assert found["alice"].unread and not found["bob"].unread
    data = bytearray(whole)
    data[60] ^= 255
    put(tmp_path / "in" / "alice.zip", bytes(data))
    assert "tiny.ipynb cannot be unpacked (" in by_name(gather([tmp_path / "in"], master))["alice"].reason


def test_a_student_whose_zip_is_empty_does_not_vanish(
    master: Assignment, good: bytes, tmp_path: Path
) -> None:
    put(tmp_path / "in" / "alice.zip", zipped({}))
    put(tmp_path / "in" / "bob.ipynb", good)
    found = by_name(gather([tmp_path / "in"], master))
    assert found["alice"].reason == "alice.zip holds no file"
    assert found["bob"].data == good


@given(flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_wrong_with_a_zip_there_is_a_submission(
    flips: list[tuple[int, int]], master: Assignment, tmp_path: Path
) -> None:
    data = bytearray(zipped({"tiny.ipynb": b'{"cells": []}', "b.txt": b"b"}))
    for place, value in flips:
        data[place % len(data)] = value
    put(tmp_path / "in" / "alice.zip", bytes(data))
    (one,) = gather([tmp_path / "in"], master)
    assert one.student == "alice" and (one.data is not None or one.reason)


# ---------------------------------------------------------------- what stays in memory


def large(master: Assignment) -> bytes:
    """A notebook with the work, an output of 1 MB and an attachment."""
    notebook = json.loads(assignment.handed_in(master))
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "\U0001f40d" * (1 << 20)}]
    text = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    text["attachments"] = {"a.png": {"image/png": "x" * 1000}}
    return json.dumps(notebook, ensure_ascii=False).encode()


@pytest.mark.parametrize("how", ["folder", "zip", "zip in a zip"])
def test_a_large_notebook_is_kept_small_and_graded_alike(
    how: str, master: Assignment, tmp_path: Path
) -> None:
    data, path = large(master), tmp_path / "in" / "alice" / "tiny.ipynb"
    if how == "folder":
        put(path, data)
        path = tmp_path / "in"
    else:
        inner = {"tiny.ipynb": data}
        files = {"alice/tiny.ipynb": data} if how == "zip" else {"alice.zip": zipped(inner), "b.txt": b""}
        path = tmp_path / "all.zip"
        zipped(files, path)
    alice = by_name(gather([path], master))["alice"]
    assert alice.data is not None and len(alice.data) < 20_000 and len(alice.content or b"") < 20_000
    assert alice.original == data
    release = assignment.texts(master)
    assert rebuild(alice.data, master, release) == rebuild(data, master, release)
    there = pickle.loads(pickle.dumps(alice))
    assert there == alice and there.data == alice.data and there.digest == alice.digest
    changed = put(tmp_path / "other" / "alice" / "tiny.ipynb", data + b" ")
    assert by_name(gather([changed.parents[1]], master))["alice"].digest != alice.digest


def test_a_small_notebook_and_one_that_is_none_are_their_own_originals(
    master: Assignment, good: bytes, tmp_path: Path
) -> None:
    put(tmp_path / "alice" / "tiny.ipynb", good)
    put(tmp_path / "bob" / "tiny.ipynb", b"{ no notebook")
    put(tmp_path / "carl" / "essay.pdf", b"%PDF")
    found = by_name(gather([tmp_path], master))
    assert found["alice"].original is found["alice"].data
    assert (found["bob"].data, found["bob"].original) == (None, b"{ no notebook")
    assert (found["carl"].data, found["carl"].original) == (None, None)


def test_an_original_that_has_changed_or_gone_is_an_error(master: Assignment, tmp_path: Path) -> None:
    path = put(tmp_path / "alice" / "tiny.ipynb", large(master))
    (alice,) = gather([tmp_path], master)
    path.write_bytes(large(master) + b" ")
    with pytest.raises(CollectError, match=r"tiny\.ipynb has changed since it was collected"):
        _ = alice.original
    path.unlink()
    with pytest.raises(CollectError, match=r"tiny\.ipynb cannot be read a second time \(.*No such file"):
        _ = alice.original


def test_a_bomb_of_one_student_costs_no_other_one_a_mark(
    small: None, master: Assignment, good: bytes, tmp_path: Path
) -> None:
    files = {f"alice/{i}.ipynb": bytes(1 << 20) for i in range(12)}  # more than a student may unpack
    zipped({**files, "bob/tiny.ipynb": good}, tmp_path / "all.zip")
    assert by_name(gather([tmp_path / "all.zip"], master))["bob"].data == good
    many = {f"s{i:02}/tiny.ipynb": bytes(1 << 20) for i in range(20)}  # more than all together
    zipped({**many, "zoe/tiny.ipynb": good}, tmp_path / "more.zip")
    zoe = by_name(gather([tmp_path / "more.zip"], master))["zoe"]
    assert zoe.unread and "was not read" in zoe.reason  # a person looks; not 0 points
