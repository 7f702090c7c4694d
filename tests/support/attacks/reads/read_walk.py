"""Walk through the whole file system for the files of the grading.

    wall: 100
    cell: 90
"""

hits = []
for place, folders, names in os.walk("/"):
    folders[:] = [
        f
        for f in folders
        if os.path.join(place, f) not in ("/usr", "/lib", "/lib64", os.path.realpath(sys.prefix), "_REPO_/coursekit")
    ]
    hits += [
        n
        for n in names
        if n in ("gradebook.db", "tiny.ipynb", "canary", "assignment.py", "passwd", "shadow")
    ]
attempt(lambda: hits)
