"""What a dask worker does with submissions: it grades one after the other, with one judge and one sandbox."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

from coursekit.grading import sandbox
from coursekit.grading.assignment import Assignment
from coursekit.grading.autograde import Judge, Mark, Plan
from coursekit.grading.collect import Submission
from coursekit.grading.rebuild import rebuild
from coursekit.grading.sandbox import Limits, Result, Sandbox, SandboxError
from coursekit.handin import Note, defined

ERROR = 400  # characters of a cell's error in a mark's message


@dataclass(frozen=True)
class Record:
    """The result of grading one submission.

    `digest` is the submission's, `master` is the digest of the master notebook that it was graded with.
    """

    student: str
    source: str
    digest: str
    master: str
    marks: tuple[Mark, ...]
    reason: str = ""
    notes: tuple[Note, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)  # printed text and error of each solution cell
    seconds: float = 0.0  # processor time that its code took
    memory: int = 0  # bytes that its code held at most, beyond the imported libraries
    name: str = ""  # of the student, as it was handed in
    ids: Mapping[str, str] = field(default_factory=dict)  # the student's number, by learning platform
    when: float | None = None  # POSIX time of handing in
    clock: str = ""  # what tells it: "platform", "archive", "file" or "instructor"
    late: bool = False  # the learning platform says so
    attempts: tuple[str, ...] = ()  # digests of all attempts from which this one was chosen

    @property
    def points(self) -> float:
        """The points of all tests together."""
        return sum(mark.points for mark in self.marks)


class Grader(WorkerPlugin):
    """Grades submissions on a worker. It holds the worker's judge and sandbox until the run ends.

    dask copies it to each worker, and gives it to a worker that takes the place of one that died.

    Args:
        assignment: the assignment.
        release: the text of each solution cell and written answer as students got it.
        limits: the limits of one submission.
    """

    def __init__(self, assignment: Assignment, release: Mapping[str, str], limits: Limits) -> None:
        self.name = f"coursekit-grading-{uuid.uuid4().hex}"  # there may be several runs on one scheduler
        self.assignment, self.release, self.limits = assignment, release, limits

    def setup(self, worker: Worker | None = None) -> None:
        """Begin on a worker. The judge and the sandbox start with the first submission."""
        self._one_at_a_time = threading.Lock()  # a worker with several threads has one sandbox
        self._tools: tuple[Judge, Sandbox] | None = None
        self._closed = False

    def teardown(self, worker: Worker) -> None:
        """End the sandbox, without holding up the worker while a submission still runs in it."""
        threading.Thread(target=self.close, daemon=True).start()

    def close(self) -> None:
        """End the sandbox as soon as no submission runs in it, and grade no other one."""
        with self._one_at_a_time:
            self._closed = True
            if self._tools:
                self._tools[1].close()
            self._tools = None

    def grade(self, submission: Submission) -> Record:
        """Grade one submission. The student's code runs in the sandbox only.

        Raises:
            SandboxError: no sandbox can be started, or the run has ended.
        """
        with self._one_at_a_time:
            if self._closed:
                raise SandboxError("the grading was stopped")
            self._tools = self._tools or self._start()
            return examine(submission, *self._tools, self.release)

    def _start(self) -> tuple[Judge, Sandbox]:
        cells = (*self.assignment.solutions(), *self.assignment.questions())
        modules = sandbox.imports(cell["source"] for cell in cells)
        return Judge(self.assignment), Sandbox(modules, self.limits, [self.assignment.path.parent])


def grade_on_worker(submission: Submission, grader: str) -> Record:
    """Grade one submission with the grader of that name, which the worker that runs this has."""
    plugin: Grader = get_worker().plugins[grader]  # type: ignore[assignment]  # dask knows plugins only
    return plugin.grade(submission)


def examine(submission: Submission, judge: Judge, place: Sandbox, release: Mapping[str, str]) -> Record:
    """Grade one submission.

    Args:
        submission: the notebook that a student handed in.
        judge: the judge of the assignment.
        place: the sandbox in which the code runs.
        release: the text of each solution cell and written answer as students got it.
    """
    assignment = judge.assignment
    reason, notes = submission.reason, list(submission.notes)
    texts: dict[str, str] = {}
    said: dict[str, str] = {}
    reports: Sequence[Mapping[str, Any]] = ()
    stopped: dict[str, str] = {}
    broken: Mapping[str, str] = {}
    used = sandbox.Usage()
    if submission.data is not None:
        rebuilt = rebuild(submission.data, assignment, release)
        reason, texts = rebuilt.reason, {**rebuilt.solutions, **rebuilt.written}
        notes += rebuilt.notes
        if not reason:
            plan = judge.plan(rebuilt.solutions)
            result = _run(plan, place)
            broken = plan.broken
            stopped, used = _stopped(result.cells, rebuilt.solutions), result.usage
            said, reports, reason = _said(result.cells, rebuilt.solutions), result.tests, result.reason
            notes += [Note("stopped", f"the cell {name} stopped: {error}") for name, error in stopped.items()]
            notes += [Note("rule", text) for text in plan.breaches]
            notes += [Note("limit", reason)] if reason else []
    marks = tuple(_explained(judge.marks(reports, reason, broken), stopped, release))
    return Record(
        submission.student, submission.source, submission.digest, assignment.digest, marks, reason,
        tuple(notes), texts, said, used.seconds, used.memory,
    )  # fmt: skip


def _run(plan: Plan, place: Sandbox) -> Result:
    """Run a submission as planned; the reports and reasons of all runs together."""
    cells: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    reason, used = "", sandbox.Usage()
    for run in plan.runs:
        result = place.run(run.cells, run.tests)
        if result.reason == sandbox.BROKEN:  # another submission may have been the cause: once more
            result = place.run(run.cells, run.tests)
        answered = {report.get("id") for report in result.tests}
        asked = {test["id"] for test in run.tests}
        cells += result.cells
        tests += [report for report in result.tests if report.get("id") in asked]
        if result.reason:
            reason = reason or result.reason
            tests += [{"id": name, "error": result.reason} for name in asked - answered]
        memory = max(used.memory, result.usage.memory)
        used = sandbox.Usage(used.seconds + result.usage.seconds, memory)
    return Result(tuple(cells), tuple(tests), reason, used)


def _stopped(reports: Iterable[Mapping[str, Any]], solutions: Mapping[str, str]) -> dict[str, str]:
    """The error of each solution cell that did not run to its end, by grade_id."""
    errors: dict[str, str] = {}
    for report in reports:
        name, error = report.get("id"), report.get("error")
        if isinstance(name, str) and name in solutions and isinstance(error, str) and error:
            errors.setdefault(name, error[:ERROR])
    return errors


def _explained(
    marks: Iterable[Mark], stopped: Mapping[str, str], release: Mapping[str, str]
) -> Iterator[Mark]:
    """The marks; a name that is missing because its cell stopped has the cell's own error as its message."""
    for mark in marks:
        missing = re.match(r"NameError: name '(\w+)' is not defined", mark.message)
        cells = [name for name in stopped if missing and missing[1] in defined(release[name])]
        if cells and missing:
            message = f"your cell {cells[0]} stopped, so there is no {missing[1]}: {stopped[cells[0]]}"
            parts = tuple(replace(part, message=message) for part in mark.parts)
            mark = replace(mark, message=message, parts=parts)
        yield mark


def _said(reports: Iterable[Mapping[str, Any]], solutions: Mapping[str, str]) -> dict[str, str]:
    """The printed text and the error of each solution cell, cut to a length that people read."""
    said: dict[str, str] = {}
    for report in reports:
        name, parts = report.get("id"), [report.get("printed"), report.get("error")]
        if isinstance(name, str) and name in solutions and name not in said:
            said[name] = "\n".join(part[:8000] for part in parts if isinstance(part, str) and part)
    return said
