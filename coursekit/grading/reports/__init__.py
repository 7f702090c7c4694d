"""Reports for the instructor, made from the records of a class. Each module makes one, as text.

`look` lists what a person should look at. `classroom` shows how the class did. `lms` fills the tables of a
learning platform. `similar` lists submissions that are unusually alike. `changes` says what `--regrade` did.
They write no file, and nothing of a submission can run in their pages (see `html`).
"""
