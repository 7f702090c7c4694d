"""Names of tests that a person understands who has never seen their code."""

from __future__ import annotations

import re
from collections.abc import Mapping

from coursekit.grading._tasks import particular, without_points
from coursekit.grading.assignment import Assignment

_HEADING = re.compile(r"^##+ +(.+)$", re.MULTILINE)


def of_assignment(assignment: Assignment) -> str:
    """The title of an assignment: the first heading of its notebook, or else its name."""
    for cell in assignment.cells:
        title = re.search(r"^# +(.+)$", cell.source, re.MULTILINE) if cell.kind == "text" else None
        if title:
            return title[1].strip()
    return assignment.name


def of_tests(assignment: Assignment) -> Mapping[str, str]:
    """The title of each test and each written question, by grade_id, in the assignment's order.

    It is the heading above the cell, without its points. Where several tests stand under one heading, what is
    particular of the grade_id follows: `task-2-causal` below "Task 2: the convolution (6 points)" is
    "Task 2: the convolution (causal)".
    """
    above: dict[str, str] = {}
    heading, task = "", ""
    for cell in assignment.cells:
        headings = _HEADING.findall(cell.source) if cell.kind == "text" else []
        if headings:
            heading, task = without_points(headings[-1].strip()), ""
        elif cell.kind == "solution":
            task = cell.grade_id
        elif cell.kind in ("test", "written"):
            above[cell.grade_id] = heading or task or cell.grade_id
    listed = list(above.values())
    return {
        grade_id: f"{title} ({particular(grade_id) or grade_id})" if listed.count(title) > 1 else title
        for grade_id, title in above.items()
    }
