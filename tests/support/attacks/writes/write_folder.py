"""Write to and remove files of the course's folder and of system folders."""

write(
    "_FOLDER_/canary",
    "_FOLDER_/gradebook.db",
    "_FOLDER_/source/tiny/tiny.ipynb",
    "/canary",
    "/var/canary",
    "/etc/canary",
)
attempt(lambda: os.remove("_FOLDER_/gradebook.db") or True, lambda: os.makedirs("_FOLDER_/x") or True)
