"""Read files of the checkout that no sandbox needs."""

read(
    "_REPO_/tests/support/assignment.py",
    "_REPO_/notebooks/01_images_and_videos.ipynb",
    "_REPO_/.git/config",
    "_REPO_/pyproject.toml",
)
