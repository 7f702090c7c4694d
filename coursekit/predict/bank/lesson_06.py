"""The questions of notebook 06."""

from __future__ import annotations

from coursekit.predict._questions import Question

QUESTIONS: dict[str, Question] = {}
