"""From a folder of films to a report: HTML with pictures, the model, the answers, and a card."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from fractions import Fraction
from html import escape
from pathlib import Path
from warnings import catch_warnings, simplefilter

import torch

from coursekit import __version__, encoders, show, train, video
from coursekit._shared._files import write_text
from coursekit._shared._text import csv_line
from coursekit.classify import _evaluate as ev
from coursekit.classify._describe import RATE, Described, answers_from_facts, average_frames, describe, facts
from coursekit.classify._file import save, trained
from coursekit.classify._films import Films, Path_, films, official
from coursekit.classify._models import model as build
from coursekit.encoders import Encoder

SEEDS = (0, 1, 2)  # of the splits
STRIPS = 6  # mistakes that are shown
FRAMES = 6  # of each
TITLE = "# Card of a classifier of films"
CARD = "card.md"
FILES = (CARD, "model.npz", "answers.csv", "report.html")
FEW = 30  # films to be tested; with fewer the report warns


@dataclass(frozen=True)
class Measured:
    """A measured accuracy.

    Attributes:
        share: right answers, 0 to 1, on average over the seeds of the split.
        low: the lower end of the interval for new groups (95 %).
        high: its upper end.
        seeds: the accuracy of each seed.
    """

    share: float
    low: float
    high: float
    seeds: tuple[float, ...]

    def __str__(self) -> str:
        """In percent, with the interval."""
        return f"{100 * self.share:.0f} % ({100 * self.low:.0f} to {100 * self.high:.0f} %)"


@dataclass(frozen=True)
class Report:
    """What `run` has found and written.

    Attributes:
        folder: with report.html, card.md, model.npz and answers.csv.
        accuracies: by name: the model on new groups, the model split by film, and the baselines.
        warnings: what a reader has to know.
    """

    folder: Path
    accuracies: dict[str, Measured]
    warnings: tuple[str, ...]


def run(
    source: Path_,
    out: Path_,
    *,
    model: str = "mean",
    encoder: str | Encoder = encoders.DEFAULT,
    fps: float | Fraction = RATE,
    by: str = "group",
    lists: Path_ | None = None,
    split: int = 1,
    device: str | None = None,
    progress: bool = True,
) -> Report:
    """Train a classifier on a folder of films, and measure how good it is on people it has not seen.

    Args:
        source: as for `films`.
        out: folder for what is written. Features are kept in the cache, and used again.
        model: one of `MODELS`.
        encoder: as for `features.extract_all`.
        fps: rows in a second.
        by: as for `films`.
        lists: the folder of UCF101's or HMDB51's official lists, instead of cross-validation.
        split: which of the official splits, 1 to 3.
        device: where the encoder computes.
        progress: show a bar.

    Raises:
        ValueError: films that cannot be used, a wrong argument, or a table that the report would be written
            over; the message says what to do.
        OSError: something cannot be read or written; or files in `out` are not of an earlier run.
        FeaturesError, WeightsError, LockedError: as `features.extract_all`.
    """
    build(model)  # a wrong name costs no time
    if out == "":
        raise ValueError("the folder for the report has an empty name: name one; . is this folder")
    _check_source(Path(source), Path(out))
    found = films(source, by=by)
    testing: set[Path] = set()
    if lists is None:
        found = found.testable()
    else:
        found, is_test = official(found, lists, split)
        testing = {film.path for film, test in zip(found.items, is_test.tolist(), strict=True) if test}
    folder = _report_folder(Path(out))  # before hours of computing
    known = describe(found, None, encoder, fps=fps, device=device, progress=progress)
    if lists is None:
        known = known.testable()
        labels, groups = known.films.labels, known.films.groups
        parts = [ev.splits(labels, groups, seed=seed) for seed in SEEDS]
        how = f"cross-validation, by {by}; {len(parts)} times, {len(parts[0])} parts each"
    else:
        learn, test = _official_split(known.films, testing)
        parts = [[(learn, test)]]
        how = f"official split {split}; {len(learn)} films to learn from, {len(test)} to be tested"
    measured, said = _measure(known, parts, model)
    untrained = "The encoder has random weights: it was never trained, and its features mean little."
    random = isinstance(encoder, Encoder) and encoder.weights == "random"
    warnings = (*[untrained] * random, *known.films.notes, *_warnings(known, parts, measured))
    name = encoder if isinstance(encoder, str) else encoder.name
    notes = {"encoder": name, "weights_hash": known.weights_hash, "fps": str(video.frame_rate(fps))}
    card = _card(str(source), known.films, {"model": model, **notes}, how, measured, warnings)
    saved = trained(model, known.rows, known.films.labels, known.films.classes, notes)
    answers = _answers(known.films, said)
    page = _page(known.films, said, measured, warnings, card)
    write_text(folder / CARD, card)  # the first: by it the next run knows the folder
    save(folder / "model.npz", saved)
    write_text(folder / "answers.csv", answers)
    write_text(folder / "report.html", page)
    return Report(folder, measured, warnings)


def _check_source(source: Path, folder: Path) -> None:
    """Raise a ValueError if the table of the films is a file that the report is going to write."""
    for file in (folder / name for name in FILES):
        if source.exists() and file.exists() and source.samefile(file):
            raise ValueError(
                f"the report in {folder} would be written over the table {source}: choose another folder for "
                "the report, or copy the table to another place"
            )


def _report_folder(folder: Path) -> Path:
    """The folder of a report, made if it is not there.

    Raises:
        FileExistsError: files there have the names of a report, but no card of ours.
        OSError: it cannot be made, or not be written to.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: the report needs a folder, choose another name")
    folder.mkdir(parents=True, exist_ok=True)
    card = folder / CARD
    ours = card.is_file() and card.read_text(encoding="utf-8", errors="replace").startswith(TITLE)
    others = [name for name in FILES if (folder / name).exists()]
    if others and not ours:
        raise FileExistsError(
            f"{folder} has {', '.join(others)}, which no earlier report has left: choose another folder"
        )
    tempfile.TemporaryFile(dir=folder).close()  # an OSError where nothing can be written
    return folder


