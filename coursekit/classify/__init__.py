"""From a folder of labelled films to a classifier, and to how far it can be trusted.

    found = classify.films("films")                   # films/waving/anna_01.mp4: class waving, person anna
    known = classify.describe(found, "features")      # T x k of each film, computed once
    labels, groups = known.films.labels, known.films.groups
    parts = classify.splits(labels, groups)           # no person on both sides
    said = classify.answers(known.rows, labels, parts, "changes")
    classify.accuracy(said, labels)                   # on people that were not learnt

or, on the command line, `coursekit classify films --out report`, which writes a page with pictures, the
trained model, the answers, and a card that says how all was made (`run`).

A film passes these modules: `_films` (which there are, whose), `_describe` (T x k), `_models`, `_evaluate`
(splits, answers, intervals), `_report` and `_file`. `_example` makes the films of notebook 07.

Source: Lecture 56, 22:28 (a sequence of features, and a model that reads it).
"""

from coursekit.classify._describe import Described, average_frames, describe, facts
from coursekit.classify._evaluate import (
    Split,
    accuracy,
    answers,
    interval,
    learning_curve,
    most_frequent,
    shared,
    splits,
)
from coursekit.classify._example import example
from coursekit.classify._file import ModelError, Saved, load, save
from coursekit.classify._films import Film, Films, films, group_of, official
from coursekit.classify._models import (
    MODELS,
    Classifier,
    Convolution,
    Gru,
    Linear,
    Trained,
    changes,
    mean,
    model,
)
from coursekit.classify._report import Measured, Report, run, strip

__all__ = [
    "MODELS",
    "Classifier",
    "Convolution",
    "Described",
    "Film",
    "Films",
    "Gru",
    "Linear",
    "Measured",
    "ModelError",
    "Report",
    "Saved",
    "Split",
    "Trained",
    "accuracy",
    "answers",
    "average_frames",
    "changes",
    "describe",
    "example",
    "facts",
    "films",
    "group_of",
    "interval",
    "learning_curve",
    "load",
    "mean",
    "model",
    "most_frequent",
    "official",
    "run",
    "save",
    "shared",
    "splits",
    "strip",
]
