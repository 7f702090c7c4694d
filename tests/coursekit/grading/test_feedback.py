"""The page that a student gets back, and the page for those who mark."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from pygments.styles import get_style_by_name
from pygments.token import Token
from support import assignment

from coursekit.grading import _code, _messages, _tasks, feedback, rebuild
from coursekit.grading._messages import Comparison, Place
from coursekit.grading._tasks import Task
from coursekit.grading._worker import Record
from coursekit.grading.assignment import Assignment, Cell, every
from coursekit.grading.autograde import Mark, Part
from coursekit.grading.gradebook import HandMark, Total
from coursekit.grading.release import TEXT_STUB
from coursekit.handin import Note

RIGHT = assignment.RIGHT
FULL = (Mark("test-1", 2, 2, ""), Mark("test-2", 3, 3, ""))
WRONG = "output_size(9, 3): expected 7, got 6: one place is missing"


def record(marks: tuple[Mark, ...] = FULL, **more: Any) -> Record:
    about = {"texts": dict(RIGHT), "name": "Jane Doe", **more}
    return Record("jane", "jane.ipynb", "digest", "master", marks, **about)


def total(score: float, by_hand: HandMark, **more: Any) -> Total:
    return Total("jane", score, 9.0, 5.0, 0.0, by_hand.points is None, by_hand=(by_hand,), **more)


class Read(HTMLParser):
    """A page as a list of (element, class, id) with its text, in order; `text` is all of it."""

    VOID = ("meta", "hr", "br")

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[dict[str, Any]] = []
        self.elements: list[dict[str, Any]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag not in self.VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element["text"] += data
        if not any(element["tag"] == "style" for element in self.open):
            self.text += data

    def all(self, tag: str, css: str = "") -> list[str]:
        """The texts of the elements of a kind, with white space made one."""
        return [
            " ".join(element["text"].split())
            for element in self.elements
            if element["tag"] == tag and css in (element.get("class") or "").split() + [""] * (not css)
        ]


def page(master: Assignment, given: Record, marks: Total | None = None) -> Read:
    return Read(feedback.page(master, given, marks))


# ---------------------------------------------------------------- points


def test_the_page_adds_up_to_the_total(master: Assignment) -> None:
    marks = (FULL[0], Mark("test-2", 1, 3, WRONG))
    changed = (HandMark("test-2", 2.5, 3.0, extra=0.5),)
    hand = HandMark("words", 3.0, 4.0, "Well said.")
    read_page = page(master, record(marks), total(6.0, hand, penalty=2.0, changed=changed))
    rows = dict(zip(read_page.all("th"), read_page.all("td"), strict=True))
    assert rows == {
        "By the tests": "3 of 5 points",
        "Changed by a person: Task 2, The checks": "+1.5",
        "By hand: Words": "3 of 4 points",
        "Extra credit": "+0.5",
        "Handed in late": "−2",
        "Together": "6 of 9 points",
    }
    assert 3 + 1.5 + 3 + 0.5 - 2 == 6
    assert read_page.all("p", "lead") == ["6 of 9 points"]
    assert "A person changed this to 2.5 of 3 points." in read_page.text
    assert read_page.all("div", "remarks") == ["Comment: Well said."]
    assert "A person read this: 3 of 4 points." in read_page.text


@pytest.mark.parametrize("known", [True, False])
def test_what_waits_for_a_person_says_so(master: Assignment, known: bool) -> None:
    read_page = page(master, record(), total(5.0, HandMark("words", None, 4.0)) if known else None)
    assert "waits for a person" in read_page.all("td")
    assert read_page.all("p", "lead")[0].startswith("5 of 9 points so far. A person still has to read")
    assert "A person has not marked this yet." in read_page.text


def test_what_was_not_written_does_not_wait(master: Assignment) -> None:
    given = record(texts={**RIGHT, "words": TEXT_STUB})
    read_page = page(master, given, total(5.0, HandMark("words", 0.0, 4.0)))
    assert "You wrote nothing here." in read_page.text and "has not marked" not in read_page.text
    assert read_page.all("p", "lead") == ["5 of 9 points"]


def test_comments_on_code_stand_below_the_code(master: Assignment) -> None:
    read_page = page(
        master, record(), total(5.0, HandMark("words", None, 4.0), comments={"task-2": "Neat.\n<b>"})
    )
    assert read_page.all("div", "remarks") == ["Comment: Neat. <b>"]
    assert read_page.text.index("Neat") > read_page.text.index("1 + (size - kernel)")


# ---------------------------------------------------------------- checks and messages


def test_each_check_has_its_points_and_its_parts(master: Assignment) -> None:
    parts = (Part("rounds down", 1, 1), Part("strides", 0, 2, WRONG))
    read_page = page(
        master,
        record(
            (Mark("test-1", 0, 2, "there is no answer"), Mark("test-2", 1, 3, f"strides: {WRONG}", parts))
        ),
    )
    checks = [text for text in read_page.all("li") if "passed" in text]
    assert checks[0].startswith("✗The checks: not passed, 0 of 2 points")
    assert checks[1].startswith("◐The checks: passed in part, 1 of 3 points")
    assert checks[2] == "✓Rounds down: passed, 1 of 1 point"
    assert checks[3].startswith("✗Strides: not passed, 0 of 2 points")
    assert read_page.all("dt") == ["Checked", "Expected", "Got", "Hint"]  # once, not with the test again
    assert read_page.all("dd") == ["output_size(9, 3)", "7", "6", "One place is missing."]
    assert "There is no answer." in read_page.text


def test_what_is_wrong_with_all_parts_alike_is_said_once(master: Assignment) -> None:
    rule = "task-2, line 1: the name eval is not allowed. Write output_size with the means of Python itself"
    parts = (Part("one", 0, 1, rule), Part("two", 0, 2, rule))
    read_page = page(
        master, record((FULL[0], Mark("test-2", 0, 3, rule, parts)), notes=(Note("rule", rule),))
    )
    assert read_page.text.count("line 1: the name eval is not allowed") == 2  # in the note, and at the test
    assert read_page.all("span", "remark") == [f"Line 1: T{rule[len('task-2, line 1: t') :]}."]
    assert [text for text in read_page.all("li", "none") if text.endswith("0 of 1 point")]


def test_a_message_stands_beside_the_line_that_it_speaks_of(master: Assignment) -> None:
    message = "IndexError: list index out of range (line 2 of cell task-2)"
    rule = "task-1 may not use conv3d: see line 1 of the cell task-1"
    notes = (Note("stopped", "the cell task-1 stopped: NameError: no x (line 2)"), Note("rule", rule))
    read_page = page(master, record((Mark("test-1", 0, 2, ""), Mark("test-2", 0, 3, message)), notes=notes))
    assert read_page.all("span", "at") == [
        "def mean_frame(clip):", "return clip.sum(0) / len(clip)", "return 1 + (size - kernel) // stride",
    ]  # fmt: skip
    assert read_page.all("span", "remark") == [
        "Line 1: task-1 may not use conv3d: see line 1 of the cell task-1.",
        "Line 2: NameError: no x.",
        "Line 2: IndexError: list index out of range.",
    ]
    ids = {element["id"] for element in read_page.elements if element.get("id")}
    links = [element["href"] for element in read_page.elements if element["tag"] == "a"]
    assert {f"#{name}" for name in ids} >= set(links)
    assert {"#task-1-line-1", "#task-1-line-2", "#task-2-line-2"} <= set(links)


def test_each_part_has_its_own_remark(master: Assignment) -> None:
    messages = ["E: x (line 1 of cell task-2)", "F: y (line 2 of cell task-2)"]
    parts = (Part("one", 0, 1, messages[0]), Part("two", 0, 2, messages[1]))
    marks = (FULL[0], Mark("test-2", 0, 3, f"one: {messages[0]}\ntwo: {messages[1]}", parts))
    assert page(master, record(marks)).all("span", "remark") == ["Line 1: E: x.", "Line 2: F: y."]


def test_a_line_that_is_not_there_is_no_error(master: Assignment) -> None:
    marks = (
        Mark("test-1", 0, 2, "X: y (line 999 of cell task-1)"),
        Mark("test-2", 0, 3, "X: y (line 0 of cell nowhere)"),
    )
    read_page = page(master, record(marks))
    assert read_page.all("span", "remark") == [] and read_page.text.count("X: y (line ") == 2
    assert not [element for element in read_page.elements if "-line-" in (element.get("href") or "")]


def test_a_reason_is_said_once_and_with_what_to_do(master: Assignment) -> None:
    reason = "the file is empty"
    marks = (Mark("test-1", 0, 2, reason), Mark("test-2", 0, 3, reason))
    read_page = page(master, record(marks, texts={}, reason=reason, notes=(Note("limit", reason),)))
    assert read_page.text.count("he file is empty") == 1
    assert "The file is empty. Repair this, and hand in again" in read_page.text
    assert "waits" not in read_page.text and "read again" not in read_page.text
    assert read_page.all("h2") == ["Please read this first"]  # there are no tasks to show
    cut = page(master, record((FULL[0], Mark("test-2", 0, 3, reason)), reason=reason))
    assert "This was not checked: see the top of the page." in cut.text


def test_each_kind_of_note_has_its_advice(master: Assignment) -> None:
    assert set(feedback.ADVICE) == set(rebuild.KINDS)
    for kind, advice in feedback.ADVICE.items():
        read_page = page(master, record(notes=(Note(kind, "something happened"),)))
        assert f"Something happened. {advice}".strip() in read_page.all("li")


def test_an_untouched_cell_is_said_to_be_untouched(master: Assignment) -> None:
    message = "NotImplementedError: task 1 (line 3 of cell task-1)"
    read_page = page(master, record((Mark("test-1", 0, 2, message), FULL[1])))
    assert "The cell still says that this is to be done." in read_page.text


def test_what_a_cell_printed_is_folded(master: Assignment) -> None:
    read_page = page(master, record(said={"task-1": "hello\n"}))
    assert read_page.all("details") == ["What this cell printed, and its error if it stoppedhello"]
    assert all(
        element.get("open", "no") == "no" for element in read_page.elements if element["tag"] == "details"
    )


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        (WRONG, Comparison("output_size(9, 3)", "7", "6", "one place is missing")),
        ("f(1): expected 2, got 3", Comparison("f(1)", "2", "3", "")),
        (
            "f({'a': 1}): expected {'b': 1, 'c': ', got '}, got {'a: ': 2}: swapped: b",
            Comparison("f({'a': 1})", "{'b': 1, 'c': ', got '}", "{'a: ': 2}", "swapped: b"),
        ),
        ("f: expected 'it\\'s, got', got \"'\": x", Comparison("f", "'it\\'s, got'", '"\'"', "x")),
        ("f: expected [1, 2 ..., got {'a': [1 ...: cut", Comparison("f", "[1, 2 ...", "{'a': [1 ...", "cut")),
        ("f: expected a student's clip, got None", Comparison("f", "a student's clip", "None", "")),
        ("f: expected 2, got IndexError: no: it fits", Comparison("f", "2", "IndexError: no", "it fits")),
        ("f: expected 2, but it stopped with E: no: x", Comparison("f", "2", "E: no: x", "")),
        ("f: expected an E, got 'ValueError: no'", Comparison("f", "an E", "'ValueError: no'", "")),
        ("f: expected nothing else", None),
        ("ValueError: got nothing", None),
    ],
)
def test_messages_of_the_known_form_are_taken_apart(message: str, parts: Comparison | None) -> None:
    assert _messages.comparison(message) == parts


@pytest.mark.parametrize(
    ("message", "places"),
    [
        ("ValueError: no (line 7 of cell task-1)", [Place("task-1", 7, "ValueError: no.")]),
        ("your cell task-1 stopped, so there is no f: E: x (line 3). Go.", [Place("task-1", 3, "E: x. Go.")]),
        ("the cell task-1 stopped: E: x", []),
        ("see line 7 of the cell task-2: no", [Place("task-2", 7, "See line 7 of the cell task-2: no.")]),
        ("task-2, line 7: no eval. Write it.", [Place("task-2", 7, "No eval. Write it.")]),
        ("task-2: SyntaxError: no (line 9)", [Place("task-2", 9, "SyntaxError: no.")]),
        ("a message with a line 3 of no cell", []),
        ("outline 3 of cell task-1", []),
    ],
)  # fmt: skip
def test_lines_are_found_in_messages(message: str, places: list[Place]) -> None:
    assert list(_messages.places(message)) == places


def test_a_name_of_python_keeps_its_small_letter_at_the_beginning() -> None:
    assert _messages.sentence("input is not allowed") == "input is not allowed."
    assert (
        _messages.sentence("math is not defined in the marked cells")
        == "math is not defined in the marked cells."
    )
    assert _messages.sentence("the module numpy is not allowed") == "The module numpy is not allowed."
    assert _messages.sentence("stopped") == "Stopped."


# ---------------------------------------------------------------- code


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "\n\n  x = 1\n\n",
        'def f():\n    """A docstring\n    of <three>\n    lines."""\n    return "a\\\nb"\n',
        "x = '''\n<script>\n'''\r\ny = 2\rz = 3",
        "not python at all: \x00 ¿ 'open\n\tstring",
        "a\x0cb\u2028c\x1cd\n" * 3,
        "",
        "x = 1\n" * 12_000,  # too long for colours
    ],
    ids=["one", "blank", "docstring", "quotes", "strange", "separators", "empty", "long"],
)
def test_code_is_shown_line_by_line_with_nothing_lost(text: str) -> None:
    expected = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    shown = Read(_code.listing(text, "task-1", {}))
    lines = [e["text"].removesuffix("\n") for e in shown.elements if e.get("class") == "line"]
    assert len(lines) == len(expected)
    unfit = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\u2028]")
    for line, wanted in zip(lines, expected, strict=True):
        assert unfit.sub("", line.replace("\ufffd", "")) == unfit.sub("", wanted)


def luminance(colour: str) -> float:
    values = [int(colour.lstrip("#")[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("style", [_code.LIGHT, _code.DARK])
def test_the_colours_of_code_have_enough_contrast(style: str) -> None:
    colours = {f"#{about['color']}" for _, about in get_style_by_name(style) if about["color"]}
    white = get_style_by_name(style).style_for_token(Token.Text.Whitespace)["color"]  # is never seen
    for colour in {*colours, _code._ink(style)} - {f"#{white}"}:
        for paper in _code.PAPER[style]:
            light, dark = sorted((luminance(colour), luminance(paper)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (colour, paper)


# ---------------------------------------------------------------- tasks


def test_every_assignment_has_its_tasks_with_all_graded_cells() -> None:
    for master in every():
        tasks = _tasks.tasks(master)
        graded = [cell.grade_id for cell in master.cells if cell.kind in ("solution", "test", "written")]
        assert [cell.grade_id for task in tasks for cell in task.cells] == graded
        assert all(re.match(r"Task \d+: .*[^)]$", task.title) for task in tasks), [t.title for t in tasks]
        for task in tasks:
            titles = [_tasks.check_title(cell, task) for cell in task.of_kind("test")]
            assert len(set(titles)) == len(titles), (master.name, titles)
        assert re.match(r"notebook \d\d, \w", _tasks.follows(master)), master.name


def test_tasks_without_headings_begin_with_a_solution(master: Assignment) -> None:
    assert [task.title for task in _tasks.tasks(master)] == ["Task 1", "Task 2", "Words"]


def test_a_check_is_called_as_it_says_itself_or_by_its_grade_id() -> None:
    cells = [
        Cell("test", "task-2-values", 1, "check.equal(1, 1)", ""),
        Cell("test", "task-2-edge", 1, 'check.passed("Task 2, on the edge")', ""),
    ]
    both, one = Task("Task 2", "", tuple(cells)), Task("Task 2", "", tuple(cells[:1]))
    assert [_tasks.check_title(cell, both) for cell in cells] == ["Values", "On the edge"]
    assert _tasks.check_title(cells[0], one) == "The checks"


LESSON = """# 3. Lesson

