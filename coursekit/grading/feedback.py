"""The page that each student gets back, and the page for those who mark. Nothing of a submission runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from coursekit.grading import _code, _marking, _messages, _tasks
from coursekit.grading._points import Points, of
from coursekit.grading._tasks import Task
from coursekit.grading.assignment import Assignment, Cell
from coursekit.grading.autograde import Mark, Part
from coursekit.grading.release import TEXT_STUB
from coursekit.grading.reports import html, titles
from coursekit.grading.reports.html import Html, join, tag

if TYPE_CHECKING:
    from coursekit.grading._worker import Record
    from coursekit.grading.gradebook import Total

POLICY = html.POLICY
# What a student can do about a note, by its kind.
ADVICE = {
    "unread": "Hand in the notebook file itself, or ask your instructor how.",
    "assignment": "Compare the name of the file with the name of the assignment.",
    "limit": "Look for a loop that does not end, or for a tensor that is far larger than it needs to be.",
    "stopped": "What the cell defines after that line was not there for the checks. It is marked below.",
    "rule": "Read the rule in the text of the task. The line is marked below.",
    "outside": "Only the marked cells are graded, because only their text is taken from your file.",
    "written": "If this is not the text that you mean, tell your instructor.",
    "metadata": "Compare the code below with yours. If something is missing, tell your instructor.",
    "files": "If another file is the right one, tell your instructor.",
    "late": "If this is wrong, tell your instructor.",
    "name": "",
}
STYLE = """
.lead { font-size: 1.15rem; } .points { font-weight: normal; color: var(--soft); white-space: nowrap; }
.score { width: auto; min-width: 60%; } .score tr:last-child > * { border-top: 2px solid var(--ink);
  font-weight: bold; }
.notes > li { margin: .4rem 0; }
.reason { border-left: .3rem solid var(--bad); padding: .1rem 0 .1rem .8rem; }
section, footer { border-top: 1px solid var(--line); margin-top: 2rem; } section > h2 { margin-top: 1rem; }
.checks, .checks ul { list-style: none; padding: 0; } .checks li { margin: .5rem 0; padding-left: 1.7rem; }
.checks li li { margin: .3rem 0; } .checks .sign { float: left; margin-left: -1.7rem; font-weight: bold; }
.all > .sign { color: var(--good); } .part > .sign, .none > .sign { color: var(--bad); }
.message { margin: .2rem 0; white-space: pre-wrap; }
dl.message { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; white-space: normal;
  background: var(--box); padding: .4rem .6rem; }
