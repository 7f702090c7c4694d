"""The manifest of a folder of feature files: a CSV with one line for each video."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any

from coursekit._shared._files import atomic
from coursekit._shared._text import alike, csv_line
from coursekit.features._formats import BY_SUFFIX, FeaturesError

NAME = "manifest.csv"

_STATUSES = ("done", "failed", "waiting")


class OtherManifestError(FeaturesError):
    """A file of another kind that has the name of a manifest."""


@dataclass(frozen=True)
class Row:
    """One line of the manifest.

    Attributes:
        video: path of the video, as seen from the manifest's folder; / between its parts.
        file: path of the feature file in the manifest's folder; / between its parts.
        status: "done", "failed" or "waiting" (for a run that was ended before it came there).
        rows: T of the features.
        k: numbers in each row.
        encoder: name of the encoder.
        weights_hash: checksum of its weights.
        selection: which frames were taken, as JSON; {} for all.
        source_sha256: checksum of the video when the feature file was finished; empty if it never was.
        source_mtime_ns: when the video was last changed, in nanoseconds since 1970.
        error: why it failed; or, of one that is done, what is wrong with the video.
        label: the name of its class, if the list of videos told it.
        group: what it has in common with others, such as a person, likewise.
    """

    video: str
    file: str
    status: str = "waiting"
    rows: str = ""
    k: str = ""
    encoder: str = ""
    weights_hash: str = ""
    selection: str = ""
    source_sha256: str = ""
    source_mtime_ns: str = ""
    error: str = ""
    label: str = ""
    group: str = ""

    def done(self, header: dict[str, Any], note: str = "") -> Row:
        """This row, of a video whose feature file says `header` of itself."""
        return replace(
            self,
            status="done",
            rows=str(header["rows"]),
            k=str(header["k"]),
            encoder=header["encoder"],
            weights_hash=header["weights_hash"],
            selection=json.dumps(header["selection"], sort_keys=True),
            source_sha256=header["source_sha256"],
            error=one_line(note),
        )

    def anew(self) -> Row:
        """This row, of a video that is to be done; that its file was finished once is still known."""
        return Row(
            self.video, self.file, source_sha256=self.source_sha256, label=self.label, group=self.group
        )

    def failed(self, error: str) -> Row:
        """This row, of a video that could not be done."""
        return replace(self.anew(), status="failed", error=one_line(error))


COLUMNS = tuple(column.name for column in fields(Row))
_NEWER = {"source_mtime_ns", "label", "group"}  # not in the manifests of earlier versions


class Manifest:
    """The rows of a folder, by video; those of videos that this run was not asked for are kept."""

    def __init__(self, folder: Path) -> None:
        """Read the folder's manifest, if it has one.

        Raises:
            FeaturesError: there is another kind of file under its name, or a row that cannot be read.
        """
        self.path = folder / NAME
        self.rows: dict[str, Row] = {row.video: row for row in _read(self.path)}

    def put(self, rows: Iterable[Row]) -> None:
        """Enter rows and write the file, if that changes it.

        Raises:
            FeaturesError: it cannot be written.
        """
        for row in rows:
            self.rows[row.video] = row
        text = _text(self.rows.values())
        try:
            if self.path.is_file() and self.path.read_bytes() == text:
                return
            with atomic(self.path, suffix="") as partial:
                partial.write_bytes(text)
        except OSError as error:
            raise FeaturesError(f"{self.path} could not be written: {error}") from error

    def named(self, asked: Mapping[str, str], suffix: str) -> list[Row]:
        """A row for each video: that of the manifest, or a new one with a feature file of its own.

        The file has the video's place; where two would have the same one, a hash of the path follows it.

        Args:
            asked: the place of each video (see `Listed`), by its path as `seen_from` gives it.
            suffix: of new feature files.

        Raises:
            FeaturesError: the features of one of them are there in another format.
        """
        new = {video: place for video, place in asked.items() if video not in self.rows}
        # Some file systems take names for one that are alike.
        taken = [alike(_without_suffix(row.file)) for row in self.rows.values()]
        taken += [alike(place) for place in new.values()]
        names = {
            video: place if taken.count(alike(place)) == 1 else f"{place}-{_hash(video)}"
            for video, place in new.items()
        }
        return [
            Row(video, names[video] + suffix) if video in new else self._kept(self.rows[video], suffix)
            for video in asked
        ]

    def _kept(self, row: Row, suffix: str) -> Row:
        """A row of the manifest, with the suffix of this run where no feature file is there yet."""
        file = _without_suffix(row.file) + suffix
        if file != row.file and (self.path.parent / row.file).exists():
            raise FeaturesError(
                f"{self.path.parent} has {row.file}, and {suffix} was asked for: choose another folder, or "
                f"that format. To convert a file: features.save({file!r}, features.load({row.file!r}))"
            )
        return row if file == row.file else replace(row.anew(), file=file, source_sha256="")


def is_listed(file: Path) -> bool:
    """Whether a manifest in the folder of a feature file, or in one above, says that it was finished once."""
    whole = file.absolute()
    for folder in whole.parents:
        with suppress(FeaturesError):
            rows = Manifest(folder).rows.values()
            place = whole.relative_to(folder).as_posix()
            if any(row.file == place and row.source_sha256 for row in rows):
                return True
    return False


def seen_from(folder: Path, path: Path) -> str:
    """The path of a file relative to a folder, with /; absolute where there is no such thing."""
    whole = path.parent.resolve() / path.name  # a link keeps its own name: that is what its user chose
    try:
        return Path(os.path.relpath(whole, folder)).as_posix()
    except ValueError:  # on another drive
        return whole.as_posix()


def one_line(text: str) -> str:
    """A message without its line breaks."""
    return " ".join(text.split())


def _without_suffix(file: str) -> str:
    return file.rpartition(".")[0]


def _hash(video: str) -> str:
    return hashlib.sha256(video.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _text(rows: Iterable[Row]) -> bytes:
    lines = [csv_line(cells) for cells in (COLUMNS, *map(astuple, rows))]
    return "".join(lines).encode("utf-8", "surrogateescape")  # file names need not be UTF-8


def _read(path: Path) -> list[Row]:
    """The rows of a manifest; none if it is not there.

    Raises:
        OtherManifestError: a file of another kind has its name.
        FeaturesError: it cannot be read, or one of its rows cannot. Without that row, the next run would
            write a manifest in which its label is lost.
    """
    try:
        if not path.exists():
            return []
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file)
            lines = [(reader.line_num, line) for line in reader if line]
    except (OSError, csv.Error) as error:
        raise FeaturesError(f"{path} cannot be read ({error}): move it away") from error
    names = lines[0][1] if lines else []
    if not set(COLUMNS) - _NEWER <= set(names) <= set(COLUMNS) or len(set(names)) < len(names):
        raise OtherManifestError(
            f"{path} is no manifest of coursekit: move it away, or choose another folder"
        )
    rows: dict[str, Row] = {}
    for number, cells in lines[1:]:
        wrong = _wrong(names, cells)
        if not wrong:
            row = Row(**dict(zip(names, cells, strict=True)))
            wrong = f"has {row.video!r} again" if row.video in rows else ""
            rows[row.video] = row
        if wrong:
            raise FeaturesError(
                f"{path}, line {number}, {wrong}: repair the line. Or delete the manifest: the next run "
                "makes it again, without the labels and groups"
            )
    return list(rows.values())


def _wrong(names: Sequence[str], cells: Sequence[str]) -> str:
    """What is wrong with a row; empty for nothing."""
    if len(cells) != len(names):
        return f"has {len(cells)} cells instead of {len(names)} (a text with a comma needs quotation marks)"
    row = dict(zip(names, cells, strict=True))
    if row["status"] not in _STATUSES:
        return f"has the status {row['status']!r}, not one of {', '.join(_STATUSES)}"
    return "" if _is_inside(row["file"]) else f"has {row['file']!r}, which is no feature file in this folder"


def _is_inside(file: str) -> bool:
    """Whether a file is in the folder: a name that somebody has edited must not lead out of it."""
    steps = file.split("/")
    is_plain = os.name == "posix" or "\\" not in file  # elsewhere it stands between folders, as / does
    return Path(file).suffix in BY_SUFFIX and is_plain and not {"", ".", ".."} & set(steps)
