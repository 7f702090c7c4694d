"""Deadlines: how late a submission was handed in, and how many points that costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from coursekit.grading._times import shown
from coursekit.handin import Note

DAY = 24 * 3600
# What is said of a time that nobody has confirmed.
CLOCKS = {
    "file": " (the file's own time, which copying may have changed)",
    "archive": " (the time in the zip, by the clock of the computer that packed it)",
}


class LateError(ValueError):
    """A deadline or a penalty cannot be read; the message has an example."""


@dataclass(frozen=True)
class Deadline:
    """When an assignment is due, and what each day begun after that costs.

    Attributes:
        time: POSIX time in seconds.
        percent: of the points of the assignment, for each day begun.
        most: percent of the points of the assignment that are taken off at most.
        grace: seconds after the deadline in which nothing is taken off.
        trust: take the times of files and zips for true, which copying, cloning and packing change.
    """

    time: float
    percent: float = 0.0
    most: float = 100.0
    grace: float = 0.0
    trust: bool = False

    def days(self, when: float | None) -> int:
        """The days begun between the deadline and a time; 0 for a time that is in time or not known."""
        seconds = 0.0 if when is None else when - self.time
        return 0 if seconds <= self.grace else math.ceil(seconds / DAY)

    def penalty(self, when: float | None, clock: str, points: float) -> float:
        """The points that are taken off from an assignment of so many points.

        Args:
            when: POSIX time of handing in; None if it is not known.
            clock: what tells the time; nothing is taken off by a key of `CLOCKS`, unless it is trusted.
            points: of the assignment, with those given by hand.
        """
        days = self.days(when) if self.trust or clock not in CLOCKS else 0
        return points * min(self.most, self.percent * days) / 100

    def note(self, when: float | None, clock: str, marked_late: bool, points: float) -> Note | None:
        """What is said about the time of a submission; None if it was in time.

        Args:
            when: POSIX time of handing in; None if it is not known.
            clock: what tells the time, a key of `CLOCKS`.
            marked_late: whether the learning platform calls it late.
            points: of the assignment.
        """
        days, due = self.days(when), shown(self.time)
        if days and when is not None:
            taken = f": {self.penalty(when, clock, points):g} points are taken off" if self.percent else ""
            if self.percent and clock in CLOCKS and not self.trust:
                taken = ": nothing was taken off, because nobody has confirmed this time"
            after = f"{_span(when - self.time)} after the deadline ({due})"
            return Note("late", f"handed in {shown(when)}{CLOCKS.get(clock, '')}, {after}{taken}")
        if marked_late:
            known = f"the file's time, {shown(when)}, is before it" if when else "the time is not known"
            return Note(
                "late",
                f"the learning platform says that it is late; the deadline is {due}, and {known}: "
                "nothing was taken off, a person decides",
            )
        if when is None:
            return Note("late", f"it is not known when this was handed in (deadline: {due})")
        return None


def read_time(text: str) -> float:
    """The POSIX time of a text such as "2026-11-20 23:59", in this machine's time zone unless it has one.

    Raises:
        LateError: it is no time.
    """
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError, OSError):
        raise LateError(
            f'{text!r} is no time: write it like "2026-11-20 23:59", or with a time zone like '
            '"2026-11-20 23:59+01:00"'
        ) from None


def _span(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    days, hours = minutes // (24 * 60), minutes // 60 % 24
    if days:
        return f"{days} day{'s' * (days > 1)} {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
