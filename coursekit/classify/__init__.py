"""From a folder of labelled films to a classifier."""

from coursekit.classify._example import example
