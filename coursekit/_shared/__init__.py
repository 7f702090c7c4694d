"""What several ideas of the course need and no learner does: files, locks, texts, dask."""
