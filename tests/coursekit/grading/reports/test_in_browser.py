"""The reports in a browser: accessible, no wider than a telephone, light and dark; nothing in them runs."""

import os
from dataclasses import replace

import pytest
from support import lab

from coursekit.grading._worker import Record
from coursekit.grading.autograde import Mark, Part
from coursekit.grading.reports import changes, classroom, look, similar
from coursekit.handin import Note

from .conftest import EVIL, Class, make_master

pytestmark = pytest.mark.browser
LIVE = f"<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>{'W' * 200} {EVIL}"
NAMES = ("look", "class", "similar", "changes")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """All reports on a class of 60, with texts of students that try to run."""
    folder = tmp_path_factory.mktemp("pages")
    made = Class(60, make_master(folder))
    record, wrong = made.records[0], Mark("task-1-test", 0.0, 2.0, LIVE)
    made.change(
        0, name=LIVE, seconds=99.0, notes=(Note("outside", LIVE), Note("rule", LIVE)),
        marks=(wrong, Mark("task-2-test", 1.0, 3.0, "", (Part(LIVE, 0, 1, LIVE),))),
    )  # fmt: skip
    line = "return clip.sum(0).add(1).mul(clip.size(0) ** 2 - 7)"
    code = f"def mean_frame(clip):\n    text = {LIVE!r}\n    {line}\n"
    twins = [
        Record(name, "", "", "", (), texts={"task-1": code * 3, "words": f"{LIVE} one two three " * 9})
        for name in ("ann", "bob")
    ]
    stubs = {"task-1": "", "task-2": "", "words": ""}
    found = similar.in_code(twins, made.assignment, stubs), similar.in_words(twins, made.assignment, stubs)
    assert found[0].pairs and found[1].pairs
    looks = look.rows(made.records, made.totals, {"zip": LIVE}, made.assignment)
    before = {record.student: replace(record, marks=(Mark("task-1-test", 2.0, 2.0, ""),))}
    for name, text in zip(NAMES, (
        look.page(looks, made.assignment),
        classroom.page(made.records, made.totals, made.assignment),
        similar.page(*found, twins, made.assignment),
        changes.page(before, {record.student: made.records[0]}, made.assignment),
    ), strict=True):  # fmt: skip
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def chromium():
    """A running Chromium without a window; the test fails without one where a browser is promised."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        program = lab.chromium(playwright)
        if program is None and os.environ.get("COURSEKIT_REQUIRE_BROWSER") != "1":
            pytest.skip("no Chromium on this machine")
        running = playwright.chromium.launch(executable_path=program, args=lab.FLAGS)
        yield running
        running.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "dark")])
def test_a_report_is_accessible_fits_and_runs_nothing(chromium, pages, name, width, scheme):
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True
    )  # with the policy, axe could not run either; without it, escaping alone must keep texts from running
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"file://{pages / name}.html")
    assert asked == [f"file://{pages / name}.html"] and page.evaluate("window.ran") is None
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    page.evaluate(lab.axe())
    found = page.evaluate("axe.run()")
    assert found["passes"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []
    context.close()


def test_the_picture_of_the_scores_has_a_name_in_words(chromium, pages):
    page = chromium.new_page()
    page.goto(f"file://{pages / 'class'}.html")
    picture = page.get_by_role("img")
    assert picture.count() == 1
    assert "Histogram of the scores of 60 students: mean" in (picture.locator("title").text_content() or "")
    page.close()
