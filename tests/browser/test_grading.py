"""As a new instructor: publish, let students hand in three ways, grade, mark in formgrader, export."""

import csv
import json
import os
import zipfile

import nbformat
import pytest
from support import assignment, lab

from coursekit import cli
from coursekit.grading.assignment import find, read
from tools.publish import student

pytestmark = pytest.mark.browser

NAME = "conv3d"
SCRIPT = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"
ANSWERS = {
    "alice": "Adding up is blind to order: `x[::-1]` if `a < b`, and $a<b$.\n\n```python\nx = y[0] < 1\n```",
    "Bob_Smith_4711": "A kernel is a <b>pattern</b>; &lt;i&gt; ![map](http://127.0.0.1:9/p.png) <http://x.org>",
    "carol": "It sees the slant.",
    "mallory": f"Order is lost. {SCRIPT} [here](javascript:window.ran=1) "
    "$\\href{javascript:window.ran=1}{x}$ <svg onload='window.ran = 1'></svg>\n\n"
    "```mermaid\n<img src=x onerror='window.ran = 1'>\n```",
}
SHOWN = {  # as formgrader shows it
    "alice": ["blind to order: x[::-1] if a < b, and $a<b$.", "x = y[0] < 1"],
    "Bob_Smith_4711": ["<b>pattern</b>; &lt;i&gt; [picture: map] (http://127.0.0.1:9/p.png) http://x.org"],
    "carol": ["It sees the slant."],
    "mallory": [f"{SCRIPT} here (javascript:window.ran=1)", "<img src=x onerror='window.ran = 1'>"],
}


def solved(tree, texts):
    """The published notebook with texts of some cells in place of its own."""
    path = tree / "notebooks" / "assignments" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = texts.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    return notebook


def from_colab(notebook):
    """As Colab saves it: cells' ids in the metadata, sources as lists, nbformat 4.0."""
    content = json.loads(nbformat.writes(notebook))
    for cell in content["cells"]:
        cell["metadata"] = {"id": cell.pop("id")}
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
    content.update(
        nbformat_minor=0, metadata={"colab": {"provenance": []}, "kernelspec": {"name": "python3"}}
    )
    return json.dumps(content)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The folders of an instructor who has published, collected and graded."""
    assignment.need_sandbox()
    folder = tmp_path_factory.mktemp("school")
    student.publish(folder / "student", "school/videos")
    master = read(find(NAME))
    reference = {cell.grade_id: cell.source for cell in master.cells if cell.kind == "solution"}
    made = {
        name: solved(folder / "student", {**reference, master.written[0].grade_id: text})
        for name, text in ANSWERS.items()
    }
    stub = solved(folder / "student", {}).cells
    for cell, untouched in zip(made["carol"].cells, stub, strict=True):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "task-1":
            cell.source = untouched.source  # carol leaves out task 1
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "task-2":
            cell.source = f"print({SCRIPT!r})\n{cell.source}"
    path = folder / "in" / "alice" / f"{NAME}.ipynb"  # JupyterLab, a shared folder
    path.parent.mkdir(parents=True)
    nbformat.write(made["alice"], path)
    with zipfile.ZipFile(folder / "moodle.zip", "w") as archive:  # a learning platform's download
        for name in ("Bob_Smith_4711", "mallory"):
            inside = f"{name.replace('_', ' ', 1)}_assignsubmission_file_/{NAME}.ipynb"
            archive.writestr(inside, nbformat.writes(made[name]))
    (folder / f"{NAME}.ipynb").write_text(from_colab(made["carol"]))  # Colab, by mail
    assert grade(master, folder, folder / "in", folder / "moodle.zip") == 0
    assert grade(master, folder, folder / f"{NAME}.ipynb", "--student", "carol") == 0
    return master, folder


def grade(master, folder, *arguments):
    options = ["--out", os.fspath(folder / "grades"), "--workers", "1", "--quiet"]
    return cli.main(["grade", str(master.path), *map(str, arguments), *options])


def table(folder):
    with (folder / "grades" / f"{NAME}.csv").open(encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_from_publishing_to_the_exported_marks(graded, chromium, tmp_path, screenshot, page):
    master, folder = graded
    rows = table(folder)
    task_1 = sum(test.points for test in master.tests if test.grade_id.startswith("task-1"))
    points = {name: f"{master.points - (task_1 if name == 'carol' else 0):g}" for name in ANSWERS}
    assert {name: row["automatic"] for name, row in rows.items()} == points
    assert {row["waits_for_manual"] for row in rows.values()} == {"yes"}
    marks = {"alice": 4, "Bob_Smith_4711": 3, "carol": 0, "mallory": 2.5}
    with lab.jupyterlab(folder / "grades", tmp_path, instructor=True) as server:
        page.goto(f"{server.url}lab?token={server.token}")  # lets the browser in
        page.goto(f"{server.url}formgrader/gradebook/{NAME}/{NAME}")
        page.get_by_text("Submission #", exact=False).first.wait_for()
        links = page.locator("a[href*='/formgrader/submissions/']").all()
        addresses = {link.get_attribute("href") for link in links}
        assert not any(page.get_by_text(name).filter(visible=True).count() for name in ANSWERS)
        assert len(addresses) == len(ANSWERS)
        for address in addresses:
            page.goto(f"{server.url.rstrip('/')}{address}")
            score = page.locator(f"input#{master.written[0].grade_id}")
            score.wait_for()
            (name,) = (name for name, text in ANSWERS.items() if page.get_by_text(text[:14]).count())
            answer = page.locator(".nbgrader_cell", has=score).locator(".text_cell_render")
            shown = " ".join(answer.text_content().split())
            assert all(" ".join(text.split()) in shown for text in SHOWN[name]), shown
            assert answer.locator("a, img, script, svg, iframe, [onerror], [onload]").count() == 0
            assert page.get_by_text(name).filter(visible=True).count() == 0  # markers see no names
            page.wait_for_timeout(300)
            assert page.evaluate("window.ran") is None
            with page.expect_response(lambda response: response.request.method == "PUT") as saved:
                score.fill(str(marks[name]))
                score.blur()
            assert saved.value.ok
            answer.scroll_into_view_if_needed()
            screenshot(f"formgrader_{name}")
    assert grade(master, folder) == 0  # the export
    rows = table(folder)
    for name, mark in marks.items():
        assert rows[name]["manual"] == f"{mark:g}"
        assert rows[name]["score"] == f"{float(points[name]) + mark:g}"
        assert rows[name]["waits_for_manual"] == "no"
    assert grade(master, folder, folder / "in", folder / "moodle.zip", "--regrade") == 0
    assert table(folder) == rows


def test_the_page_of_a_student_runs_nothing(graded, page, screenshot):
    _, folder = graded
    page.goto(f"file://{folder / 'grades' / 'feedback' / 'carol' / NAME / NAME}.html")
    assert page.get_by_text(SCRIPT).count()
    assert page.evaluate("window.ran") is None
    assert page.get_by_text("NotImplementedError: task 1").count()
    assert page.locator("script, img, iframe").count() == 0
    links = page.locator("a").evaluate_all("links => links.map(each => each.getAttribute('href'))")
    assert links and all(link.startswith("#") for link in links)  # to places on the page itself
    screenshot("feedback_carol")