def _official_split(found: Films, testing: set[Path]) -> ev.Split:
    test = torch.tensor([film.path in testing for film in found.items])  # (N,)
    if test.all() or not test.any():
        raise ValueError("of one part of the official split, no film can be read")
    return (~test).nonzero()[:, 0], test.nonzero()[:, 0]


def _measure(
    known: Described, parts: Sequence[list[ev.Split]], model: str
) -> tuple[dict[str, Measured], torch.Tensor]:
    """Accuracies by name, and the answers of the first seed, int64 (N,)."""
    found, labels = known.films, known.films.labels
    with _damage_is_known():
        frames, about = average_frames(found), facts(found)
    every = {
        _model_name(found): [
            ev.answers(known.rows, labels, each, model, seed=n) for n, each in enumerate(parts)
        ],
        FREQUENT: [ev.most_frequent(labels, each) for each in parts],
        FACTS: [answers_from_facts(about, labels, each) for each in parts],
        AVERAGE: [ev.answers(list(frames), labels, each) for each in parts],
    }
    if len(parts) > 1 and min(labels.bincount().tolist()) > 1 and not _is_by_film(found):
        by_film = [ev.splits(labels, seed=seed) for seed in SEEDS]
        every[BY_FILM] = [
            ev.answers(known.rows, labels, each, model, seed=n) for n, each in enumerate(by_film)
        ]
    said = every[_model_name(found)][0]
    tested = (said >= 0).tolist()
    people = len({group for group, each in zip(found.groups, tested, strict=True) if each})
    measured = {}
    for name, answers in every.items():
        shares = tuple(ev.accuracy(each, labels) for each in answers)
        share = sum(shares) / len(shares)
        measured[name] = Measured(share, *ev.interval(share, people), shares)
    return measured, said


