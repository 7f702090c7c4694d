"""The page for those who mark: how to come to the answers, and each question with its model answer."""

from __future__ import annotations

import re

from coursekit.grading import _markdown, _tasks
from coursekit.grading._points import of
from coursekit.grading._tasks import Task
from coursekit.grading.assignment import Assignment, Cell
from coursekit.grading.reports import html, titles
from coursekit.grading.reports.html import Html, join, tag

_SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)\n?### END SOLUTION", re.DOTALL)
STYLE = """
section { border-top: 1px solid var(--line); margin-top: 2rem; } section > h2 { margin-top: 1rem; }
.points { font-weight: normal; color: var(--soft); }
"""


def page(assignment: Assignment) -> str:
    """Make the page as HTML."""
    written = [(task, cell) for task in _tasks.tasks(assignment) for cell in task.of_kind("written")]
    sections = (
        tag(
            "section",
            tag("h2", task.title, " ", tag("span", f"({of(cell.points)})", class_="points")),
            tag("h3", "The question"),
            _rendered(_question(task, cell)),
            tag("h3", "The model answer"),
            _rendered("\n\n".join(_SOLUTION.findall(cell.source))),
        )
        for task, cell in written
    )
    title = f"{titles.of_assignment(assignment)} \N{EN DASH} marking"
    return html.page(title, _how_to_mark(assignment), *sections, style=STYLE)


def _question(task: Task, cell: Cell) -> str:
    """The text of a task without its heading, and what stands around the model answer in its cell."""
    return re.sub(r"^#.*\n?", "", task.text) + "\n\n" + _SOLUTION.sub("", cell.source)


def _rendered(markdown: str) -> Html:
    return Html(_markdown.to_html(markdown.strip()))


def _how_to_mark(assignment: Assignment) -> Html:
    """How to come to the answers in formgrader."""
    steps = (
        join(["In the folder of the gradebook, start ", tag("code", "jupyter lab"), "."]),
        "Open the menu Nbgrader, then Formgrader, then Manual Grading.",
        join(["Choose ", tag("code", assignment.name), " twice: the assignment, and its notebook."]),
        "Open a submission, and write the points and a comment beside the answer. They are saved at once.",
        "The key Tab leads to the next field; the arrows at the top lead to the next submission.",
    )
    return join((
        tag("h2", "How to mark"),
        tag("ol", *(tag("li", step) for step in steps)),
        tag(
            "p",
            "In Manual Grading, formgrader shows numbers in place of names, until you click the eye beside a "
            "number or Show All Names. Manage Submissions and Manage Students show names. If a student wrote "
            "a name into an answer, you see it.",
        ),
        tag(
            "p",
            "An answer that has changed since it was marked waits again, and its old points do not count. "
            "Marks and comments reach the students' pages when you start coursekit grade again.",
        ),
    ))  # fmt: skip
