"""When a submission was handed in, which attempt it is, and an instructor's table of times."""

import io
import os
import struct
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import assignment

from coursekit.grading import _times
from coursekit.grading.assignment import Assignment
from coursekit.grading.collect import CollectError, Submission, gather, read_times

DAY = 24 * 3600
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc).timestamp()


@pytest.fixture
def paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This computer's zone is that of Paris."""
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def put(path: Path, data: bytes, when: float | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if when is not None:
        os.utime(path, (when, when))
    return path


def tasks(master: Assignment, **texts: str) -> bytes:
    """A notebook in which some tasks are filled in."""
    return assignment.handed_in(master, {name.replace("_", "-"): text for name, text in texts.items()})


def utc(*parts: int) -> float:
    return datetime(*parts, tzinfo=timezone.utc).timestamp()  # type: ignore[arg-type]


# ---------------------------------------------------------------- single times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T12:00:00+00:00", NOON), ("2026-11-24T12:00:00Z", NOON),
        ("2026-11-24 13:00:00 +0100", NOON), ("2026-11-24 12:00 UTC", NOON),
        ("2026-11-24 04:00:00 -0800", NOON),  # Gradescope's table
        ("2026-11-24 12:00:00.123456789 Z", NOON + 0.123456), ("2026-11-24 12:00:00", None),
        ("24.11.2026 12:00", None), ("", None), ("2026-13-24 12:00 UTC", None), ("9999-99", None),
    ],
)  # fmt: skip
def test_iso_8601_with_a_zone(text: str, expected: float | None) -> None:
    found = _times.iso(text)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-5))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tuesday, 24 November 2026, 5:12 PM", utc(2026, 11, 24, 16, 12)),
        ("Tuesday, 24 November 2026, 12:05 AM", utc(2026, 11, 23, 23, 5)),
        ("24 Nov 2026, 12:05 pm", utc(2026, 11, 24, 11, 5)),
        ("Wednesday, 1 July 2026, 17:12", utc(2026, 7, 1, 15, 12)),  # summer time
        ("Dienstag, 24. November 2026, 17:12", utc(2026, 11, 24, 16, 12)),
        ("Tuesday, 24 Brumaire 2026, 5:12 PM", None), ("31 February 2026, 5:12 PM", None),
        ("24 November 2026, 13:12 PM", None), ("24 November 2026, 25:12", None),
    ],
)  # fmt: skip
def test_moodles_times_are_of_this_computers_zone(paris: None, text: str, expected: float | None) -> None:
    assert _times.in_words(text) == expected


def test_brightspaces_and_blackboards_times(paris: None) -> None:
    assert _times.brightspace("Nov 24, 2026 926 PM") == utc(2026, 11, 24, 20, 26)
    assert _times.brightspace("Nov 24, 2026 1026 AM") == utc(2026, 11, 24, 9, 26)
    assert _times.brightspace("Nov 24, 2026") is None
    assert _times.blackboard("2026-11-24-17-12-33") == utc(2026, 11, 24, 16, 12, 33)
    assert _times.blackboard("2026-11-24-37-12-33") is None


@given(st.text(max_size=60) | st.from_regex(_times._WORDS) | st.from_regex(_times._BRIGHTSPACE))
def test_no_text_is_an_error(text: str) -> None:
    for read in (_times.parsed, _times.brightspace, _times.blackboard):
        found = read(text)
        assert found is None or isinstance(found, float)
    _times.shown(_times.parsed(text))
    _times.gradescope(text)


# ---------------------------------------------------------------- what tells the time


def one(paths: list[Path], master: Assignment) -> Submission:
    (found,) = gather(paths, master)
    return found


def test_a_file_s_last_change(master: Assignment, tmp_path: Path) -> None:
    path = put(tmp_path / "alice.ipynb", tasks(master, task_1="a = 1"), NOON)
    found = one([path], master)
    assert (found.when, found.clock) == (NOON, "file")


def test_a_zips_time_is_of_the_packers_clock(paris: None, master: Assignment, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("alice/tiny.ipynb", (2026, 11, 24, 13, 0, 0)), tasks(master))
        exact = zipfile.ZipInfo("bob/tiny.ipynb", (2026, 11, 24, 5, 0, 0))
        exact.extra = struct.pack("<HHBi", 0x5455, 5, 1, int(NOON))  # the time in UTC, as most packers add it
        archive.writestr(exact, tasks(master))
        archive.writestr(zipfile.ZipInfo("carl/tiny.ipynb", (1980, 1, 1, 0, 0, 0)), tasks(master))
    put(tmp_path / "all.zip", buffer.getvalue())
    found = {one.student: (one.when, one.clock) for one in gather([tmp_path / "all.zip"], master)}
    assert found == {"alice": (NOON, "archive"), "bob": (NOON, "file"), "carl": (None, "")}


