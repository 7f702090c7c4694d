"""A mark given by hand in nbgrader's formgrader, in a real browser, on what `coursekit grade` has graded."""

import csv
import os

import assignment
import pytest
from browser import lab

from coursekit import cli
from coursekit.grading import cohort

pytestmark = pytest.mark.browser

SCRIPT = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A graded cohort of two, one of whom tries to run a script on the grader's page."""
    assignment.need_sandbox()
    folder = tmp_path_factory.mktemp("grades")
    master = assignment.write(folder / "masters")
    hostile = {
        **assignment.RIGHT,
        "task-1": f"print({SCRIPT!r})\n{assignment.RIGHT['task-1']}",
        "words": f"Order is lost. {SCRIPT} [here](javascript:window.ran=1)",
    }
    for name, texts in (("alice", assignment.RIGHT), ("mallory", hostile)):
        path = folder / "in" / name / "tiny.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(assignment.handed_in(master, texts))
    cohort.grade(master.path, [folder / "in"], folder / "grades", workers=1)
    return master, folder / "grades"


def table(folder):
    with (folder / "tiny.csv").open(encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_a_mark_by_hand_comes_into_the_table_and_stays(graded, chromium, tmp_path, screenshot, page):
    master, folder = graded
    hers = {"alice": "Adding up is blind", "mallory": "Order is lost"}
    assert {name: row["waits_for_manual"] for name, row in table(folder).items()} == dict.fromkeys(
        ("alice", "mallory"), "yes"
    )
    with lab.jupyterlab(folder, tmp_path) as server:
        page.goto(f"{server.url}lab?token={server.token}")  # lets the browser in
        for name, mark in (("alice", 4), ("mallory", 2.5)):
            page.goto(f"{server.url}formgrader/gradebook/tiny/tiny")
            page.get_by_text("Submission #", exact=False).first.wait_for()
            numbers = {}
            for link in page.locator("a[href*='/formgrader/submissions/']").all():
                numbers[link.get_attribute("href")] = None
            assert len(numbers) == 2
            for address in numbers:
                page.goto(f"{server.url.rstrip('/')}{address}")
                page.locator("input#words").wait_for()
                if page.get_by_text(hers[name]).count():
                    break
            assert page.get_by_text(hers[name]).count() == 1
            for link in page.get_by_text("here", exact=True).all():
                link.click()
            assert page.evaluate("window.ran") is None
            score = page.locator("input#words")
            with page.expect_response(lambda response: response.request.method == "PUT") as saved:
                score.fill(str(mark))
                score.blur()
            assert saved.value.ok
            screenshot(f"formgrader_{name}")
    assert cli.main(["grade", str(master.path), "--out", os.fspath(folder), "--quiet"]) == 0
    rows = table(folder)
    assert (rows["alice"]["score"], rows["alice"]["manual"]) == ("9", "4")
    assert (rows["mallory"]["score"], rows["mallory"]["automatic"]) == ("7.5", "5")
    assert {row["waits_for_manual"] for row in rows.values()} == {"no"}
    cohort.grade(master.path, [folder.parent / "in"], folder, workers=1, regrade=True)
    assert table(folder) == rows
