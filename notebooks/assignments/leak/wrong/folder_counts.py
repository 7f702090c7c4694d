# ruff: noqa: F821 - the notebook has the other names
"""The folder stays in the name, so one person in two classes becomes two.

loses: task-1-test/plain, task-1-test/harder, task-1-test/error
says: groups_of([
"""


# %% task-1
def groups_of(paths):
    people = []
    for path in paths:
        match = re.fullmatch(r"(.+)_\d+[a-z]?", path.rsplit(".", 1)[0].lower())
        if match is None:
            raise ValueError(f"{path}: expected a name such as anna_01.mp4")
        people.append(match[1])
    return people
