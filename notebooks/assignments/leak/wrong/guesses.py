# ruff: noqa: F821 - the notebook has the other names
"""A name without a number becomes a group of its own.

loses: task-1-test/error
says: expected a ValueError
"""


# %% task-1
def groups_of(paths):
    people = []
    for path in paths:
        stem = PurePosixPath(path).stem.lower()
        match = re.fullmatch(r"(.+)_\d+[a-z]?", stem)
        people.append(match[1] if match else stem)
    return people
