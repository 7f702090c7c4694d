"""The questions of notebook 03."""

from __future__ import annotations

from coursekit.predict._questions import Question

QUESTIONS: dict[str, Question] = {}
