"""A folder of feature files as training data: values (T, k), a label and times of each; batches of them."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import torch
from torch.utils.data import Dataset

from coursekit.features._file import header, load
from coursekit.features._formats import BY_SUFFIX, FeaturesError, Notes
from coursekit.features._manifest import NAME, Manifest, OtherManifestError, Row

Path_ = str | os.PathLike[str]
LISTED = 5  # files in a warning
Item = tuple[torch.Tensor, int, torch.Tensor]  # float32 (T, k), the number of its class, float64 (T,)


class FeatureFiles(Dataset[Item]):
    """The feature files of a folder; item i is read from the disk when it is asked for.

    Attributes:
        paths: the files, in the order of their paths; item i is that of `paths[i]`.
        classes: the names of the labels, in alphabetical order; label n means `classes[n]`.
        labels: the number of the class of each file, in the order of `paths`.
        groups: what the manifest says of each file's group, such as a person; "" where it says nothing.
        k: numbers in each row.
    """

    def __init__(self, folder: Path_, labels: Mapping[str, str] | None = None) -> None:
        """Find the files and check that they go together; see `dataset`."""
        root = Path(folder)
        rows = _listed(root)
        found = {path.relative_to(root).as_posix(): header(path) for path in _files(root, rows)}
        self.k = _common_k(root, found)
        told = labels if labels is not None else {name: row.label for name, row in rows.items() if row.label}
        inside = _without_copies(root, found, told)
        self.paths = tuple(root / name for name in inside)
        names = [_label(root, name, told, needed=labels is not None) for name in inside]
        self.classes = tuple(sorted(set(names)))
        self.labels = tuple(self.classes.index(name) for name in names)
        self.groups = tuple(rows[name].group if name in rows else "" for name in inside)

    def __len__(self) -> int:
        """The number of files."""
        return len(self.paths)

    def __getitem__(self, number: int) -> Item:
        """One file: values float32 (T, k), label, times float64 (T,) in seconds."""
        features = load(self.paths[number])
        return features.values, self.labels[number], features.times


def dataset(folder: Path_, labels: Mapping[str, str] | None = None) -> FeatureFiles:
    """The feature files of a folder and its subfolders, as a `torch.utils.data.Dataset`.

        films = features.dataset("features")            # features/waving/anna_01.h5 has the label "waving"
        values, label, times = films[0]                 # (T, k), int, (T,)
        batches = DataLoader(films, batch_size=8, shuffle=True, collate_fn=features.collate)

    A file of a video that its manifest, in `folder` or a subfolder, does not call done is left out: the last
    run could not read the video, or did not come to it, and what lies there is of an earlier run. A file that
    no manifest lists is taken. Of files of the same part of the same video, by its checksum, one is taken,
    and a warning names the others: `extract_all` takes a video that was moved for another one, and on both
    sides of a split a copy would be an answer given away.

    Args:
        folder: as `extract_all` writes it.
        labels: the label of each file, by its path in the folder, with or without its suffix, such as
            {"anna_01": "waving"}; with / between folders. None takes the label that a list gave (see
            `read_list`), and else the name of the subfolder of `folder` in which a file lies.

    Raises:
        FeaturesError: no feature file, one that cannot be read, or files of two encoders or frame rates.
        ValueError: a file without a label, or two files of one video with different labels.
    """
    return FeatureFiles(folder, labels)


def pad(films: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Films of different lengths as one batch, with zeros behind the end of the shorter ones.

    The padding is no part of the films. A network must leave it out, by `mask(lengths)` or by
    `torch.nn.utils.rnn.pack_padded_sequence(values, lengths, batch_first=True, enforce_sorted=False)`.

    Args:
        films: of each film float32 (T, k); B of them, one or more.

    Returns:
        values: float32 (B, T, k), where T is the length of the longest.
        lengths: int64 (B,), how many rows of each are not padding.
    """
    lengths = torch.tensor([len(film) for film in films])  # (B,)
    return torch.nn.utils.rnn.pad_sequence(list(films), batch_first=True), lengths


