"""A small class that hands in, and its grading in the process of the tests."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from coursekit.grading import batch
from coursekit.grading._worker import Grader
from coursekit.grading.assignment import Assignment
from coursekit.grading.batch import Summary
from coursekit.grading.sandbox import Limits
from support import assignment

LIMITS = Limits(wall=9, cell=3, seconds=9, memory=512 << 20)
GRADERS: dict[tuple[Assignment, Limits], Grader] = {}  # of this process: several runs share a sandbox


def hand_in(folder: Path, master: Assignment, given: Mapping[str, Mapping[str, str] | bytes]) -> Path:
    """Write submissions as students' folders; the one of zoe is a zip."""
    for student, texts in given.items():
        path = folder / student / "tiny.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(texts if isinstance(texts, bytes) else assignment.handed_in(master, texts))
    return folder


def grade(master: Assignment, paths: list[Path], out: Path, **more: Any) -> Summary:
    """Grade in this process, or with workers where they are asked for."""
    with pytest.MonkeyPatch.context() as patch:
        if not more.keys() & {"workers", "scheduler"}:
            patch.setattr(batch, "each", grade_here)
        return batch.grade(master.path, paths, out, limits=LIMITS, **more)


def grade_here(
    work: Any, jobs: list[Any], settings: Any, *, plugins: dict[str, Grader], **_: Any
) -> Iterator[tuple[int, Any]]:
    """Does what `each` does, in this process."""
    (grader,) = plugins.values()
    key = grader.assignment, grader.limits
    if key not in GRADERS:
        grader.setup()
        GRADERS[key] = grader
    yield from ((number, GRADERS[key].grade(job)) for number, job in enumerate(jobs))


def by_hand(out: Path, student: str, score: float, comment: str = "") -> None:
    """What formgrader does when a person marks the written answer."""
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        grade = book.find_grade("words", "tiny", "tiny", student)
        grade.manual_score, grade.needs_manual_grade = score, False
        if comment:
            book.find_comment("words", "tiny", "tiny", student).manual_comment = comment
        book.db.commit()


def close() -> None:
    """End the sandboxes of this process."""
    for grader in GRADERS.values():
        grader.close()
    GRADERS.clear()