def test_nbgraders_file_beside_the_notebook(master: Assignment, tmp_path: Path) -> None:
    path = put(tmp_path / "submitted" / "alice" / "tiny" / "tiny.ipynb", tasks(master), NOON + DAY)
    put(path.with_name("timestamp.txt"), b"2026-11-24 12:00:00.000000 UTC\n")
    other = put(tmp_path / "submitted" / "bob" / "tiny" / "tiny.ipynb", tasks(master), NOON + DAY)
    put(other.with_name("timestamp.txt"), b"yesterday")
    for folder in (tmp_path, tmp_path / "submitted"):
        alice, bob = gather([folder], master)
        assert (alice.when, alice.clock) == (NOON, "platform")
        assert (bob.when, bob.clock) == (NOON + DAY, "file")
    assert one([path], master).when == NOON
    assert one([path.parents[1]], master).student == "alice"


def test_gradescopes_times(master: Assignment, tmp_path: Path) -> None:
    text = "submission_1:\n  :submitters:\n  - :name: A B\n  :created_at: 2026-11-24 12:00:00.000 Z\n"
    put(tmp_path / "e_export" / "submission_metadata.yml", text.encode())
    put(tmp_path / "e_export" / "submission_1" / "tiny.ipynb", tasks(master))
    found = one([tmp_path], master)
    assert (found.when, found.clock, found.student) == (NOON, "platform", "A_B_1")


def test_a_clock_that_was_not_set_tells_nothing(master: Assignment, tmp_path: Path) -> None:
    for number, when in enumerate((0, 1000, 5_000_000_000)):
        found = one([put(tmp_path / str(number) / "alice.ipynb", tasks(master), when)], master)
        assert (found.when, found.clock) == (None, "")


# ---------------------------------------------------------------- attempts


def two(master: Assignment, folder: Path, first: bytes, second: bytes) -> list[Path]:
    """Two hand-ins of alice, the second one a day later."""
    put(folder / "submissions" / "alice" / "tiny.ipynb", first, NOON)
    put(folder / "late" / "alice" / "tiny.ipynb", second, NOON + DAY)
    return [folder / "submissions", folder / "late"]


def test_the_latest_attempt_is_taken_even_with_less_work(master: Assignment, tmp_path: Path) -> None:
    full, less = assignment.handed_in(master), tasks(master, task_1="a = 1")
    paths = two(master, tmp_path, full, less)
    for ordered in (paths, paths[::-1]):  # the order of the paths does not count
        found = one(ordered, master)
        assert (found.data, found.attempt, found.when) == (less, 2, NOON + DAY)
    assert [note.kind for note in found.notes] == ["files"]
    assert found.notes[0].text.startswith("of 2 notebooks in 2 attempts tiny.ipynb (1 filled, ")
    assert "of attempt 2 is graded, not tiny.ipynb (3 filled" in found.notes[0].text
    os.utime(paths[1] / "alice" / "tiny.ipynb", (NOON - DAY,) * 2)
    assert one(paths, master).data == full  # the time counts, not the folder


def test_one_path_with_a_folder_of_the_late(master: Assignment, tmp_path: Path) -> None:
    less = tasks(master, task_1="a = 1")
    two(master, tmp_path, assignment.handed_in(master), less)
    found = one([tmp_path], master)
    assert (found.data, found.attempt) == (less, 2)


@pytest.mark.parametrize(
    ("name", "data", "kind", "says"),
    [
        ("tiny.ipynb", None, "files", "attempt 2, tiny.ipynb, is not graded: nothing is filled in"),
        ("tiny.ipynb", b"{", "files", "attempt 2, tiny.ipynb, is not graded: the file is no notebook"),
        ("essay.pdf", b"%PDF", "files", "attempt 2 is not graded: no notebook"),
        ("work.rar", b"Rar!\x1a\x07", "unread", "attempt 2 is not graded: work.rar is a RAR archive"),
    ],
)
def test_an_attempt_without_work_displaces_none(
    name: str, data: bytes | None, kind: str, says: str, master: Assignment, tmp_path: Path
) -> None:
    work = tasks(master, task_1="a = 1")
    put(tmp_path / "a" / "alice" / "tiny.ipynb", work, NOON)
    put(tmp_path / "b" / "alice" / name, data if data is not None else tasks(master), NOON + DAY)
    found = one([tmp_path / "a", tmp_path / "b"], master)
    assert (found.data, found.attempt, found.unread) == (work, 1, False)
    assert found.notes[-1].kind == kind and found.notes[-1].text.startswith(says)


