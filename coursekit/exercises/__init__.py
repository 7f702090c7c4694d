"""Checks for the exercises at the end of each notebook: the learner runs them, and they say what is wrong.

    from coursekit import exercises

    exercises.check("frame-at", frame_at)

An answer is a value or a function. As long as it is `...`, the check says that it waits. The checks stand in
one file for each notebook, `lesson_01.py` to `lesson_07.py`. To write one, add a function there that takes
the answer and uses `coursekit.check`. The worked solutions are in `notebooks/solutions`.
"""

from coursekit.exercises._check import check

__all__ = ["check"]
