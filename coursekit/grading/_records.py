"""The records of what was graded: one small file for each student, and what holds for all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from coursekit._shared._files import atomic, write_text
from coursekit._shared._lock import sweep
from coursekit.grading._worker import Record
from coursekit.grading.assignment import Assignment
from coursekit.grading.autograde import Mark, Part
from coursekit.grading.late import Deadline
from coursekit.handin import Note

VERSION = 2  # of a record


@dataclass(frozen=True)
class Rules:
    """What holds for all submissions to an assignment.

    Attributes:
        deadline: when it is due, and what lateness costs; None is no deadline.
        attempts: which of several attempts counts: "latest", or "best" (after the penalty).
    """

    deadline: Deadline | None = None
    attempts: str = "latest"


class Records:
    """The records of an assignment in a folder.

    Args:
        folder: the course's folder for the gradebook.
        assignment: the assignment.
    """

    def __init__(self, folder: Path, assignment: Assignment) -> None:
        self.folder = folder / "records" / assignment.name
        self.folder.mkdir(parents=True, exist_ok=True)
        sweep(self.folder)
        self._rules = self.folder.with_suffix(".json")

    def all(self) -> dict[str, Record]:
        """The records of earlier runs, by student. A record that cannot be read counts as none."""
        records = {}
        for path in sorted(self.folder.glob("*.json")):
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                if content.pop("version") == VERSION:
                    records[content["student"]] = _record(content)
            except (ValueError, TypeError, KeyError, AttributeError):
                continue
        return records

    def write(self, record: Record) -> None:
        """Write a record, whole or not at all."""
        with atomic(self.folder / f"{record.student}.json") as part:
            part.write_text(json.dumps({"version": VERSION, **asdict(record)}), encoding="utf-8")

    def rules(self) -> Rules:
        """The rules that an earlier run kept; the usual ones if there was none."""
        try:
            content = json.loads(self._rules.read_text(encoding="utf-8"))
            deadline = content["deadline"]
            return Rules(Deadline(**deadline) if deadline else None, content["attempts"])
        except (OSError, ValueError, TypeError, KeyError):
            return Rules()

    def keep(self, rules: Rules) -> None:
        """Keep the rules for later runs."""
        write_text(self._rules, json.dumps(asdict(rules)))


def _record(content: Mapping[str, Any]) -> Record:
    lists = {
        "marks": tuple(map(_mark, content["marks"])),
        "notes": tuple(Note(**note) for note in content["notes"]),
        "attempts": tuple(content["attempts"]),
    }
    return Record(**{**content, **lists})


def _mark(content: Mapping[str, Any]) -> Mark:
    return Mark(**{**content, "parts": tuple(Part(**part) for part in content["parts"])})
