# ruff: noqa: F821 - the notebook has the other names
"""Anna and anna become two people.

loses: task-1-test/harder
says: capitals do not matter
"""


# %% task-1
def groups_of(paths):
    people = []
    for path in paths:
        match = re.fullmatch(r"(.+)_\d+[a-zA-Z]?", PurePosixPath(path).stem)
        if match is None:
            raise ValueError(f"{path}: expected a name such as anna_01.mp4")
        people.append(match[1])
    return people
