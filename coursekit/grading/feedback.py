"""What a student gets back: one page for each, in which nothing of a submission can run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from coursekit.grading.assignment import Master
from coursekit.grading.autograde import Mark

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
    master: Master,
    student: str,
    texts: Mapping[str, str],
    said: Mapping[str, str],
    marks: Sequence[Mark],
    reason: str,
    notes: Sequence[str],
) -> str:
    """The page as HTML, with all that came from the student escaped.

    Args:
        master: the assignment.
        student: the name of the student.
        texts: of the solution cells and written answers, by grade_id.
        said: what each solution cell printed, or the error it ended with.
        marks: of the tests.
        reason: why all is 0, where it is.
        notes: what the student should know of how the file was read.
    """
    got, most = sum(mark.points for mark in marks), sum(mark.maximum for mark in marks)
    title = f"{master.name}: {student}"
    parts = [f"<h1>{escape(title)}</h1>", f"<p><strong>{got:g} of {most:g} points</strong> by the tests."]
    by_hand = sum(cell.points for cell in master.written)
    if by_hand:
        parts.append(f" The written answer ({by_hand:g} points) is marked by a person.")
    parts.append("</p>")
    if reason:
        parts.append(f'<p class="reason">{escape(reason)}</p>')
    if notes:
        parts.append("<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>")
    parts.append(_table(marks))
    for cell in master.cells:
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