dl.message dt { color: var(--soft); } dl.message dd { margin: 0; min-width: 0; }
dl.message dd code { white-space: pre-wrap; }
.answer, .remarks { white-space: pre-wrap; padding: .6rem .8rem; margin: .3rem 0; }
.answer { background: var(--box); } .remarks { border-left: .3rem solid var(--good); }
details { margin: .4rem 0; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
@media (max-width: 30rem) { dl.message { grid-template-columns: 1fr; }
  dl.message dd { margin-bottom: .3rem; } }
@media print { section { break-inside: auto; } .checks li, .answer, dl.message { break-inside: avoid; }
  nav { display: none; } }
"""
SIGNS = {"all": ("✓", "passed"), "part": ("◐", "passed in part"), "none": ("✗", "not passed")}


def page(assignment: Assignment, record: Record, total: Total | None = None) -> str:
    """Make a student's page as HTML, with all texts of the student escaped.

    Args:
        assignment: the assignment.
        record: the result of grading the student's submission.
        total: the student's marks in the gradebook, with those given by hand; None is not known.
    """
    return _Page(assignment, record, total).html()


def rubric(assignment: Assignment) -> str:
    """Make the page for those who mark the written answers: the questions, the points, the model answers.

    Args:
        assignment: the assignment.
    """
    return _marking.page(assignment)


class _Page:
    """One student's page.

    Args:
        assignment, record, total: as those of `page`.
    """

    def __init__(self, assignment: Assignment, record: Record, total: Total | None) -> None:
        self.assignment, self.record = assignment, record
        self.points = Points(assignment, record, total)
        self.comments = total.comments if total else {}
        self.tasks = _tasks.tasks(assignment)
        self.remarks = self._remarks()

    def html(self) -> str:
        """The whole page."""
        return html.page(
            f"{titles.of_assignment(self.assignment)} \N{EN DASH} {self.record.name or self.record.student}",
            self._lead(),
            self._notes(),
            self._score(),
            *(self._details() if self.record.texts else ()),
            self._foot(),
            style=STYLE + _code.style(),
        )

    def _details(self) -> Iterator[Html]:
        """The list of tasks, and each task. There are none where the file could not be read."""
        yield self._contents()
        for number, task in enumerate(self.tasks, start=1):
            yield self._task(task, number)

    # ------------------------------------------------------------ points

    def _lead(self) -> Html:
        """The points in one sentence."""
        earned, maximum = self.points.earned()
        points = tag("strong", f"{earned:g} of {of(maximum)}")
        if any(self.points.waits(cell) for cell in self.assignment.written):
            waits = " so far. A person still has to read what you wrote; the points for that are not in it."
            return tag("p", points, waits, class_="lead")
        return tag("p", points, class_="lead")

    def _score(self) -> Html:
        """The table of points: by the tests, by hand, for lateness, together."""
        rows = [(name, points) for name, points in self.points.rows(self._title)]
        first = tag("tr", tag("th", rows[0][0], scope="row"), tag("td", tag("strong", rows[0][1])))
        body = (tag("tr", tag("th", name, scope="row"), tag("td", points)) for name, points in rows[1:])
        return tag("table", tag("caption", "Your points"), tag("tbody", first, *body), class_="score")

    def _title(self, grade_id: str) -> str:
        """What a cell with points is called in a line of its own."""
        task = next((t for t in self.tasks if any(cell.grade_id == grade_id for cell in t.cells)), None)
        cell = next((cell for cell in task.cells if cell.grade_id == grade_id), None) if task else None
        if not task or not cell:
            return grade_id
        return task.title if cell.kind == "written" else f"{task.title}, {_tasks.check_title(cell, task)}"

    # ------------------------------------------------------------ notes

    def _notes(self) -> Html:
        """The reason and the notes, as sentences with what to do."""
        parts = []
        if self.record.reason:
            text = _messages.sentence(self.record.reason)
            todo = "Repair this, and hand in again if you still can, or ask your instructor."
            parts.append(tag("p", tag("strong", text), " ", todo, class_="reason"))
        items = [
            tag("li", self._linked(_messages.sentence(note.text)), " ", ADVICE.get(note.kind, ""))
            for note in self.record.notes
            if note.text != self.record.reason
        ]
        if items:
            parts.append(tag("ul", *items, class_="notes"))
        return tag("div", tag("h2", "Please read this first"), *parts) if parts else Html("")

    def _contents(self) -> Html:
        """The list of tasks with their points."""
        items = (
            tag("li", tag("a", task.title, href=f"#task-{number}"), " ", self._badge(task))
            for number, task in enumerate(self.tasks, start=1)
        )
        return tag("nav", tag("h2", "Your tasks"), tag("ul", *items), aria_label="Tasks")

    def _badge(self, task: Task) -> Html:
        points, maximum, waiting = self.points.of_task(task)
        if waiting == maximum:
            return tag("span", f"waits for a person ({of(maximum)})", class_="points")
        text = f"{points:g} of {of(maximum)}{', a part waits for a person' if waiting else ''}"
        return tag("span", text, class_="points")

    # ------------------------------------------------------------ tasks

    def _task(self, task: Task, number: int) -> Html:
        """A task with its checks, the student's code and the written answer."""
        parts = [tag("h2", task.title, " ", self._badge(task), id=f"task-{number}")]
        tests = task.of_kind("test")
        if tests:
            parts += [
                tag("h3", "Checks"),
                tag("ul", *(self._test(cell, task) for cell in tests), class_="checks"),
            ]
        points, maximum, waiting = self.points.of_task(task)
        checked = any(mark.message != self.record.reason for mark in self.points.marks.values())
        if points + waiting < maximum and checked:
            parts.append(self._again(task))
        for cell in task.of_kind("solution"):
            parts += self._solution(cell, len(task.of_kind("solution")) > 1)
        for cell in task.of_kind("written"):
            parts += self._answer(cell)
        return tag("section", *parts, aria_labelledby=f"task-{number}")

    def _test(self, cell: Cell, task: Task) -> Html:
        """A test with its points, its parts and its message."""
        mark = self.points.marks.get(cell.grade_id) or Mark(cell.grade_id, 0.0, cell.points, "")
        title = _tasks.check_title(cell, task)
        more: list[Html] = []
        of_all = mark.message if all(part.message == mark.message for part in mark.parts) else ""
        if of_all:
            more.append(self._message(of_all))
        if mark.parts:
            more.append(tag("ul", *(self._part(part, of_all) for part in mark.parts)))
        hand = self.points.changed.get(cell.grade_id)
        if hand and hand.points is None:
            more.append(tag("p", "A person had changed these points, and looks again.", class_="message"))
        elif hand and hand.points != mark.points:
            by = f"A person changed this to {hand.points:g} of {of(mark.maximum)}."
            more.append(tag("p", by, class_="message"))
        if hand and hand.extra:
            more.append(tag("p", f"A person gave {hand.extra:g} more as extra credit.", class_="message"))
        return _item(title, mark.points, mark.maximum, more)

    def _part(self, part: Part, of_all: str) -> Html:
        """A part of a test; what is wrong with all parts alike is said once, above them."""
        more = [self._message(part.message)] if part.message and part.message != of_all else []
        return _item(_messages.sentence(part.name).rstrip("."), part.points, part.maximum, more)

    def _message(self, message: str) -> Html:
        """A message, with what was expected and what came set apart."""
        if message == self.record.reason:
            return tag("p", "This was not checked: see the top of the page.", class_="message")
        parts = _messages.comparison(message)
        if message.startswith("NotImplementedError: "):
            return tag(
                "p", "The cell still says that this is to be done. ", self._linked(message), class_="message"
            )
        if not parts:
            return tag("p", self._linked(_messages.sentence(message)), class_="message")
        rows = [
            ("Checked", tag("code", parts.what)),
            ("Expected", tag("code", parts.expected)),
            ("Got", tag("code", parts.got)),
        ]
        if parts.hint:
            rows.append(("Hint", self._linked(_messages.sentence(parts.hint))))
        return tag(
            "dl",
            *(part for name, value in rows for part in (tag("dt", name), tag("dd", value))),
            class_="message",
        )

    def _linked(self, message: str) -> Html:
        """A message; the line that it names is a link to the line, which is on this page."""
        pieces: list[object] = []
        end = 0
        for found, cell, line in _messages.located(message):
            if line in self.remarks.get(cell, {}):
                words = found[0].strip()
                before, after = found[0].split(words)
                link = tag("a", words, href=f"#{cell}-line-{line}")
                pieces += [message[end : found.start()], before, link, after]
                end = found.end()
        return join([*pieces, message[end:]])

    def _again(self, task: Task) -> Html:
        """What to read again."""
        notebook = _tasks.follows(self.assignment)
        if not notebook:
            return Html("")
        section = _tasks.sections(self.assignment).get(task.title)
        where = join([", section ", tag("em", section)]) if section else ""
        return tag("p", "To read again: ", notebook, where, ".")

    def _solution(self, cell: Cell, several: bool) -> list[Html]:
        """The student's code, what it printed, and what a person wrote about it."""
        text = self.record.texts.get(cell.grade_id)
        if text is None:
            return []
        heading = f"Your code in the cell {cell.grade_id}" if several else "Your code"
        parts = [
            tag("h3", heading),
            _code.listing(text, cell.grade_id, self.remarks.get(cell.grade_id, {})),
        ]
        said = self.record.said.get(cell.grade_id, "").strip("\n")
        if said:
            summary = tag("summary", "What this cell printed, and its error if it stopped")
            parts.append(tag("details", summary, tag("pre", said)))
        comment = self.comments.get(cell.grade_id)
        if comment:
            parts.append(_comment(comment))
        return parts

    def _answer(self, cell: Cell) -> list[Html]:
        """The written answer, with the points and the comment of the person who marked it."""
        text = self.record.texts.get(cell.grade_id, "").strip()
        hand = self.points.by_hand.get(cell.grade_id)
        empty = not text or text == TEXT_STUB
        answer = tag("p", "You wrote nothing here.") if empty else tag("div", text, class_="answer")
        parts = [tag("h3", "Your answer"), answer]
        if self.points.waits(cell):
            parts.append(tag("p", "A person has not marked this yet."))
        elif hand and hand.points is not None and (hand.points or not empty):
            points = tag("strong", f"{hand.points:g} of {of(cell.points)}")
            parts.append(tag("p", "A person read this: ", points, "."))
        if hand and hand.extra:
            parts.append(tag("p", f"Extra credit: {hand.extra:g}."))
        if hand and hand.comment:
            parts.append(_comment(hand.comment))
        return parts

    def _foot(self) -> Html:
        text = (
            "If you think that a check is wrong, write to your instructor. Name the task and the check, and "
            "say what your code should do there."
        )
        return tag("footer", tag("p", text, class_="soft"))

    # ------------------------------------------------------------ lines

    def _remarks(self) -> Mapping[str, Mapping[int, list[str]]]:
        """What the messages say of lines, by cell and line, each thing once."""
        remarks: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        for place in self._places():
            lines = _code.lines(self.record.texts.get(place.cell, ""))
            if place.cell in self.record.texts and 0 < place.line <= len(lines):
                texts = remarks[place.cell][place.line]
                texts += [place.text] if place.text and place.text not in texts else []
        return remarks

    def _places(self) -> Iterator[_messages.Place]:
        """The lines that notes and messages speak of."""
        for note in self.record.notes:
            yield from _messages.places(note.text)
        for mark in self.record.marks:
            for message in [part.message for part in mark.parts] or [mark.message]:
                yield from _messages.places(message)


def _item(title: str, points: float, maximum: float, more: list[Html]) -> Html:
    """A check in a list: its sign, its name, its points, and what is to be said of it."""
    state = "all" if points == maximum else "part" if points else "none"
    sign, word = SIGNS[state]
    return tag(
        "li",
        tag("span", sign, class_="sign", aria_hidden="true"),
        title,
        ": ",
        tag("span", f"{word}, {points:g} of {of(maximum)}", class_="points"),
        *more,
        class_=state,
    )


def _comment(text: str) -> Html:
    return tag("div", tag("strong", "Comment: "), text, class_="remarks")
