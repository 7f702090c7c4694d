"""A made-up class of any size for the reports, and what all their pages must keep."""

import random
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbformat.v4 import new_markdown_cell
from support import assignment

from coursekit.grading._worker import Record
from coursekit.grading.assignment import Assignment
from coursekit.grading.autograde import Mark, Part
from coursekit.grading.gradebook import Total
from coursekit.handin import Note

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\x00\u202e\x1b[31m"
FIRST = ("Jane", "Ravi", "Mei", "Tom", "Aïcha", "Jürgen", "Olu", "Lena", "Marta", "Sam")
LAST = ("Doe", "Rao", "Lin", "Berg", "Diallo", "Groß", "Ade", "Voss", "Nowak", "Lee", "Kim", "Sá")
MESSAGES = {
    "mean": (
        "mean_frame(clip): expected a float32 tensor of shape (3, 3), got a float32 tensor of shape (4, 3): "
        "another axis",
        "mean_frame(clip): expected a float32 tensor of shape (3, 3), got a float32 tensor of shape (3, 3): "
        "the values differ, most at [0, 2]: expected 0.51, got 0.9.",
        'NotImplementedError: task 1 (line 3)',
    ),
    "sizes": (
        "output_size(9, 3): expected 7, got 6: one place is missing",
        "output_size(8, 3): expected 6, got 5: one place is missing",
        "ZeroDivisionError: division by zero (line 2)",
    ),
    "stride": ("output_size(10, 4, stride=3): expected 3, got 7",),
}  # fmt: skip


class Class:
    """The results of a class."""

    def __init__(self, number: int, master: Assignment, seed: int = 0) -> None:
        draw = random.Random(seed)
        self.assignment = master
        self.records = [self._record(place, draw) for place in range(number)]
        self.totals = {record.student: self._total(record, draw) for record in self.records}
        self.failed = {"zip_bomb": "the archive is larger than 200 MB"} if number > 3 else {}

    def _record(self, place: int, draw: random.Random) -> Record:
        name = f"{FIRST[place % len(FIRST)]} {LAST[place // len(FIRST) % len(LAST)]}"
        if place >= len(FIRST) * len(LAST):
            name += f" {place}"
        skill = draw.random()
        marks = (self._mean(skill, draw), self._size(skill, draw))
        notes = []
        if place % 9 == 4:
            notes.append(Note("outside", "the marked cell task-1 uses helper of cell 7, which is not graded"))
        if place % 13 == 5:
            notes.append(Note("written", "the marked cell of the answer words is empty or missing"))
        return Record(
            student=name.replace(" ", "_"), source=f"in/{name}/tiny.ipynb", digest=f"{place:064x}",
            master=self.assignment.digest, marks=marks, notes=tuple(notes),
            texts={"task-1": assignment.RIGHT["task-1"], "words": f"Because of {name}."},
            seconds=draw.lognormvariate(0, 0.7), memory=int(draw.lognormvariate(4, 0.6)) << 20, name=name,
        )  # fmt: skip

    def _mean(self, skill: float, draw: random.Random) -> Mark:
        message = "" if draw.random() < 0.3 + 0.7 * skill else draw.choice(MESSAGES["mean"])
        return Mark("task-1-test", 0.0 if message else 2.0, 2.0, message)

    def _size(self, skill: float, draw: random.Random) -> Mark:
        parts = []
        for name, points, hard in (("sizes", 2.0, 0.2), ("stride", 1.0, 0.5)):
            message = "" if draw.random() > hard * (1.3 - skill) else draw.choice(MESSAGES[name])
            parts.append(Part(name, 0.0 if message else points, points, message))
        text = "\n".join(part.message for part in parts if part.message)
        return Mark("task-2-test", sum(part.points for part in parts), 3.0, text, tuple(parts))

    def _total(self, record: Record, draw: random.Random) -> Total:
        waits = draw.random() < 0.5
        by_hand = 0.0 if waits else float(draw.randint(0, 8)) / 2
        return Total(record.student, record.points + by_hand, 9.0, record.points, by_hand, waits)

    def change(self, place: int, **about: object) -> Record:
        """Replace something of one record."""
        self.records[place] = replace(self.records[place], **about)
        return self.records[place]


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return make_master(tmp_path_factory.mktemp("masters"))


@pytest.fixture
def of(master: Assignment) -> Callable[[int], Class]:
    """A class of so many students."""
    return lambda number: Class(number, master)


@pytest.fixture
def alone(of: Callable[[int], Class]) -> Class:
    """A class of one student who did everything right and has all marks: there is nothing to look at."""
    made = of(1)
    full = (Mark("task-1-test", 2.0, 2.0, ""), Mark("task-2-test", 3.0, 3.0, ""))
    record = made.change(0, marks=full, notes=(), seconds=1.0)
    made.totals[record.student] = Total(record.student, 9.0, 9.0, 5.0, 4.0, False)
    return made


def make_master(folder: Path) -> Assignment:
    """The tiny assignment of tests with headings, as those of the course have them."""
    cells = assignment.cells()
    for cell in cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if grade_id.startswith("test-"):
            cell.metadata["nbgrader"]["grade_id"] = f"{grade_id.replace('test', 'task')}-test"
    cells.insert(2, new_markdown_cell("## Task 1: the mean of the frames (2 points)", id="h1"))
    cells.insert(6, new_markdown_cell("## Task 2: how many places? (3 points)", id="h2"))
    cells.insert(9, new_markdown_cell("## Task 3: in your own words (4 points)", id="h3"))
    return assignment.write(folder, made=cells)


class _Reader(HTMLParser):
    """Notes what a browser would run or load."""

    def __init__(self) -> None:
        super().__init__()
        self.active: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if tag in ("script", "img", "iframe", "object", "embed", "link", "form", "input", "video"):
            self.active.append(tag)
        self.active += [name for name in about if name.startswith("on")]
        self.ids += [value for name, value in attrs if name == "id" and value]
        href = about.get("href") or ""
        if href.startswith("#"):
            self.targets.append(href[1:])
        elif re.match(r"(?i)\s*[a-z+.-]+:|//", href):
            self.active.append(href)


def check_page(text: str) -> None:
    """Nothing can run in a page, each id is there once, and each inner link leads somewhere."""
    reader = _Reader()
    reader.feed(text)
    assert reader.active == []
    assert len(reader.ids) == len(set(reader.ids))
    assert set(reader.targets) <= set(reader.ids)
    assert "default-src 'none'" in text
    assert "\x00" not in text and "\x1b" not in text and "\u202e" not in text
