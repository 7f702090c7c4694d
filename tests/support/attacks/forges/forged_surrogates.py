"""Send texts with surrogates, a NUL and control characters."""

frame({"id": "task-1", "printed": "tried: \ud800\x00\x1b[31m"})
frame({"id": "\udcff", "error": "\ud800"})
