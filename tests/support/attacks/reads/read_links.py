"""Reach files outside through symbolic links, a hard link and a path with ".."."""

for target in ("_FOLDER_/gradebook.db", "/proc/1/environ"):
    os.symlink(target, f"/scratch/{len(os.listdir('/scratch'))}")
attempt(lambda: os.link("_FOLDER_/gradebook.db", "/scratch/hard") or True)
read("/scratch/0", "/scratch/1", "/scratch/../_FOLDER_/gradebook.db")
