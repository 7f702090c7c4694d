"""JupyterLab as `make lab` starts it: its settings for learners and instructors, and its way to the files."""
