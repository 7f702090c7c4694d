# ruff: noqa: F821 - the notebook has the other names
"""The name is cut at the first underscore.

loses: task-1-test/harder
says: split at the last underscore
"""


# %% task-1
def groups_of(paths):
    people = []
    for path in paths:
        match = re.fullmatch(r"([^_]+)_(?:.*_)?\d+[a-z]?", PurePosixPath(path).stem.lower())
        if match is None:
            raise ValueError(f"{path}: expected a name such as anna_01.mp4")
        people.append(match[1])
    return people
