"""A trained classifier in a file, without pickle: numbers by name, and how it was made."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from coursekit import features
from coursekit._shared._files import atomic
from coursekit.classify._films import Path_
from coursekit.classify._models import Classifier, model
from coursekit.encoders import Encoder

# What reading a file of another kind raises.
DAMAGE = (
    OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, zipfile.BadZipFile
)  # fmt: skip


class ModelError(Exception):
    """A file that holds no classifier, or one of another encoder; the message says what to do."""


@dataclass(frozen=True)
class Saved:
    """A classifier with what it needs.

    Attributes:
        classes: the names of its classes.
        notes: how it was made: model, encoder, weights_hash, fps, and more.
        classifier: the trained model.
    """

    classes: tuple[str, ...]
    notes: dict[str, Any]
    classifier: Classifier

    def answer(self, path: Path_, encoder: str | Encoder | None = None) -> dict[str, float]:
        """The classes of a film with their shares, 0 to 1, the greatest first.

        Args:
            path: a video file.
            encoder: that of the training films, if it is loaded already.

        Raises:
            ModelError: the encoder has other weights than that of the training films.
            VideoError, WeightsError: as `features.extract`.
        """
        film = features.extract(path, encoder or self.notes["encoder"], fps=Fraction(self.notes["fps"]))
        if film.weights_hash != self.notes["weights_hash"]:
            raise ModelError(
                f"the classifier was trained on features of {self.notes['encoder']} with other weights "
                f"({self.notes['weights_hash'][:12]}...): load that encoder, or train it again"
            )
        shares = self.classifier.scores([film.values])[0].softmax(dim=0).tolist()
        return dict(sorted(zip(self.classes, shares, strict=True), key=lambda each: -each[1]))


def save(path: Path_, saved: Saved) -> Path:
    """Write a classifier as .npz, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    file = Path(path)
    about = json.dumps({"classes": saved.classes, **saved.notes}, ensure_ascii=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic(file) as part:
        contents: dict[str, Any] = {"about": np.array(about), **saved.classifier.arrays()}
        with part.open("wb") as content:  # by its name alone, NumPy would add .npz to it
            np.savez(content, **contents)
    return file


def load(path: Path_) -> Saved:
    """Read a classifier that `save` wrote.

    Raises:
        ModelError: the file is missing, damaged, or of another kind.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        notes = dict(json.loads(str(arrays.pop("about"))))
        classes = tuple(notes.pop("classes"))
        restored = model(notes["model"]).restore(arrays, len(classes))
    except DAMAGE as error:
        raise ModelError(f"{path} holds no classifier of coursekit ({error})") from error
    return Saved(classes, notes, restored)


def trained(
    name: str, rows: list[torch.Tensor], labels: torch.Tensor, classes: tuple[str, ...], notes: dict[str, Any]
) -> Saved:
    """The model of that name, trained on all films."""
    return Saved(classes, {"model": name, **notes}, model(name).fit(rows, labels, len(classes)))
