"""Notebooks: record them, check them, run them as Colab does."""
