"""The questions of notebook 04."""

from __future__ import annotations

from coursekit.predict._questions import Question

QUESTIONS: dict[str, Question] = {}
