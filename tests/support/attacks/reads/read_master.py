"""Read the master notebook with its solutions and hidden tests."""

read("_FOLDER_/source/tiny/tiny.ipynb")