def collate(items: Iterable[Item]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Items of different lengths as one padded batch (see `pad`): the `collate_fn` of a DataLoader.

    Args:
        items: of a `dataset`; B of them, one or more.

    Returns:
        values: float32 (B, T, k), where T is the length of the longest.
        lengths: int64 (B,), how many rows of each are not padding.
        labels: int64 (B,).
    """
    items = list(items)  # a generator gives its items once only
    values, lengths = pad([item[0] for item in items])  # (B, T, k), (B,)
    labels = torch.tensor([item[1] for item in items])  # (B,)
    return values, lengths, labels


def mask(lengths: torch.Tensor) -> torch.Tensor:
    """Which rows of a padded batch are not padding: bool (B, T), where T is the greatest length.

    >>> mask(torch.tensor([1, 3])).int().tolist()
    [[1, 0, 0], [1, 1, 1]]

    Args:
        lengths: int64 (B,), as `pad` and `collate` give them.
    """
    steps = torch.arange(int(lengths.max()), device=lengths.device)  # (T,)
    return steps < lengths[:, None]  # (B, T)


def _files(folder: Path, rows: Mapping[str, Row]) -> tuple[Path, ...]:
    """The feature files of a folder, in the order of their paths.

    Args:
        folder: the folder.
        rows: of its manifests, by feature file; those that are not done are left out.

    Raises:
        FeaturesError: there is no such folder, or no such file in it.
    """
    if not folder.is_dir():
        raise FeaturesError(f"there is no folder {folder}; the folder read from is {Path.cwd()}")
    inside = (path for path in folder.rglob("*") if path.suffix.lower() in BY_SUFFIX)
    files = [path for path in inside if path.is_file() and not path.name.startswith(".")]
    if not files:
        raise FeaturesError(
            f"{folder} has no feature file: `coursekit features FILMS --out {folder}` makes them"
        )
    by_name = {path.relative_to(folder).as_posix(): path for path in files}
    current = [
        path for name, path in sorted(by_name.items()) if name not in rows or rows[name].status == "done"
    ]
    if not current:
        raise FeaturesError(
            f"{folder} has feature files of earlier runs only: each {NAME} says of its videos why they "
            "are not done. Repair that, and start the same command again"
        )
    return tuple(current)


def _listed(folder: Path) -> dict[str, Row]:
    """The rows of all manifests in a folder and its subfolders, by the path of the feature file in `folder`.

    Of a file that several manifests list, the one nearest to it counts. Those that are not ours are left out.
    """
    listed: dict[str, Row] = {}
    for path in sorted(folder.rglob(NAME), key=lambda path: len(path.parts)):
        with suppress(OtherManifestError):
            rows = Manifest(path.parent).rows.values()
            listed |= {(path.parent / row.file).relative_to(folder).as_posix(): row for row in rows}
    return listed


def _without_copies(folder: Path, notes: Mapping[str, Notes], labels: Mapping[str, str]) -> list[str]:
    """The files without those of a film that another file has too, by their paths in `folder`.

    Of such files the first stays, or the first that has a label.

    Raises:
        ValueError: they have different labels.
    """
    films: dict[tuple[str, str], list[str]] = {}
    for file, note in notes.items():
        content = note["source_sha256"] or file, json.dumps(note["selection"], sort_keys=True)
        films.setdefault(content, []).append(file)
    kept, left = [], []
    for files in films.values():
        told = {file: label for file in files if (label := _told(file, labels)) is not None}
        told = told or {file: file.partition("/")[0] for file in files if "/" in file}
        one = next(iter(told or files))
        for file, label in told.items():
            if label != told[one]:
                raise ValueError(
                    f"{folder / one} and {folder / file} are of the same film, and their labels differ, "
                    f"{told[one]!r} and {label!r}: move one of them away"
                )
        kept.append(one)
        left += [f"{file} ({one})" for file in files if file != one]
    if left:
        listed = ", ".join(left[:LISTED]) + ", ..." * (len(left) > LISTED)
        warnings.warn(
            f"{len(left)} files of {folder} are left out, because another one has features of the same film: "
            f"{listed}. If films were moved, make their features in a new folder",
            stacklevel=4,
        )
    return sorted(kept, key=list(notes).index)


def _told(file: str, labels: Mapping[str, str]) -> str | None:
    """The label of a file in a mapping, by its path with or without its suffix."""
    for name in (file, file.rpartition(".")[0]):
        if name in labels:
            return str(labels[name])
    return None


def _label(folder: Path, file: str, labels: Mapping[str, str], *, needed: bool) -> str:
    """The label of a file, given as its path in `folder`: from `labels`, or else from its subfolder."""
    if (label := _told(file, labels)) is not None:
        return label
    subfolder, slash, _ = file.partition("/")
    if needed:
        raise ValueError(f"labels has no entry for {file!r} of {folder}: add it, or move the file away")
    if not slash:
        raise ValueError(
            f"{folder / file} has no label: it lies in {folder} itself, not in a subfolder named for its "
            "class. Move it, or give labels={...}"
        )
    return subfolder


def _common_k(folder: Path, every: Mapping[str, Notes]) -> int:
    """The k of all files.

    Raises:
        FeaturesError: the rows of two files mean different things.
    """
    first = None
    for name, notes in every.items():
        path = folder / name
        if not notes["rows"]:
            raise FeaturesError(f"{path} has no rows (T = 0): move it away")
        made = notes["encoder"], notes["weights_hash"], notes["k"]
        if first is None:
            first = path, made
            rate = _rate(notes)
        elif made != first[1]:
            raise FeaturesError(
                f"features of two encoders do not go together: {first[0]} has k = {first[1][2]} of "
                f"{first[1][0]}, and {path} has k = {made[2]} of {made[0]}. Make all of them with one encoder"
            )
        elif _rate(notes) != rate:
            raise FeaturesError(
                f"features of two frame rates do not go together: {first[0]} has {rate}, and {path} has "
                f"{_rate(notes)}. Make all of them with one fps, or one every"
            )
    assert first is not None
    return int(first[1][2])


def _rate(notes: Notes) -> str:
    """Which frames of a video have a row, within the part that was taken."""
    selection = notes["selection"]
    return f"fps={selection['fps']}" if "fps" in selection else f"every={selection.get('every', 1)}"