def test_the_best_of_all_attempts_needs_all_of_them(master: Assignment, tmp_path: Path) -> None:
    full, less = assignment.handed_in(master), tasks(master, task_1="a = 1")
    paths = two(master, tmp_path, full, less)
    put(paths[1] / "bob" / "tiny.ipynb", full, NOON)
    put(paths[1] / "alice" / "tiny (1).ipynb", tasks(master), NOON + 2 * DAY)  # a copy is no attempt
    (paths[0] / "bob").mkdir()  # nor is an empty folder
    found = gather(paths, master, attempts="best")
    assert [(one.student, one.attempt, one.data) for one in found] == [
        ("alice", 1, full), ("alice", 2, less), ("bob", 1, full),
    ]  # fmt: skip
    assert found[1].notes[0].text.startswith("of 2 notebooks tiny.ipynb (1 filled")


def test_numbered_attempts_follow_their_numbers(master: Assignment, tmp_path: Path) -> None:
    """All files of a download may have one time."""
    texts = [tasks(master, task_1=f"a = {number}") for number in range(1, 12)]
    for number, data in enumerate(texts, 1):
        put(tmp_path / "in" / "alice" / f"Attempt {number}" / "tiny.ipynb", data, NOON)
    found = gather([tmp_path / "in"], master, attempts="best")
    assert [one.data for one in found] == texts and [one.attempt for one in found] == [*range(1, 12)]
    assert one([tmp_path / "in"], master).data == texts[-1]


def test_other_words_for_attempts_are_refused(master: Assignment, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="attempts is 'first'; expected one of latest, best"):
        gather([put(tmp_path / "alice.ipynb", b"{}")], master, attempts="first")


# ---------------------------------------------------------------- the instructor's table


def table(folder: Path, text: str | bytes) -> Path:
    return put(folder / "times.csv", text if isinstance(text, bytes) else text.encode())


def test_a_table_of_times(tmp_path: Path) -> None:
    text = "student,time\nalice,2026-11-24T12:00:00Z\njosé núñez,2026-11-24 13:00:00+01:00\n\n"
    assert read_times(table(tmp_path, text)) == {"alice": NOON, "josé núñez": NOON}
    semicolons = "\ufeffName;Submitted\r\nalice;2026-11-24T12:00:00Z\r\n"
    assert read_times(table(tmp_path, semicolons)) == {"alice": NOON}


def test_moodles_grading_worksheet(paris: None, tmp_path: Path) -> None:
    head = "Identifier,Full name,Email address,Status,Grade,Maximum grade,Last modified (submission)\n"
    rows = (
        'Participant 1,Jane Doe,jane@uni.org,"Submitted for grading - 2 hours late",,20.00,'
        '"Tuesday, 24 November 2026, 1:00 PM"\n'
        "Participant 2,Max Roe,max@uni.org,No submission,,20.00,-\n"
    )
    found = read_times(table(tmp_path, head + rows))
    assert found == {"Jane Doe": NOON, "jane@uni.org": NOON}


def test_gradescopes_table_of_scores(tmp_path: Path) -> None:
    text = (
        "First Name,Last Name,SID,Email,Total Score,Submission Time\n"
        "Jane,Doe,1001,jane@uni.org,3.0,2026-11-24 04:00:00 -0800\nMax,Roe,1002,max@uni.org,,\n"
    )
    assert read_times(table(tmp_path, text)) == {"Jane Doe": NOON, "1001": NOON, "jane@uni.org": NOON}


