"""The tables of learning platforms: one column filled, all else byte for byte, and nobody guessed."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.grading._worker import Record
from coursekit.grading.gradebook import Total
from coursekit.grading.reports import _cells, lms
from coursekit.grading.reports._matching import Person, match

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Old (1),Tiny (17),Tiny bonus (18),Final Score\r\n"
    ",,,,,Manual Posting,,,\r\n"
    "    Points Possible,,,,,10.00,9.00,1.00,(read only)\r\n"
    '"Doe, Jane",101,s1,jdoe,"A, B",7.00,,,70.00\r\n'
    '"Rao, Ravi",102,s2,rrao,A,"1.00",,,\r\n'
    '"=""=cmd()""",103,s3,evil,A,,,,\r\n'
    '"Lin, Mei",104,s4,mlin,A,,EX,,\r\n'
    '"Berg, Tom",105,s5,tberg,A,,N/A,,\r\n'
    '"Student, Test",106,,,A,,,,\r\n'
)
MOODLE = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (grade)","Feedback comments"\n'
    '"Participant 12345","Jane Doe",jane@x.edu,"Submitted, late",,"9.00",Yes,-,\n'
    '"Participant 12346","Ravi Rao",ravi@x.edu,Submitted,3.00,"9.00",Yes,-,"two\nlines, ""quoted"""\n'
)
PLAIN = (
    '"First name","Last name","ID number",Institution,"Email address","Assignment: Tiny (Real)",'
    '"Last downloaded"\n'
    "Jane,Doe,s1,,jane@x.edu,-,1700000000\nRavi,Rao,s2,,ravi@x.edu,-,1700000000\n"
)
BOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Last Access"\t"Availability"\t'
    '"Tiny [Total Pts: 9 Score] |555"\r\n"Doe"\t"Jane"\t"jdoe"\t"s1"\t""\t"Yes"\t""\r\n'
)


def record(name, ids=(), key=""):
    return Record(key or name.replace(" ", "_"), f"{name}.ipynb", "", "", (), name=name, ids=dict(ids))


def total(score, maximum=9.0, waiting=False):
    return Total("", score, maximum, score, 0.0, waiting)


def fill(export, platform, given, master, **more):
    """Fill marks given as [(record, total)]."""
    content = export if isinstance(export, bytes) else export.encode()
    totals = {record.student: total for record, total in given}
    return lms.fill(content, platform, [record for record, _ in given], totals, master, **more)


JANE = (record("doejane", {"canvas": "101"}), total(7.5))
RAVI = (record("Ravi Rao"), total(9.0))


def test_canvas_gets_one_column_and_keeps_every_other_byte(master):
    filled = fill(CANVAS, "canvas", [JANE, RAVI], master)
    expected = CANVAS.replace('"A, B",7.00,,,', '"A, B",7.00,7.5,,').replace('A,"1.00",,,', 'A,"1.00",9,,')
    assert filled.content.decode() == expected
    assert (filled.column, filled.entered) == ("Tiny (17)", 2)
    assert "no submission for the row: Student, Test" in filled.remarks
    assert not any("scaled" in remark for remark in filled.remarks)


def test_what_canvas_excused_or_did_not_assign_stays_and_is_said(master):
    filled = fill(
        CANVAS, "canvas", [(record("Mei Lin"), total(1.0)), (record("Tom Berg"), total(2.0))], master
    )
    assert filled.content.decode() == CANVAS
    assert sum("not entered: Mei_Lin is excused" in remark for remark in filled.remarks) == 1
    assert sum("not entered: Tom_Berg is not assigned" in remark for remark in filled.remarks) == 1


def test_a_name_like_a_formula_is_found_and_not_changed(master):
    filled = fill(CANVAS, "canvas", [(record("=cmd()", key="cmd-0123456789ab"), total(3.0))], master)
    assert filled.content.decode() == CANVAS.replace("103,s3,evil,A,,,", "103,s3,evil,A,,3,")
    assert "no submission for the row: =cmd()" in fill(CANVAS, "canvas", [JANE], master).remarks


def test_marks_are_scaled_only_where_the_points_differ_and_it_is_said(master):
    filled = fill(CANVAS.replace("9.00", "100.00"), "canvas", [JANE], master)
    assert b"7.00,83.33,," in filled.content
    assert "scaled from 9 points to 100, the points possible there" in filled.remarks


