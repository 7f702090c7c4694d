"""Read the gradebook of the course."""

read("_FOLDER_/gradebook.db")