def test_a_name_that_two_students_have_is_left_out(tmp_path: Path) -> None:
    text = "name,email,time\nJane,a@b.org,2026-11-24T12:00Z\nJane,c@d.org,2026-11-25T12:00Z\n"
    assert read_times(table(tmp_path, text)) == {"a@b.org": NOON, "c@d.org": NOON + DAY}
    with pytest.raises(CollectError, match=r"times\.csv, line 3: Jane has another time in line 2"):
        read_times(table(tmp_path, "name,time\nJane,2026-11-24T12:00Z\nJane,2026-11-25T12:00Z\n"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("student,time\nal,2026-11-24T12:00Z\nbo,24.11.26\n", r"line 3: the time '24.11.26' cannot .*5:12"),
        ("student,time\nalice,2026-11-24 12:00\n", r"line 2: the time '2026-11-24 12:00' cannot .*\+01:00"),
        ("who,time\nalice,x\n", "has the columns who, time; it needs a column student, name or email"),
        ("student,points\nalice,x\n", "and a column time or submitted"),
        ("", "is empty; its first line must be a header such as student,time"),
        (b"student,time\n\xff\xfe", "is no CSV file in UTF-8"),
        ("student,time\n" + "x" * 200_000, "is no CSV file in UTF-8"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_understood_says_where(text: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(CollectError, match=says):
        read_times(table(tmp_path, text))


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match=r"times\.csv cannot be read \(No such file"):
        read_times(tmp_path / "times.csv")


def test_times_are_shown_in_this_computers_zone(paris: None) -> None:
    assert _times.shown(NOON) == "2026-11-24 13:00"
    assert _times.shown(NOON - timedelta(days=150).total_seconds()).endswith("14:00")


# ---------------------------------------------------------------- times that a student could write


def dated(files: dict[str, tuple[bytes, int]]) -> bytes:
    """A zip whose files were changed on some day of November 2026, at noon by the packer's clock."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, (data, day) in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, day, 12, 0, 0)), data)
    return buffer.getvalue()


def test_the_times_in_a_students_own_zip_do_not_count(master: Assignment, tmp_path: Path) -> None:
    """The zip's own time does; those in it say which copy is the latest."""
    old, new = (tasks(master, task_1=f"{name} = 1") for name in ("old", "new"))
    zipped = dated({"tiny.ipynb": (old, 1), "tiny (1).ipynb": (new, 2)})
    put(tmp_path / "in" / "alice.zip", zipped, NOON)
    for given_paths in ([tmp_path / "in"], [tmp_path / "in" / "alice.zip"]):
        found = one(given_paths, master)
        assert (found.student, found.data, found.when, found.clock) == ("alice", new, NOON, "file")
    put(tmp_path / "all.zip", dated({"alice.zip": (zipped, 20), "bob/tiny.ipynb": (old, 21)}))
    alice, bob = gather([tmp_path / "all.zip"], master)
    assert (alice.when, alice.clock) == (datetime(2026, 11, 20, 12).timestamp(), "archive")
    assert (bob.when, bob.clock) == (datetime(2026, 11, 21, 12).timestamp(), "archive")


@pytest.mark.parametrize(
    "place",
    ["alice/timestamp.txt", "Jane_12_assignsubmission_file/tiny/timestamp.txt", "alice.zip", "all.zip"],
)
def test_a_student_who_adds_nbgraders_file_gains_nothing(
    place: str, master: Assignment, tmp_path: Path
) -> None:
    stamp = b"2020-01-01 00:00:00.000000 UTC"
    folder = tmp_path / "in"
    inner = dated({"tiny/tiny.ipynb": (tasks(master), 20), "tiny/timestamp.txt": (stamp, 20)})
    if place == "alice.zip":
        put(folder / place, inner, NOON)
    elif place == "all.zip":
        put(folder / place, b"")
        folder = put(tmp_path / "all.zip", dated({"alice.zip": (inner, 20), "bob.txt": (b"", 1)}))
    else:
        put(folder / place, stamp)
        put((folder / place).with_name("tiny.ipynb"), tasks(master), NOON)
    found = next(one for one in gather([folder], master) if one.data)
    assert found.clock in ("file", "archive") and found.when and found.when > NOON - 30 * DAY


def test_a_student_who_adds_gradescopes_file_changes_nobodys_name_and_time(
    master: Assignment, tmp_path: Path
) -> None:
    forged = "submission_1:\n  :submitters:\n  - :name: Eve\n  :created_at: 2020-01-01 00:00:00 Z\n"
    for name in ("submission_1", "submission_2"):
        put(tmp_path / "x_export" / name / "tiny.ipynb", tasks(master), NOON)
    for place in ("submission_2", "submission_2/submission_1"):
        put(tmp_path / "x_export" / place / "submission_metadata.yml", forged.encode())
    found = gather([tmp_path], master)
    assert [(one.student, one.when, one.clock) for one in found] == [
        ("submission_1", NOON, "file"), ("submission_2", NOON, "file"),
    ]  # fmt: skip
