"""The manifest of a folder of feature files: a CSV with one line for each video."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any

from coursekit._shared._files import atomic
from coursekit.features._file import FeaturesError

NAME = "manifest.csv"

_STATUSES = ("done", "failed", "waiting")


@dataclass(frozen=True)
class Row:
    """One line of the manifest.

    Attributes:
        video: path of the video, as seen from the manifest's folder; / between its parts.
        file: name of the feature file, in the manifest's folder.
        status: "done", "failed" or "waiting" (for a run that was ended before it came there).
        rows: T of the features.
        k: numbers in each row.
        encoder: name of the encoder.
        weights_hash: checksum of its weights.
        selection: which frames were taken, as JSON; {} for all.
        source_sha256: checksum of the video.
        source_mtime_ns: when the video was last changed, in nanoseconds since 1970.
        error: why it failed; or, of one that is done, what is wrong with the video.
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

    def failed(self, error: str) -> Row:
        """This row, of a video that could not be done."""
        return Row(self.video, self.file, "failed", error=one_line(error))


COLUMNS = tuple(column.name for column in fields(Row))
_OLDER = tuple(name for name in COLUMNS if name != "source_mtime_ns")  # as older versions wrote it


class Manifest:
    """The rows of a folder, by video; those of videos that this run was not asked for are kept."""

    def __init__(self, folder: Path) -> None:
        """Read the folder's manifest, if it has one.

        Raises:
            FeaturesError: there is another kind of file under its name.
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

    def named(self, asked: Iterable[str]) -> list[Row]:
        """A row for each video: that of the manifest, or a new one with a feature file of its own.

        The file has the video's name; where two would have the same one, a hash of the path follows it.

        Args:
            asked: paths as `seen_from` gives them, each once.
        """
        asked = list(asked)
        new = {video: Path(video).stem for video in asked if video not in self.rows}
        taken = [_alike(Path(row.file).stem) for row in self.rows.values()]
        taken += [_alike(stem) for stem in new.values()]
        names = {
            video: f"{stem}.h5" if taken.count(_alike(stem)) == 1 else f"{stem}-{_hash(video)}.h5"
            for video, stem in new.items()
        }
        return [self.rows.get(video) or Row(video, names[video]) for video in asked]


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


def _alike(stem: str) -> str:
    """Equal for names that some file systems take for one."""
    return unicodedata.normalize("NFC", stem).casefold()


def _hash(video: str) -> str:
    return hashlib.sha256(video.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _text(rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(row) for row in rows)
    return text.getvalue().encode("utf-8", "surrogateescape")  # file names need not be UTF-8


def _read(path: Path) -> list[Row]:
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, csv.Error) as error:
        raise FeaturesError(f"{path} cannot be read ({error}): move it away") from error
    names = tuple(lines[0]) if lines else ()
    if names not in (COLUMNS, _OLDER):
        raise FeaturesError(f"{path} is no manifest of coursekit: move it away, or choose another folder")
    rows = [Row(**dict(zip(names, line, strict=True))) for line in lines[1:] if len(line) == len(names)]
    # A name that somebody has edited must not lead out of the folder.
    return [row for row in rows if row.status in _STATUSES and re.fullmatch(r"[^/\\]+\.h5", row.file)]
