"""Grading: from what students hand in to marks, without running their code where it could do harm.

`assignment` reads an assignment as its author wrote it. `collect` finds what each student handed in.
`rebuild` takes the students' cells from it, `sandbox` runs them, and `autograde` compares the answers.
`gradebook` keeps the marks, and `batch` does all this for hundreds of submissions.
"""