def test_who_waits_for_a_mark_by_hand_is_not_entered_unless_that_is_wanted(master):
    waits = [(JANE[0], replace(JANE[1], waiting=True))]
    filled = fill(CANVAS, "canvas", waits, master)
    assert filled.entered == 0 and "not entered: doejane waits for a mark by hand" in filled.remarks
    assert fill(CANVAS, "canvas", waits, master, preliminary=True).entered == 1


def test_a_decimal_comma_and_semicolons_stay(master):
    content = CANVAS.replace("Section,", "Section;").replace(",", ";").replace("9.00", "9,00")
    content = content.replace('"Doe; Jane"', '"Doe, Jane"')
    filled = fill(content, "canvas", [JANE], master)
    assert b'"A; B";7.00;7,5;' in filled.content
    moodle = MOODLE.replace("9.00", "9,00").replace("3.00", '"3,00"')
    assert (
        b'late",' + b'"7,5","9,00"'
        in fill(moodle, "moodle", [(record("Jane Doe"), total(7.5))], master).content
    )


def test_moodles_worksheet_is_matched_by_its_number(master):
    filled = fill(MOODLE, "moodle", [(record("Somebody Else", {"moodle": "12346"}), total(4.25))], master)
    assert filled.content.decode() == MOODLE.replace("Submitted,3.00,", "Submitted,4.25,")


def test_moodle_takes_no_mark_above_the_maximum_so_none_is_entered(master):
    filled = fill(MOODLE, "moodle", [(record("Jane Doe"), total(9.5))], master)
    assert filled.content.decode() == MOODLE and "above the maximum" in filled.remarks[0]


