"""Grading: from the notebooks that students hand in to marks. Their code runs in a sandbox only.

`assignment` reads an assignment as its author wrote it. `collect` finds the notebook of each student.
`rebuild` takes the students' cells from it, `sandbox` runs them, and `autograde` compares the answers.
`gradebook` keeps the marks, `feedback` makes a page for each student, and `batch` does all this for hundreds
of submissions. `release` makes the notebook that students get, and `validate` checks an assignment.
"""