@contextmanager
def _damage_is_known() -> Iterator[None]:
    """Without the warnings of damaged films: the notes of `describe` name them."""
    with catch_warnings():
        simplefilter("ignore", video.DamagedVideoWarning)
        yield


def _is_by_film(found: Films) -> bool:
    """Whether each film is a group of its own, so that nothing is measured on new people."""
    return all(film.path.as_posix().endswith(film.group) for film in found.items)  # as `films` names it


def _unit(found: Films) -> str:
    """What counts as an independent answer."""
    return "films" if _is_by_film(found) else "people"


def _model_name(found: Films) -> str:
    return ON_FILMS if _is_by_film(found) else MODEL


def _warnings(known: Described, parts: Sequence[list[ev.Split]], measured: dict[str, Measured]) -> list[str]:
    """What makes the numbers less than they look."""
    found, warnings = known.films, []
    trained = measured[_model_name(found)]
    tested = sorted({int(n) for _, test in parts[0] for n in test})
    people = {found.groups[n] for n in tested}
    if len(tested) < FEW:
        warnings.append(f"Only {len(tested)} films are tested: look at the interval, not at the percentage.")
    if len(people) < 10 and not _is_by_film(found):
        warnings.append(
            f"Only {len(people)} people or places are tested. Other people may give another number."
        )
    for split in parts[0]:
        if both := ev.shared(found.groups, split):
            warnings.append(
                f"On both sides of a split: {', '.join(sorted(both)[:5])}. The accuracy is too good."
            )
            break
    counts = found.labels.bincount().tolist()
    for name, count in zip(found.classes, counts, strict=True):
        if count < 5:
            warnings.append(f"The class {name} has {count} films only.")
    largest = max(found.labels[tested].bincount().tolist()) / len(tested)
    frequent = max(measured[FREQUENT].share, largest)
    if measured[FACTS].share > frequent + 0.1 and measured[FACTS].low > frequent:
        warnings.append(
            f"Size, frame rate and length of the files alone give {measured[FACTS]}: the classes differ in "
            "how they were recorded, and the classifier may look at that."
        )
    if trained.low <= frequent:
        warnings.append(
            f"The interval of the model reaches down to the share of one class ({100 * frequent:.0f} %): "
            f"it is not shown that it has learnt anything that holds for new {_unit(found)}."
        )
    if trained.share < measured[AVERAGE].share + 0.05:
        warnings.append(
            "The average frame, 16 x 16 pixels, is as good: colours and places may be all it uses."
        )
    if BY_FILM in measured and measured[BY_FILM].share > trained.share + 0.1:
        warnings.append(
            f"Split by film, the accuracy would look like {100 * measured[BY_FILM].share:.0f} %. That is no "
            "result: films of one person are then on both sides."
        )
    return warnings


def _answers(found: Films, said: torch.Tensor) -> str:
    """The answer to each film as a table in CSV."""
    lines = [("path", "label", "group", "answer")]
    for film, answer in zip(found.items, said.tolist(), strict=True):
        lines.append((str(film.path), film.label, film.group, found.classes[answer] if answer >= 0 else ""))
    return "".join(map(csv_line, lines))


