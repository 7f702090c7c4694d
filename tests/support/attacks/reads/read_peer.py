"""Read another student's submission."""

read("_FOLDER_/submitted/bob/tiny/tiny.ipynb")
