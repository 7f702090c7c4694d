"""The page that each student gets back. Nothing of a submission can run in it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from coursekit.grading.assignment import Assignment
from coursekit.grading.autograde import Mark

if TYPE_CHECKING:
    from coursekit.grading._worker import Record
    from coursekit.grading.gradebook import Total

# No script, no picture, nothing from elsewhere: whatever the page holds, a browser runs none of it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
pre { background: #f4f4f4; padding: .6rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; }
td, th { padding: .3rem .8rem; text-align: left; border-bottom: 1px solid #ccc;
vertical-align: top; } .reason { border-left: .3rem solid #b35900; padding-left: .8rem; }
"""


def page(assignment: Assignment, record: Record, total: Total | None = None) -> str:
    """Make a student's page as HTML, with all texts of the student escaped.

    Args:
        assignment: the assignment.
        record: the result of grading the student's submission.
        total: the student's marks in the gradebook, with those given by hand; None is not known.
    """
    maximum = sum(mark.maximum for mark in record.marks)
    title = f"{assignment.name}: {record.name or record.student}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p><strong>{record.points:g} of {maximum:g} points</strong> by the tests.</p>",
    ]
    for mark in total.by_hand if total else ():
        points = (
            "waits for a person" if mark.points is None else f"{mark.points:g} of {mark.maximum:g} points"
        )
        parts.append(f"<p>{escape(mark.grade_id)}: {points}</p><p>{escape(mark.comment)}</p>")
    if record.reason:
        parts.append(f'<p class="reason">{escape(record.reason)}</p>')
    if record.notes:
        parts.append("<ul>" + "".join(f"<li>{escape(note.text)}</li>" for note in record.notes) + "</ul>")
    parts.append(_table(record.marks))
    for cell in assignment.cells:
        if cell.grade_id in record.texts:
            parts.append(f"<h2>{escape(cell.grade_id)}</h2><pre>{escape(record.texts[cell.grade_id])}</pre>")
            if record.said.get(cell.grade_id):
                parts.append(
                    f"<p>It printed, or ended with:</p><pre>{escape(record.said[cell.grade_id])}</pre>"
                )
    return _framed(title, parts)


def rubric(assignment: Assignment) -> str:
    """Make the page for those who mark the written answers: the questions and the model answers, as HTML.

    Args:
        assignment: the assignment.
    """
    title = f"{assignment.name}: marking the written answers"
    parts = [f"<h1>{escape(title)}</h1>"]
    for cell in assignment.written:
        parts.append(
            f"<h2>{escape(cell.grade_id)} ({cell.points:g} points)</h2><pre>{escape(cell.source)}</pre>"
        )
    return _framed(title, parts)


def _framed(title: str, parts: Sequence[str]) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n{chr(10).join(parts)}\n</body></html>\n"
    )


def _table(marks: Sequence[Mark]) -> str:
    rows = "".join(
        f"<tr><td>{escape(mark.grade_id)}</td><td>{mark.points:g} of {mark.maximum:g}</td>"
        f"<td>{escape(mark.message) or 'passed'}</td></tr>"
        for mark in marks
    )
    return f"<table><tr><th>test</th><th>points</th><th>what was found</th></tr>{rows}</table>"
