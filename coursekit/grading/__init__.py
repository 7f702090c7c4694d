"""Grading: from what students hand in to marks, without running their code where it could do harm.

`master` reads an assignment as its author wrote it, `intake` rebuilds each submission on it, `sandbox` runs
it, `judge` compares the answers, `gradebook` keeps the marks, `cohort` does it for hundreds.
"""
