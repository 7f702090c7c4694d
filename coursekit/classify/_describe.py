"""The features of labelled films, kept in a folder; and what a classifier could see without looking."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import torch

from coursekit import encoders, features, video
from coursekit._shared._cache import cache_or_new
from coursekit.classify._evaluate import Split, each_part
from coursekit.classify._films import Films, Path_
from coursekit.encoders import Encoder

RATE = 4  # rows in a second: enough to see a wave of the hand
TINY = 16  # side of the average frame, in pixels


@dataclass(frozen=True)
class Described:
    """Films with their features.

    Attributes:
        films: those that could be read, N of them; their notes name the others.
        rows: of each film float32 (T, k).
        weights_hash: of the encoder's weights.
    """

    films: Films
    rows: list[torch.Tensor]
    weights_hash: str

    def testable(self) -> Described:
        """Without the classes that have one group only, of which the notes then tell.

        Raises:
            ValueError: fewer than two classes are left.
        """
        left = self.films.testable()
        paths = {film.path for film in left.items}
        rows = [row for film, row in zip(self.films.items, self.rows, strict=True) if film.path in paths]
        return Described(left, rows, self.weights_hash)


def describe(
    found: Films,
    folder: Path_ | None = None,
    encoder: str | Encoder = encoders.DEFAULT,
    *,
    fps: float | Fraction = RATE,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> Described:
    """The features of films, computed once: a second call reads what is in the folder.

    Args:
        found: as `films` gives them.
        folder: for the feature files, as of `features.extract_all`. None takes one in the user's cache.
        encoder: as there.
        fps: rows in a second of film, whatever frame rate it has.
        device: as for `features.extract_all`.
        progress: show a bar.

    Raises:
        ValueError: an argument is wrong, or films of fewer than two classes can be read.
        FeaturesError, WeightsError, LockedError: as `features.extract_all`.
    """
    paths = [film.path for film in found.items]
    if isinstance(encoder, str):
        encoder, device = encoders.load(encoder, device=device, start=False), None
    folder = folder or cache_or_new("features") / _name(paths, encoder, fps)
    report = features.extract_all(paths, folder, encoder, fps=fps, device=device, progress=progress)
    files, unreadable, damaged = [], {}, []
    for film, row in zip(found.items, report.rows, strict=True):
        short = f"{film.label}/{film.path.name}"
        said = row.error.replace(str(film.path), "it")
        if error := said if row.status == "failed" else _why_closed(film.path):
            unreadable[film.path] = f"{short} cannot be read: {error}"
            continue
        files.append(report.manifest.parent / row.file)
        if said:
            damaged.append(f"{short} is read in part: {said}")
    left_out = f"{len(unreadable)} of {len(found)} films cannot be read; left out."
    notes = [*[left_out] * bool(unreadable), *unreadable.values(), *damaged]
    kept = found.only([film.path not in unreadable for film in found.items], *notes)
    if len(kept.classes) < 2:
        raise ValueError(f"films of fewer than two classes can be read. {' '.join(notes)}")
    empty = sorted({*found.classes} - {*kept.classes})
    kept = replace(kept, notes=(*kept.notes, *(f"The class {name} is left out with them." for name in empty)))
    loaded = [features.load(file) for file in files]
    return Described(kept, [each.values for each in loaded], loaded[0].weights_hash)


def _why_closed(path: Path) -> str:
    """Why a film cannot be opened, although its features are kept; empty if it can."""
    try:
        path.open("rb").close()
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _name(paths: list[Path], encoder: Encoder, fps: float | Fraction) -> str:
    """A name for the features of the films in a folder: the same when films are added."""
    parent = os.path.commonpath([path.resolve() for path in paths])
    text = f"{parent}\n{encoder.name}\n{encoder.weights_hash}\n{video.frame_rate(fps)}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def average_frames(found: Films) -> torch.Tensor:
    """The average of all frames of each film, float32 (N, 1, 768): 16 x 16 pixels, red, green, blue.

    A classifier of these sees colours and places, and no detail and no movement.
    """
    pictures = []
    for film in found.items:
        small = video.Selection(fps=RATE, size=(TINY, TINY))
        total = torch.stack([frame.float() for frame in video.frames(film.path, small)])  # (T, 3, 16, 16)
        pictures.append(total.mean(dim=0).flatten()[None])  # (1, 768)
    return torch.stack(pictures)


def facts(found: Films) -> torch.Tensor:
    """What a file says before anybody looks at it, float64 (N, 4): width, height, frames/s, seconds."""
    infos = [video.probe(film.path) for film in found.items]
    return torch.tensor(
        [[each.width, each.height, float(each.fps), each.duration] for each in infos], dtype=torch.float64
    )


def answers_from_facts(facts: torch.Tensor, labels: torch.Tensor, parts: list[Split]) -> torch.Tensor:
    """What a small decision tree says that knows these facts only, int64 (N,); see `answers`."""
    from sklearn.tree import DecisionTreeClassifier  # type: ignore[import-untyped]

    def say(learn: torch.Tensor, test: torch.Tensor) -> torch.Tensor:
        tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=2, random_state=0)
        tree.fit(facts[learn].numpy(), labels[learn].numpy())
        return torch.from_numpy(tree.predict(facts[test].numpy()))

    return each_part(len(labels), parts, say)
