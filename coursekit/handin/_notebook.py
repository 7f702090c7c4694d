"""Reads the cells of a notebook, whatever version of the format it has.

A file that is no notebook becomes a reason that the student understands, never an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from coursekit._shared._text import legible

NOTEBOOK = 20 << 20  # bytes of a notebook
CELLS = 5_000  # of a notebook
_ITSELF = "hand in the .ipynb file itself"


def notebook_cells(data: bytes) -> tuple[list[dict[str, Any]], str]:
    """The cells of a notebook of any version of the format, or the reason why there are none."""
    if len(data) > NOTEBOOK:
        return [], too_large("the notebook", NOTEBOOK)
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        notebook = json.loads(text, parse_int=float)  # an int of a million digits would take its time
    except (ValueError, RecursionError) as error:
        return [], _no_notebook(data, error)
    if not isinstance(notebook, dict):
        return [], f"the file is no notebook: save it, and {_ITSELF}"
    language = _language(notebook)
    if language and language != "python":
        return [], f"the notebook's kernel is of {legible(language[:50])}, not of Python"
    cells = notebook.get("cells")
    if not isinstance(cells, list):  # nbformat 3 has them in worksheets
        sheets = _list(notebook.get("worksheets"))
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
    cells = [cell for cell in cells if isinstance(cell, dict)]
    if len(cells) > CELLS:
        return [], f"the notebook has more than {CELLS:,} cells"
    return cells, "" if cells else "the notebook has no cells"


def _no_notebook(data: bytes, error: Exception) -> str:
    """Why the bytes of a file are no JSON."""
    if not data.strip():
        return "the file is empty"
    if data.lstrip().startswith(b"<"):
        return "the file is a web page, no notebook: download the .ipynb file, and hand in that"
    if data.startswith(b"PK\x03\x04"):
        return f"the file is a zip, no notebook: unpack it, and {_ITSELF}"
    if data.startswith(b"%PDF"):
        return f"the file is a PDF, no notebook: {_ITSELF}"
    if isinstance(error, UnicodeDecodeError):
        return f"the file is no notebook, because it holds no text: {_ITSELF}"
    return f"the file is no notebook ({first_line(error)}): save it, and {_ITSELF}"


def _language(notebook: Mapping[str, Any]) -> str:
    metadata = _dict(notebook.get("metadata"))
    for part, name in (("language_info", "name"), ("kernelspec", "language")):
        value = _dict(metadata.get(part)).get(name)
        if isinstance(value, str) and value:
            return "python" if "python" in value.lower() else value.lower()
    return ""


def cell_source(cell: Mapping[str, Any]) -> str:
    """The text of a cell."""
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return legible(source) if isinstance(source, str) else ""


def cell_grade_id(cell: Mapping[str, Any]) -> str:
    """The grade_id of a cell, which is nbgrader's name of it; empty if it has none."""
    value = _dict(_dict(cell.get("metadata")).get("nbgrader")).get("grade_id")
    return value if isinstance(value, str) else ""


def cell_ids(cell: Mapping[str, Any]) -> list[str]:
    """The names of a cell in the notebook's format, and in Colab's metadata."""
    names = (cell.get("id"), _dict(cell.get("metadata")).get("id"))
    return [name for name in names if isinstance(name, str)]


def is_code(cell: Mapping[str, Any]) -> bool:
    """Whether a cell holds code."""
    return bool(cell.get("cell_type", "code") == "code")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def first_line(error: BaseException) -> str:
    """The first line of an error's message, at most 120 characters."""
    return (str(error).split("\n")[0] or type(error).__name__)[:120]


def too_large(name: str, limit: int) -> str:
    """The reason why a file of more than `limit` bytes is not read."""
    return f"{name} is larger than {limit >> 20} MB: clear its outputs and hand it in again"