def _card(
    source: str, found: Films, made: dict[str, str], split: str, measured: dict[str, Measured],
    warnings: Sequence[str],
) -> str:  # fmt: skip
    """How the classifier was made, and how good it is, in Markdown."""
    counts = found.labels.bincount().tolist()
    classes = [f"{name} ({count} films)" for name, count in zip(found.classes, counts, strict=True)]
    groups = len(set(found.groups))
    whose = "unknown people or places" if _is_by_film(found) else f"{groups} people or places"
    time = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    lines = [
        TITLE, "",
        f"- **Films**: {len(found)} films of {whose}, from {source}",
        f"- **Classes**: {', '.join(classes)}",
        f"- **Features**: {made['encoder']}, {made['fps']} rows in a second, "
        f"weights {made['weights_hash'][:16]}",
        f"- **Model**: {made['model']}; `model.npz` is trained on all films. The numbers below are those of "
        "models trained in the same way without the films that they are asked about",
        f"- **Split**: {split}",
        f"- **Made by**: coursekit {__version__}, {time}", "",
        "| right answers | share (95 % interval) |", "| --- | --- |",
        *[f"| {name} | {each} |" for name, each in measured.items()], "",
        f"The interval counts {_unit(found)}. Films of one person are no independent answers.",
        "", "## Warnings", "", *([f"- {each}" for each in warnings] or ["none"]), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _page(
    found: Films, said: torch.Tensor, measured: dict[str, Measured], warnings: Sequence[str], card: str
) -> str:
    """The report as one HTML file."""
    tested = said >= 0
    table = train.confusion(found.labels[tested], said[tested], len(found.classes))
    there = [n for n in range(len(found.classes)) if int(table[n].sum())]
    names = [found.classes[n] for n in there]
    parts = [f"<h2>How good is it on {_unit(found)} that it has not seen?</h2>", _table(measured)]
    if warnings:
        parts += ["<h2>Warnings</h2><ul>", *[f"<li>{escape(each)}</li>" for each in warnings], "</ul>"]
    if len(there) == len(found.classes) and len(there) <= 24:
        picture = show.confusions(
            {f"new {_unit(found)}": table}, names, title="Which class is taken for which?"
        )
        parts += ["<h2>Confusion matrix</h2>", picture.html()]
    wrong = [n for n in range(len(found)) if tested[n] and said[n] != found.labels[n]]
    parts.append(f"<h2>Mistakes</h2><p>{len(wrong)} of {int(tested.sum())} films got a wrong answer.</p>")
    with _damage_is_known():
        for n in wrong[:: max(1, len(wrong) // STRIPS)][:STRIPS]:
            parts.append(strip(found, n, found.classes[int(said[n])]).html())
    parts.append(f"<h2>Card</h2><pre>{escape(card)}</pre>")
    return _PAGE.replace("BODY", "\n".join(parts))


def strip(found: Films, number: int, answer: str) -> show.Picture:
    """The film strip of one film, with what it shows and what it was taken for."""
    film = found.items[number]
    every = -(-video.probe(film.path).frames // FRAMES)
    frames = list(video.stream(film.path, every=max(1, every)))  # fewer, where a part cannot be decoded
    clip = torch.stack([frame.image for frame in frames])  # (FRAMES or fewer, 3, H, W)
    title = f"{film.path.name}: {film.label}, taken for {answer}"
    return show.filmstrip(clip, times=[frame.time for frame in frames], count=FRAMES, title=title)


def _table(measured: dict[str, Measured]) -> str:
    rows = {
        name: (f"{100 * each.share:.0f} %", f"{100 * each.low:.0f} to {100 * each.high:.0f} %",
               ", ".join(f"{100 * share:.0f}" for share in each.seeds))
        for name, each in measured.items()
    }  # fmt: skip
    columns = ("right answers", "95 % interval", "each split (%)")
    return show.table(rows, columns=columns, first="").html()


ON_FILMS = "the model, on new films (perhaps of the same people)"
MODEL, BY_FILM = "the model, on new people", "the model, split by film (no result)"
FREQUENT, FACTS = "always the most frequent class", "size, frame rate, length of the file"
AVERAGE = "the average frame, 16 x 16 pixels"

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>A classifier of films</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff }
table { border-collapse: collapse } th, td { padding: .3rem .8rem; border-bottom: 1px solid #ccc }
img { display: block; margin: 1rem 0; max-width: 100%; height: auto }
pre { white-space: pre-wrap; background: #f4f4f4; padding: 1rem }
</style></head><body><h1>A classifier of films</h1>
BODY
</body></html>
"""
