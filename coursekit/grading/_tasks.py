"""The tasks of an assignment, each with its heading and its cells, and what to read again about it."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from coursekit.grading.assignment import Assignment, Cell

# Sections of a lecture's notebook that explain nothing.
_NO_LESSON = ("Where you are", "The lecture, claim", "Summary", "Exercise", "References")
LIKE = 0.2  # the cosine of the words of a section and of a task's text, from which the section is named
MORE = 1.35  # times the cosine of the next section
_POINTS = re.compile(r" *\([^()]*\bpoints?\b[^()]*\) *$")


def without_points(heading: str) -> str:
    """A heading without its points: "Task 2: the convolution" of "Task 2: the convolution (6 points)"."""
    return _POINTS.sub("", heading)


def particular(grade_id: str) -> str:
    """What a grade_id says beside the number of its task: "causal" of task-2-causal; empty if nothing."""
    return re.sub(r"^task-?\d*-?", "", grade_id).replace("-", " ").replace("_", " ").strip()


@dataclass(frozen=True)
class Task:
    """A part of an assignment below one heading.

    `text` is Markdown; `cells` are the solutions, the tests and the written answers, in order.
    """

    title: str
    text: str
    cells: tuple[Cell, ...] = field(default=())

    def of_kind(self, kind: str) -> list[Cell]:
        """Its cells of a kind: solution, test or written."""
        return [cell for cell in self.cells if cell.kind == kind]


def tasks(assignment: Assignment) -> list[Task]:
    """The tasks, in the order of the assignment. Without headings, each solution begins a task."""
    found: list[Task] = []
    title, texts, cells = "", [], []  # type: tuple[str, list[str], list[Cell]]
    for cell in assignment.cells:
        heading = re.match(r"## +(.+)", cell.source) if cell.kind == "text" else None
        begins = cell.kind in ("solution", "written") and not title
        if (heading or begins) and cells:
            found.append(_task(title, texts, cells))
            title, texts, cells = "", [], []
        if heading:
            title, texts = heading[1], []
        if cell.kind == "text":
            texts.append(cell.source)
        elif cell.kind != "code":
            cells.append(cell)
    return [*found, _task(title, texts, cells)] if cells else found


def _task(title: str, texts: list[str], cells: list[Cell]) -> Task:
    own = cells[0].grade_id.replace("-", " ").replace("_", " ").capitalize()
    return Task(without_points(_words(title)) or own, "\n\n".join(texts), tuple(cells))


def check_title(cell: Cell, task: Task) -> str:
    """What a test is called: as the visible checks call it when they pass, without the number of the task."""
    said = re.search(r"""check\.passed\(["'](?:Task \d+[,:]? *)?([^"']*)["']\)""", cell.source)
    if said and said[1].strip():
        return _capital(said[1].strip())
    own = particular(cell.grade_id)
    return _capital(own) if own and len(task.of_kind("test")) > 1 else "The checks"


def follows(assignment: Assignment) -> str:
    """The notebook that an assignment follows, as its first cell says: "notebook 03, Convolution ..."."""
    line = re.search(r"\*\*Follows\*\* +(notebook \d+(?:, \*[^*]+\*)?)", assignment.cells[0].source)
    return _words(line[1]) if line else ""


@cache
def sections(assignment: Assignment) -> Mapping[str, str]:
    """The section of that notebook to read again for each task, by the task's title.

    It is the section whose heading the task's text names, or else the one that is most like the text. A task
    for which several are about as like has none, and so has one of which the notebook is not found.
    """
    lesson = _lesson(assignment)
    if len(lesson) < 2:
        return {}
    weights = {
        word: math.log(len(lesson) / count)
        for word, count in Counter(w for text in lesson.values() for w in set(_terms(text))).items()
    }
    vectors = {title: _vector(f"{title} {title} {title} {text}", weights) for title, text in lesson.items()}
    chosen = {}
    for task in tasks(assignment):
        text = "\n".join([task.text, *(cell.source for cell in task.of_kind("solution"))])
        named = [title for title in lesson if f"*{title}*" in task.text or f'"{title}"' in task.text]
        query = _vector(text, weights)
        likeness = {title: _dot(query, vector) for title, vector in vectors.items()}
        first, second = sorted(likeness.values(), reverse=True)[:2]
        if named:
            chosen[task.title] = named[0]
        elif first >= max(LIKE, MORE * second):
            chosen[task.title] = max(likeness, key=lambda title: likeness[title])
    return {task: _words(title) for task, title in chosen.items()}


def _lesson(assignment: Assignment) -> dict[str, str]:
    """The text of each section of the notebook that an assignment follows, by its heading."""
    number = re.search(r"notebook (\d+)", follows(assignment))
    folder = assignment.path.resolve().parent.parent.parent  # .../notebooks/assignments/NAME/NAME.ipynb
    paths = sorted(folder.glob(f"{number[1]}_*.ipynb")) if number else []
    found: dict[str, str] = {}
    title = ""
    for line in _lines(paths[0]) if paths else ():
        if line.startswith("## "):
            title = "" if line[3:].startswith(_NO_LESSON) else line[3:].strip()
        if title:
            found[title] = f"{found.get(title, '')}\n{line}"
    return found


def _lines(path: Path) -> Iterator[str]:
    """The lines of a notebook's cells; comments of code never look like a heading of the second level."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            for line in "".join(cell["source"]).split("\n"):
                yield line if cell["cell_type"] == "markdown" else line.lstrip("#")
    except (OSError, ValueError, KeyError, TypeError):
        return


def _terms(text: str) -> list[str]:
    return re.findall(r"[a-z_]{3,}", text.lower())


def _vector(text: str, weights: Mapping[str, float]) -> dict[str, float]:
    """The words of a text, each with its weight; the vector has the length 1."""
    counts = Counter(word for word in _terms(text) if word in weights)
    vector = {word: (1 + math.log(count)) * weights[word] for word, count in counts.items()}
    length = math.hypot(*vector.values()) or 1.0
    return {word: value / length for word, value in vector.items()}


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(value * other.get(word, 0.0) for word, value in one.items())


def _words(markdown: str) -> str:
    """A line of Markdown without its marks."""
    return re.sub(r"[*`]", "", markdown).strip()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