def test_moodles_plain_export_and_blackboards_table_are_filled(master):
    filled = fill(PLAIN, "moodle", [(record("ravi"), total(4.0)), (record("Jane Doe"), total(2.0))], master)
    assert filled.content.decode() == PLAIN.replace("jane@x.edu,-", "jane@x.edu,2").replace("u,-", "u,4")
    content = BOARD.encode("utf-16")
    filled = fill(content, "blackboard", [(record("jdoe"), total(2.0))], master)
    assert filled.content.decode("utf-16") == BOARD.replace('"Yes"\t""', '"Yes"\t"2"')
    assert filled.content[:2] == content[:2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_stays(master, encoding):
    content = CANVAS.replace("Jane", "Jürgen").encode(encoding)
    filled = fill(content, "canvas", [(record("Jürgen Doe"), total(2.0))], master)
    assert filled.entered == 1
    assert filled.content == CANVAS.replace("Jane", "Jürgen").replace("7.00,,,", "7.00,2,,").encode(encoding)


@pytest.mark.parametrize(
    ("export", "platform", "column", "words"),
    [
        ("", "canvas", "", "empty"),
        (b"PK\3\4\0\0", "canvas", "", "spreadsheet"),
        ('Student,ID,"Tiny (17)', "canvas", "", "quote"),
        ("a,b\n1,2\n", "canvas", "", "it needs the columns Student, ID, and has a, b"),
        ("Teilnehmer/in,Bewertung\n1,2\n", "moodle", "", "in English"),
        ("a,b\n1,2\n", "blackboard", "", "Username"),
        (CANVAS.replace("Tiny", "Other"), "canvas", "", "no column fits the assignment 'tiny'"),
        (CANVAS.replace("Tiny (17)", "Tiny A (17)"), "canvas", "", "'Tiny A (17)', 'Tiny bonus (18)'"),
        (CANVAS, "canvas", "99", "no column fits the assignment '99'"),
    ],
)
def test_what_cannot_be_filled_says_what_was_looked_for(master, export, platform, column, words):
    with pytest.raises(lms.LmsError, match="(?s)" + words.replace("(", r"\(").replace(")", r"\)")):
        fill(export, platform, [JANE], master, column=column)


@pytest.mark.parametrize("column", ["Tiny bonus (18)", "18", "tiny BONUS"])
def test_the_column_can_be_named(master, column):
    assert fill(CANVAS, "canvas", [JANE], master, column=column).column == "Tiny bonus (18)"


def test_the_export_is_never_written_over(master, tmp_path):
    export, link = tmp_path / "export.csv", tmp_path / "link.csv"
    export.write_text(CANVAS, newline="")
    link.hardlink_to(export)
    filled = fill(export.read_bytes(), "canvas", [JANE], master)
    for target in (export, link, tmp_path / "." / "export.csv"):
        with pytest.raises(lms.LmsError, match="is the export itself"):
            lms.write(filled, export, target)
    lms.write(filled, export, tmp_path / "new" / "filled.csv")
    assert export.read_bytes() == CANVAS.encode()
    assert (tmp_path / "new" / "filled.csv").read_bytes() == filled.content


ROWS = [
    Person("Doe, Jane", "1", ("jdoe", "jane@x.edu"), ("Doe, Jane",)),
    Person("Rao, Ravi", "2", ("rrao@y.edu",), ("Rao, Ravi",)),
    Person("van der Berg, Zoë", "3", ("zoe",), ("van der Berg, Zoë",)),
    Person("Kim, Sam", "4", ("sam@x.edu",), ("Kim, Sam",)),
    Person("Kim, Sam", "5", ("sam@z.edu",), ("Kim, Sam",)),
]


@pytest.mark.parametrize(
    ("student", "row"),
    [
        (Person("x", "2", (), ("Jane Doe",)), 1),  # the number counts first
        (Person("jdoe", names=("jdoe",)), 0),
        (Person("JANE", names=("JANE",)), 0),  # local part of the e-mail address
        (Person("rrao@y.edu", names=("rrao@y.edu",)), 1),
        (Person("Jane_Doe", names=("jane  doe",)), 0),
        (Person("x", names=("Zoe\u0308 van der Berg",)), 2),  # another encoding of the accent
        (Person("doejane", names=("doejane",)), 0),
        (Person("vanderbergzoë", names=("vanderbergzoë",)), 2),
        (Person("Rao_Ravi", names=("Rao Ravi",)), 1),
        (Person("Kim_Sam", names=("Sam Kim",)), None),  # two candidates
        (Person("sam", names=("sam",)), None),
        (Person("x", "4", (), ("Sam Kim",)), 3),
        (Person("Jane_Doe", "77", (), ("Jane Doe",)), None),  # a number that is not there is somebody else
        (Person("nobody", names=("nobody",)), None),
    ],
)
def test_a_student_is_matched_by_number_login_and_name_in_this_order(student, row):
    matches = match([student], ROWS)
    assert matches.rows.get(student.key) == row
    assert (student.key in matches.unmatched) == (row is None)


def test_two_students_for_one_row_are_none():
    twins = [
        Person("a", names=("Jane Doe",)),
        Person("b", names=("Doe Jane",)),
        Person("c", names=("JANE DOE",)),
    ]
    matches = match(twins, ROWS)
    assert matches.rows == {} and "a" in matches.unmatched["c"]


def test_a_row_that_is_taken_by_number_is_no_answer_by_name():
    pair = [Person("a", "1", (), ("Jane Doe",)), Person("b", "", (), ("Jane Doe",))]
    matches = match(pair, ROWS)
    assert matches.rows == {"a": 0} and "a would have the same row" in matches.unmatched["b"]


CELLS = st.lists(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6), min_size=2),
    min_size=1,
    max_size=5,
)


@given(CELLS, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.sampled_from(["\n", "\r\n"]))
def test_any_table_is_read_as_csv_reads_it_and_written_back_as_it_was(rows, quoting, end):
    rows = [["one", "two", "three"], *rows]
    file = io.StringIO()
    csv.writer(file, quoting=quoting, lineterminator=end).writerows(rows)
    content = file.getvalue().encode()
    table = _cells.read(content)
    assert table.with_values({}) == content
    read = [
        row for row in csv.reader(io.StringIO(file.getvalue(), newline="")) if len(row) > 1 or row[:1] > [""]
    ]
    assert [[cell.value for cell in row] for row in table.rows] == read
    changed = _cells.read(table.with_values({(0, 1): 'a "b", c'}))
    assert [cell.value for cell in changed.rows[0]] == ["one", 'a "b", c', "three"]
    assert [[c.value for c in row] for row in changed.rows[1:]] == read[1:]
