"""The checks of the exercises of notebook 05. Each takes an answer; it returns a sentence or raises Wrong."""

from __future__ import annotations

from coursekit.exercises._check import Check

CHECKS: dict[str, Check] = {}
