"""The page that a student gets back, in a browser: on a laptop, on a phone, in the dark, on paper, by key."""

import pytest
from support import assignment, lab

from coursekit.grading import feedback
from coursekit.grading._worker import Record
from coursekit.grading.autograde import Mark, Part
from coursekit.grading.gradebook import HandMark, Total
from coursekit.handin import Note

pytestmark = pytest.mark.browser

LAPTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SCRIPT = (
    "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"
    "<a href='javascript:window.ran=1'>x</a>"
)
CODE = f'''def output_size(size, kernel, stride=1):
    """How many places a window has: {SCRIPT}"""

    places = {[*range(70)]!r}
    name = "{"W" * 300}"
    return places[size]  # {"a long remark " * 20}
'''
WRONG = "output_size(9, 3): expected 7, got 6: one place is missing"
ERROR = "IndexError: list index out of range (line 6 of cell task-2)"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of a student about whom there is everything to say, and the one for those who mark."""
    folder = tmp_path_factory.mktemp("pages")
    master = assignment.write(folder)
    parts = (
        Part("with a stride", 1, 1),
        Part("on the edge", 0, 1, WRONG),
        Part(SCRIPT, 0, 1, f"{ERROR} {SCRIPT}"),
    )
    marks = (Mark("test-1", 0, 2, f"ValueError: {SCRIPT}"), Mark("test-2", 1, 3, WRONG, parts))
    record = Record(
        "jane", "jane.ipynb", "digest", "master", marks,
        reason=f"the time is up {SCRIPT}", name=f"Jane {SCRIPT}",
        notes=(Note("stopped", f"the cell task-1 stopped: Oops {SCRIPT} (line 2)"), Note("late", SCRIPT)),
        texts={**assignment.RIGHT, "task-2": CODE, "words": f"{SCRIPT} {'W' * 300}"},
        said={"task-1": SCRIPT, "task-2": "x" * 500},
    )  # fmt: skip
    hand = HandMark("words", 2.5, 4.0, SCRIPT, 0.5)
    total = Total(
        "jane", 3.0, 9.0, 1.0, 3.0, False, 1.0, (hand,), (HandMark("test-1", 1.0, 2.0),), {"task-1": SCRIPT}
    )
    (folder / "student.html").write_text(feedback.page(master, record, total))
    (folder / "waiting.html").write_text(feedback.page(master, record))
    (folder / "rubric.html").write_text(feedback.rubric(master))
    return folder


@pytest.fixture
def opened(chromium, pages):
    """Opens a page of a size and in a scheme; at the end, nothing of it has run or was asked for."""
    contexts, asked = [], []

    def open_page(name, size=LAPTOP, scheme="light", **more):
        context = chromium.new_context(viewport=size, color_scheme=scheme, **more)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        page.goto(f"file://{pages / name}.html")
        return page

    yield open_page
    for context in contexts:
        assert all(page.evaluate("window.ran") is None for page in context.pages)
        context.close()
    assert all(url.startswith("file://") and url.split("#")[0].endswith(".html") for url in asked), asked


@pytest.mark.parametrize("name", ["student", "waiting", "rubric"])
@pytest.mark.parametrize(("size", "scheme"), [(LAPTOP, "light"), (PHONE, "dark"), (LAPTOP, "dark")])
def test_it_is_accessible_and_nothing_is_wider_than_the_window(opened, name, size, scheme):
    page = opened(name, size, scheme, bypass_csp=True)  # else no script of axe's would run there
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    page.evaluate(lab.axe())
    found = page.evaluate("axe.run()")
    assert found["passes"]
    assert [(rule["id"], rule["nodes"][0]["target"]) for rule in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    right = "[...document.querySelectorAll('body *')].map(each => each.getBoundingClientRect().right)"
    assert page.evaluate(f"Math.max(...{right}) <= window.innerWidth + 1")


def test_nothing_of_a_student_is_live(opened, screenshot_of):
    page = opened("student")
    assert page.locator("script, img, iframe, form, [onerror], [onclick], [style]").count() == 0
    links = page.locator("a").evaluate_all("links => links.map(each => each.getAttribute('href'))")
    assert links and all(link.startswith("#") for link in links)
    assert page.get_by_text("<script>window.ran = 1</script>").count() >= 8
    screenshot_of(page, "feedback_student")
    screenshot_of(opened("student", PHONE, "dark"), "feedback_phone_dark")


def test_the_keys_lead_from_a_message_to_its_line_and_open_what_was_printed(opened):
    page = opened("student")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == "#task-2-line-6":
            break
    width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
    assert width >= 2  # one sees where one is
    page.keyboard.press("Enter")
    line = page.locator("#task-2-line-6")
    assert page.url.endswith("#task-2-line-6")
    assert line.evaluate("each => each.getBoundingClientRect().top < window.innerHeight")
    assert "return places[size]" in line.inner_text()
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None


def test_copied_code_is_the_student_s_code_without_numbers(opened):
    page = opened("student")
    copied = page.locator("pre.code").first.evaluate(
        "each => { const range = document.createRange(); range.selectNodeContents(each);"
        "const chosen = getSelection(); chosen.removeAllRanges(); chosen.addRange(range);"
        "return chosen.toString(); }"
    )
    code = assignment.RIGHT["task-1"].rstrip("\n")
    assert [line for line in copied.split("\n") if line and not line.startswith("Line ")] == code.split("\n")


def test_on_paper_it_is_light_and_no_line_is_cut(opened):
    page = opened("student", {"width": 700, "height": 900}, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(26, 26, 26)"
    assert (
        page.evaluate("getComputedStyle(document.querySelector('pre.code')).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    parts = "[...document.querySelectorAll('.line, pre, .answer')]"
    assert page.evaluate(f"{parts}.filter(each => each.scrollWidth > each.clientWidth + 1).length") == 0
    assert page.pdf(format="A4")[:4] == b"%PDF"


@pytest.fixture
def screenshot_of():
    """Call it with a page and a name to keep a picture of the whole page in artifacts/."""
    from support import lab

    def take(page, name):
        lab.ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=lab.ARTIFACTS / f"{name}.png", full_page=True)

    return take