## Where you are
stride stride stride
## Strides of a tensor
A stride is the step of a tensor in memory from one element of a row to the next.
## Padding in time
Zeros before the first frame. A causal kernel sees no future, so padding stands before it.
## Summary
stride, padding
"""


def course(folder: Path, *headings: str) -> Assignment:
    """An assignment that follows a notebook of three sections; each heading begins a task of its own."""
    made = assignment.cells()
    made[0].source = "# Tiny\n\n**Follows** notebook 03, *A lesson*. **Time** 5 minutes."
    made.insert(1, nbformat.v4.new_markdown_cell(headings[0], id="first"))
    made.insert(6, nbformat.v4.new_markdown_cell(headings[1], id="second"))
    path = folder / "notebooks" / "03_lesson.ipynb"
    path.parent.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(LESSON)]), path)
    return assignment.write(folder / "notebooks" / "assignments", made=made)


def test_a_task_with_lost_points_names_the_section_to_read_again(tmp_path: Path) -> None:
    master = course(
        tmp_path,
        "## Task 1: steps (2 points)\nThe stride in memory of a tensor.",
        "## Task 2: all of it\nFrames.",
    )
    lost = (Mark("test-1", 1, 2, "x"), Mark("test-2", 1, 3, "y"))
    read_page = page(master, record(lost))
    assert read_page.text.count("To read again") == 2
    assert "notebook 03, A lesson, section Strides of a tensor." in read_page.text
    assert "notebook 03, A lesson." in read_page.text  # no section is like the second task
    assert "To read again" not in page(master, record()).text


def test_a_section_that_the_task_names_is_the_one(tmp_path: Path) -> None:
    text = "## Task 1: steps (2 points)\nThe stride in memory of a tensor, as in *Padding in time*."
    master = course(tmp_path, text, "## Task 2: all\nFrames.")
    assert _tasks.sections(master)["Task 1: steps"] == "Padding in time"


def test_without_the_notebook_only_its_name_is_said(tmp_path: Path) -> None:
    master = course(tmp_path, "## Task 1: steps\nThe stride in memory.", "## Task 2: all\nFrames.")
    (tmp_path / "notebooks" / "03_lesson.ipynb").write_text("{broken")
    text = page(master, record((Mark("test-1", 0, 2, "x"), FULL[1]))).text
    assert "To read again: notebook 03, A lesson." in text


# ---------------------------------------------------------------- nothing runs

EVIL = "</pre></code></style></title><script>window.ran = 1</script><img src=x onerror=alert(1)>\" ' {{x}}"


def test_no_text_of_a_student_or_a_marker_becomes_html(master: Assignment) -> None:
    given = record(
        (Mark("test-1", 0, 2, EVIL), Mark("test-2", 0, 3, f"{EVIL}: expected {EVIL}, got {EVIL}: {EVIL}")),
        name=EVIL, reason=EVIL,
        notes=(Note("name", EVIL), Note("stopped", f"the cell task-1 stopped: {EVIL} (line 1)")),
        texts=dict.fromkeys(RIGHT, f"{EVIL}\n'''\n{EVIL}"), said=dict.fromkeys(RIGHT, EVIL),
    )  # fmt: skip
    evil = HandMark("words", 1.0, 4.0, EVIL)
    html = feedback.page(master, given, total(1.0, evil, comments={"task-1": EVIL, "task-2": EVIL}))
    read_page = Read(html)
    tags = {element["tag"] for element in read_page.elements}
    assert not tags & {"script", "img", "iframe", "object", "form", "input", "base", "link", "svg"}
    for element in read_page.elements:
        assert not any(
            name.startswith("on") or name == "style" for name in element if name not in ("tag", "text")
        )
        assert element.get("href", "#").startswith("#")
    assert read_page.text.count("window.ran = 1") >= 15
    policies = [e["content"] for e in read_page.elements if e.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [feedback.POLICY] and "default-src 'none'" in feedback.POLICY


def test_headings_go_down_one_level_at_a_time(master: Assignment) -> None:
    given = record(notes=(Note("late", "late"),), said={"task-1": "x"})
    levels = [int(e["tag"][1]) for e in page(master, given).elements if re.fullmatch(r"h\d", e["tag"])]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


# ---------------------------------------------------------------- for those who mark


def test_the_rubric_has_each_question_with_its_points_and_its_model_answer(master: Assignment) -> None:
    read_page = Read(feedback.rubric(master))
    assert "Words (4 points)" in read_page.all("h2")
    assert "A sum does not ask in which order its terms come." in read_page.text
    assert "Manual Grading" in read_page.text and "BEGIN SOLUTION" not in read_page.text


def test_the_rubrics_of_the_course_show_question_and_answer() -> None:
    for master in every():
        read_page = Read(feedback.rubric(master))
        for cell in master.written:
            assert f"({cell.points:g} points)" in " ".join(read_page.all("h2"))
        assert read_page.all("h3").count("The question") == len(master.written) > 0
        assert read_page.text.count("point") > 3, master.name


def test_the_model_answer_is_in_no_student_s_page(master: Assignment) -> None:
    assert "A sum does not ask" not in feedback.page(master, record())
    assert "A sum does not ask" not in feedback.page(
        master, record(), total(5.0, HandMark("words", 1.0, 4.0))
    )
    assert "clip.mean(1)" not in feedback.page(master, replace(record(), texts={}))  # nor a hidden test
