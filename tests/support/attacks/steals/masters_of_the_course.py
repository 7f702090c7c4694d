"""Look for the course's notebooks and master notebooks."""

attempt(
    lambda: glob.glob("_REPO_/notebooks/*"),
    lambda: glob.glob(sys.prefix + "/**/tiny.ipynb", recursive=True),
)
read("/scratch/tiny.ipynb", "_REPO_/notebooks/assignments/conv3d/conv3d.ipynb")
