"""Marks in nbgrader's gradebook: in parts, by hand, late; and what formgrader shows of an answer."""

import logging
import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert import HTMLExporter
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade
from sqlalchemy import event
from sqlalchemy.engine import Engine
from support import assignment

from coursekit.grading import _markdown, gradebook
from coursekit.grading.assignment import Assignment
from coursekit.grading.autograde import Mark, Part
from coursekit.grading.gradebook import Book, GradebookError, HandMark

pytestmark = pytest.mark.slow
RIGHT = assignment.RIGHT
MARKS = (Mark("test-1", 2, 2, ""), Mark("test-2", 0, 3, "output_size(9, 3): expected 7, got 6"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, master: Assignment) -> Path:
    """A gradebook without submissions. To make one, nbgrader starts another program, which takes seconds."""
    folder = tmp_path_factory.mktemp("empty")
    Book(folder, master)
    return folder


@pytest.fixture
def book(tmp_path: Path, empty: Path, master: Assignment) -> Book:
    shutil.copytree(empty, tmp_path / "book")
    return Book(tmp_path / "book", master)


def write(book: Book, student: str = "alice", texts: Any = RIGHT, marks: Any = MARKS, **more: Any) -> None:
    book.write(student, texts, {}, marks, "", **more)


def by_hand(book: Book, student: str, cell: str, **values: Any) -> None:
    """What formgrader does: it sets a score, extra credit or a comment."""
    with Gradebook(book.db) as db:
        (notebook,) = db.find_submission("tiny", student).notebooks
        comment = values.pop("comment", None)
        if comment is not None:
            next(c for c in notebook.comments if c.name == cell).manual_comment = comment
        grade = next((g for g in notebook.grades if g.name == cell), None)
        if values and grade:
            for name, value in values.items():
                setattr(grade, name, value)
            grade.needs_manual_grade = False
        db.db.commit()


def automatic(book: Book, student: str = "alice") -> dict[str, float]:
    """The points by the tests, as nbgrader has stored them."""
    with Gradebook(book.db) as db:
        (notebook,) = db.find_submission("tiny", student).notebooks
        return {grade.name: grade.auto_score for grade in notebook.grades if grade.name != "words"}


# ---------------------------------------------------------------- totals


def test_the_total_has_points_comments_and_extra_credit_given_by_hand(book: Book) -> None:
    write(book)
    total = book.totals()["alice"]
    assert (total.score, total.maximum, total.automatic, total.manual, total.waiting) == (2, 9, 2, 0, True)
    assert total.by_hand == (HandMark("words", None, 4.0),) and not total.changed and not total.comments

    by_hand(book, "alice", "words", manual_score=3.0, extra_credit=0.5, comment=" Well said. ")
    by_hand(book, "alice", "task-2", comment="Close!")
    total = book.totals()["alice"]
    assert total.by_hand == (HandMark("words", 3.0, 4.0, "Well said.", 0.5),)
    assert total.comments == {"task-2": "Close!"}
    assert (total.score, total.automatic, total.manual, total.waiting) == (5.5, 2, 3.5, False)


def test_the_total_has_the_points_of_a_test_that_a_person_changed(book: Book) -> None:
    write(book)
    by_hand(book, "alice", "test-2", manual_score=2.5)
    by_hand(book, "alice", "test-1", extra_credit=1.0)
    total = book.totals()["alice"]
    assert total.changed == (HandMark("test-1", 2.0, 2.0, extra=1.0), HandMark("test-2", 2.5, 3.0))
    assert (total.score, total.automatic, total.manual) == (5.5, 2, 3.5)


def test_an_answer_that_was_not_written_has_no_points_and_does_not_wait(book: Book) -> None:
    write(book, texts={})
    total = book.totals()["alice"]
    assert total.by_hand == (HandMark("words", 0.0, 4.0),) and not total.waiting


def test_points_for_an_answer_that_has_changed_since_do_not_count(book: Book) -> None:
    write(book)
    by_hand(book, "alice", "words", manual_score=3.0)
    write(book, texts={**RIGHT, "words": "Something else."})
    total = book.totals()["alice"]
    assert total.waiting and total.by_hand[0].points is None and total.score == 2


def test_a_student_s_marks_enter_the_gradebook_all_or_not_at_all(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(book)
    with monkeypatch.context() as patch:
        patch.setattr(Book, "_settle", lambda *_: 1 / 0)  # a stop after the last cell
        with pytest.raises(ZeroDivisionError):
            write(book, marks=(Mark("test-1", 1, 2, "x"), Mark("test-2", 3, 3, "")), penalty=1.0)
        with pytest.raises(ZeroDivisionError):
            write(book, "bob")
    assert automatic(book) == {"test-1": 2, "test-2": 0}
    assert set(totals := book.totals()) == {"alice"} and totals["alice"].penalty == 0


def test_a_changed_test_waits_again_only_if_the_code_or_its_points_change(book: Book) -> None:
    write(book)
    by_hand(book, "alice", "test-2", manual_score=2.5)
    by_hand(book, "alice", "words", manual_score=4.0)
    write(book)
    assert book.totals()["alice"].changed == (HandMark("test-2", 2.5, 3.0),)
    assert not book.totals()["alice"].waiting

    write(book, marks=(MARKS[0], Mark("test-2", 1, 3, "less")))  # the test was repaired
    total = book.totals()["alice"]
    assert total.changed == (HandMark("test-2", None, 3.0),) and total.waiting
    assert (total.automatic, total.manual) == (3, 4)

    by_hand(book, "alice", "test-2", manual_score=2.0)
    write(
        book,
        texts={**RIGHT, "task-1": "def mean_frame(clip): ..."},
        marks=(MARKS[0], Mark("test-2", 1, 3, "less")),
    )
    assert book.totals()["alice"].waiting


def test_each_number_of_students_takes_the_same_number_of_queries(book: Book) -> None:
    def queries() -> int:
        statements: list[str] = []
        event.listen(Engine, "before_cursor_execute", listener := lambda *about: statements.append(about[2]))
        try:
            assert len(book.totals()) == count
        finally:
            event.remove(Engine, "before_cursor_execute", listener)
        return sum(text.lstrip().startswith("SELECT") and "sqlite_master" not in text for text in statements)

    numbers = []
    for count in (1, 2, 5):
        for index in range(count):
            write(book, f"student{index}")
        numbers.append(queries())
    assert len(set(numbers)) == 1 and numbers[0] < 12, numbers


# ---------------------------------------------------------------- lateness


def test_a_penalty_is_taken_off_but_never_more_than_there_is(book: Book) -> None:
    write(book, penalty=0.5)
    write(book, "bob", penalty=9.0)
    totals = book.totals()
    assert (totals["alice"].penalty, totals["alice"].score) == (0.5, 1.5)
    assert (totals["bob"].penalty, totals["bob"].score) == (9.0, 0.0)

    book.charge({"alice": 1.0, "nobody": 1.0})
    totals = book.totals()
    assert totals["alice"].score == 1.0 and totals["bob"].penalty == 9.0 and set(totals) == {"alice", "bob"}
    write(book)  # again, in time
    assert book.totals()["alice"].score == 2.0


def test_nbgrader_has_the_penalty_and_the_time_in_utc(book: Book) -> None:
    when = datetime(2026, 11, 24, 0, 17, tzinfo=timezone(timedelta(hours=2)))
    write(book, penalty=1.25, when=when)
    with Gradebook(book.db) as db:
        submission = db.find_submission("tiny", "alice")
        assert submission.timestamp == datetime(2026, 11, 23, 22, 17)
        assert submission.late_submission_penalty == 1.25


# ---------------------------------------------------------------- points in parts


@pytest.mark.parametrize(
    ("points", "message"),
    [(0, "wrong"), (1.5, "half: wrong"), (3, ""), (3, "a remark"), (0, ""), (0.25, "x")],
)
def test_nbgrader_stores_the_points_of_the_mark(book: Book, points: float, message: str) -> None:
    parts = (Part("one", points, points), Part("two", 0, 3 - points, message))
    write(book, marks=(MARKS[0], Mark("test-2", points, 3, message, parts)))
    assert automatic(book) == {"test-1": 2, "test-2": points}
    cell = next(
        c for c in autograded(book).cells if c.metadata.get("nbgrader", {}).get("grade_id") == "test-2"
    )
    assert determine_grade(cell) == (points, 3)
    shown = "\n".join(str(output.get("traceback", "")) for output in cell.outputs)
    assert (message in shown) and (not message or f"{points:g} of 3 points" in shown)


def autograded(book: Book, student: str = "alice") -> Any:
    return nbformat.read(book.folder / "autograded" / student / "tiny" / "tiny.ipynb", as_version=4)


# ---------------------------------------------------------------- a full disk


@pytest.fixture
def small_disk() -> Iterator[dict[str, int]]:
    """Lets SQLite have so many pages only, and then say what it says on a full disk."""
    limit = {"pages": 1 << 30}

    def connected(connection: Any, _: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={limit['pages']}")

    event.listen(Engine, "connect", connected)
    yield limit
    event.remove(Engine, "connect", connected)


def test_a_full_disk_is_one_line_and_leaves_no_half_made_gradebook(
    master: Assignment, tmp_path: Path, small_disk: dict[str, int], capfd: Any
) -> None:
    level = logging.getLogger("tornado.application").level
    small_disk["pages"] = 10
    with pytest.raises(GradebookError, match=r"disk is full\. Make room there") as error:
        Book(tmp_path, master)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300 + len(str(tmp_path))
    assert capfd.readouterr().err == "" and not list(tmp_path.iterdir())

    small_disk["pages"] = 1 << 30
    book = Book(tmp_path, master)
    write(book)
    small_disk["pages"] = 1
    with pytest.raises(GradebookError, match=r"disk is full\. Make room there"):
        for index in range(100):
            write(book, f"student{index}")
    assert capfd.readouterr().err == ""

    small_disk["pages"] = 1 << 30
    write(book, "bob")
    assert {"alice", "bob"} <= set(book.totals())
    assert logging.getLogger("tornado.application").level == level


# ---------------------------------------------------------------- what formgrader shows

HOSTILE = {
    "script": "<script>window.ran = 1</script>",
    "handler": "<img src=x onerror='window.ran = 1'> <b onclick=alert(1)>x</b>",
    "link": "[click](javascript:window.ran=1) <javascript:window.ran=1>",
    "reference": "[x] [y][x]\n\n[x]: java&#115;cript:window.ran=1",
    "encoded": "[x](java&#x0A;script:alert(1)) [y](%6aavascript:alert(1))",
    "picture": "![p](http://e.vil/p.png) ![q](x 'a\" onerror=\"window.ran=1') ![](attachment:x)",
    "mermaid": "```mermaid\n<img src=x onerror=window.ran=1>\n```",
    "fence": "```python onload=1 \"'><script>\n<script>1</script>\n```\n~~~<b>\n~~~",
    "math": "$</script><img src=x onerror=window.ran=1>$ $$<b>$$ \\\\(<i>\\\\)",
    "environment": "\\begin{x}<img src=x onerror=window.ran=1>\\end{x}",
    "comment": "<!-- --><!DOCTYPE x><?php ?><![CDATA[ <b> ]]>",
    "entities": "&lt;script&gt;window.ran = 1&lt;/script&gt; &#60;b&#62;",
    "broken": "<div\n\n<a href='javascript:1'\n>x",
    "table": "| a | b |\n|:--:|---|\n| <b>1 | [x](javascript:1) |",
    "blank": "<pre>\n\n\n<script>1</script>\n\n</pre>",
    "own end": "</div></pre></code><script>1</script>",
}


class Shown(HTMLParser):
    """The tags of HTML with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@cache
def exporter() -> HTMLExporter:
    """Of the template that formgrader's own extends."""
    return HTMLExporter(template_name="classic")


def rendered(source: str) -> Shown:
    """A Markdown cell as formgrader's exporter makes HTML of it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source)])
    html, _ = exporter().from_notebook_node(notebook)
    inside = re.search(r'<div class="text_cell_render[^>]*>(.*)</div>\s*</div>\s*</div>', html, re.DOTALL)
    assert inside
    return Shown(inside[1])


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_an_answer_is_live_in_formgrader(name: str) -> None:
    shown = rendered(_markdown.cell(HOSTILE[name]))
    for tag, attributes in shown.tags:
        assert tag in _markdown._TAGS, tag
        assert set(attributes) <= {"class", "style", "start"}, attributes
    words = set(re.findall(r"\w{4,}", unescape(HOSTILE[name])))
    assert {word for word in words if word not in shown.text} <= {"mermaid", "onload", "python", "attachment"}


@pytest.mark.parametrize(
    ("text", "shows", "tags"),
    [
        ("`x[::-1]`", "x[::-1]", {"code"}),
        ("`a < b & c`", "a < b & c", {"code"}),
        ("$a<b$ and $$x_i * y_i$$", "$a<b$ and $$x_i * y_i$$", set()),
        ("\\begin{align}a&<b\\end{align}", "\\begin{align}a&<b\\end{align}", set()),
        (
            "```python\nx = a[::-1] < 3\n\n\ny = '&lt;'\n```",
            "x = a[::-1] < 3\n\n\ny = '&lt;'",
            {"pre", "span"},
        ),
        ("a < b, x[3], {y}", "a < b, x[3], {y}", set()),
        ("1. one\n2. **two**", "two", {"ol", "li", "strong"}),
        ("[the paper](https://x.org/a_b)", "the paper (https://x.org/a_b)", set()),
        ("![a kernel](kernel.png)", "[picture: a kernel] (kernel.png)", set()),
        ("<b>bold</b>", "<b>bold</b>", set()),
        ("&lt;b&gt; &amp;", "&lt;b&gt; &amp;", set()),
        ("Ünïcode 𝑥 日本", "Ünïcode 𝑥 日本", set()),
    ],
)
def test_formgrader_shows_what_the_student_wrote(text: str, shows: str, tags: set[str]) -> None:
    shown = rendered(_markdown.cell(text))
    assert shows in shown.text
    assert tags <= {tag for tag, _ in shown.tags}
    assert "a" not in {tag for tag, _ in shown.tags}


PIECES = [
    "<", ">", "`", "```", "\n", "\n\n", "$", "$$", "[", "](", ")", "!", "<script>", "</div>", "x", "- ",
    "> ", "    ", "\\", "\\(", "\\[", "&lt;", "&#60;", "<!--", "-->", "|", "|-|-|", "# ", "*", "_", "~~",
    "\\begin{a}", "\\end{a}", "[x]: ", "javascript:1", "'", '"', "<a href=", "<img src=x onerror=1>",
    "\t", "\x00", "\u202e", "1. ", "===", "mermaid", "<pre>", "</pre>", "<style>",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_whatever_is_written_no_tag_of_it_is_live(text: str) -> None:
    cell = _markdown.cell(text)
    assert cell.startswith("<div") and cell.endswith("</div>")
    assert not set("\n[]$`\\") & set(cell)  # JupyterLab looks for formulas before it looks for HTML
    shown = rendered(cell)
    assert all(tag in _markdown._TAGS for tag, _ in shown.tags), shown.tags
    assert all(set(attributes) <= {"class", "style", "start"} for _, attributes in shown.tags)


@pytest.mark.parametrize(
    ("text", "typeset"),
    [
        ("$\\href{javascript:alert(1)}{x}$", False),
        ("$\\require{html}\\style{color:red}{x}$", False),
        ("$\\def\\x{1}$", False),
        ("$\\newcommand{\\x}{1}$", False),
        ("$\\left(\\delta\\right) \\definitely \\hrefs$", True),
    ],
)
def test_commands_of_tex_that_link_or_load_are_not_typeset(text: str, typeset: bool) -> None:
    assert ("tex2jax_ignore" in _markdown.cell(text)) is not typeset


@pytest.mark.parametrize(
    "html",
    [
        "<a href='x'>y</a>",
        "<p onclick=1>",
        "<img>",
        "<!-- x -->",
        "<!doctype x>",
        "<?x?>",
        "<td style='color:red'>",
    ],
)
def test_what_a_library_makes_live_is_shown_as_text(html: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _markdown.to_html("*x*") == "<p><em>x</em></p>\n"
    monkeypatch.setattr(_markdown._Renderer, "emphasis", lambda *_: html, raising=False)
    assert _markdown.to_html("*x*") == "<pre>*x*</pre>\n"


def test_a_library_that_stumbles_does_not_stop_the_grading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_markdown._Renderer, "emphasis", lambda *_: 1 / 0, raising=False)
    assert _markdown.to_html("*<x>*") == "<pre>*&lt;x&gt;*</pre>\n"


def test_an_answer_too_long_for_markdown_is_shown_as_it_is() -> None:
    text = "**b**" * _markdown.LONGEST
    assert rendered(_markdown.cell(text)).text.strip() == text


def test_an_untouched_answer_keeps_its_text_so_that_nbgrader_knows_it(book: Book) -> None:
    write(book, texts={**RIGHT, "words": book.texts["words"] + "\n"})
    assert {cell.source for cell in autograded(book).cells} >= {book.texts["words"]}
    assert not book.totals()["alice"].waiting


def test_the_reason_is_shown_without_meaning_anything(book: Book) -> None:
    book.write("alice", {}, {}, MARKS, "**x** [a](javascript:1) <script>1</script> $y$")
    shown = rendered(autograded(book).cells[0].source)
    assert "Not graded further: **x** [a](javascript:1) <script>1</script> $y$" in shown.text
    assert {tag for tag, _ in shown.tags} == {"p", "strong"}


def test_only_their_owner_may_read_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "nbgrader_config.py"
    gradebook.write_config(path, "sqlite:///x.db")
    assert path.stat().st_mode & 0o777 == 0o600
