"""The page that each student gets back. Nothing of a submission can run in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from coursekit.grading.assignment import Assignment
from coursekit.grading.autograde import Mark
from coursekit.grading.rebuild import Note

# No script, no picture, nothing from elsewhere: whatever the page holds, a browser runs none of it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
pre { background: #f4f4f4; padding: .6rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; }
td, th { padding: .3rem .8rem; text-align: left; border-bottom: 1px solid #ccc;
vertical-align: top; } .reason { border-left: .3rem solid #b35900; padding-left: .8rem; }
"""


def page(
    assignment: Assignment,
    student: str,
    texts: Mapping[str, str],
    said: Mapping[str, str],
    marks: Sequence[Mark],
    reason: str,
    notes: Sequence[Note],
) -> str:
    """Make a student's page as HTML, with all texts of the student escaped.

    Args:
        assignment: the assignment.
        student: the name of the student.
        texts: the student's solution cells and written answers, by grade_id.
        said: printed text and error of each solution cell, by grade_id.
        marks: the marks of the tests.
        reason: the reason why there are no points, or empty.
        notes: remarks on how the file was read.
    """
    points, maximum = sum(mark.points for mark in marks), sum(mark.maximum for mark in marks)
    title = f"{assignment.name}: {student}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p><strong>{points:g} of {maximum:g} points</strong> by the tests.",
    ]
    by_hand = sum(cell.points for cell in assignment.written)
    if by_hand:
        parts.append(f" The written answer ({by_hand:g} points) is marked by a person.")
    parts.append("</p>")
    if reason:
        parts.append(f'<p class="reason">{escape(reason)}</p>')
    if notes:
        parts.append("<ul>" + "".join(f"<li>{escape(note.text)}</li>" for note in notes) + "</ul>")
    parts.append(_table(marks))
    for cell in assignment.cells:
        if cell.grade_id in texts:
            parts.append(f"<h2>{escape(cell.grade_id)}</h2><pre>{escape(texts[cell.grade_id])}</pre>")
            if said.get(cell.grade_id):
                parts.append(f"<p>It printed, or ended with:</p><pre>{escape(said[cell.grade_id])}</pre>")
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
