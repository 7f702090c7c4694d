"""What a reader of the READMEs relies on: the course map, commands, the picture, the tables of the data."""

from __future__ import annotations

import hashlib
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from coursekit import data
from tools.data import overview
from tools.publish import links

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "notebooks").glob("*.ipynb"))


def rows(text: str, start: str) -> list[list[str]]:
    """The cells of the table rows that begin with `start`."""
    lines = [line for line in text.splitlines() if line.startswith(start)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_course_map_has_a_row_for_each_notebook_with_its_time_and_its_links():
    course_map = rows((ROOT / "README.md").read_text(encoding="utf-8"), "| [0")
    assert [re.findall(r"\((.*)\)", row[0]) for row in course_map] == [[name] for name in NOTEBOOKS]
    for (_, times, minutes, gpu, doors), notebook in zip(course_map, NOTEBOOKS, strict=True):
        assert re.search(r"\d\d:\d\d|beyond the lecture", times)
        reading, exercises = minutes.split(" + ")
        stated = f"about {reading} minutes to read and run, and {exercises} for the exercises"
        assert stated in (ROOT / notebook).read_text(encoding="utf-8")
        assert gpu in ("no", "helps", "yes")
        here = links.place(ROOT)
        assert doors == f"[Colab]({here.colab}{notebook}), [Kaggle]({here.kaggle}{notebook})"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "notebooks/assignments/README.md"])
def test_each_make_command_of_a_text_exists(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    called = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert called
    assert called - set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) == set()


@pytest.mark.slow
def test_the_picture_of_the_readme_is_the_one_that_the_course_draws(tmp_path):
    assert overview.main(tmp_path) == 0
    drawn, stored = (
        np.asarray(Image.open(root / overview.PICTURE).convert("RGB"), dtype=float)
        for root in (tmp_path, ROOT)
    )  # (H, W, 3)
    assert [path.name for path in (tmp_path / ".github").iterdir()] == ["overview.png"]
    assert drawn.shape == stored.shape
    assert np.abs(drawn - stored).mean() < 4  # fonts and drawing differ a little between versions


def test_the_tables_of_the_data_readme_say_what_the_files_are():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    table = {row[0].strip("`"): row[1:] for row in rows(text, "| `")}
    entries = (*data.MANIFEST.values(), *data.FILES.values())
    assert list(table) == [entry.file for entry in entries]
    for entry in data.FILES.values():
        assert int(table[entry.file][1]) == entry.bytes == (data.FOLDER / entry.file).stat().st_size
    for entry in data.MANIFEST.values():
        _, size, fps, frames, size_in_bytes, *_ = table[entry.file]
        assert size == f"{entry.width} x {entry.height}"
        assert (Fraction(fps), int(frames)) == (entry.fps, entry.frames)
        assert int(size_in_bytes) == entry.bytes == (data.FOLDER / entry.file).stat().st_size


def test_the_checksums_of_the_data_readme_are_those_of_the_files():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    written = dict(reversed(line.split("  ")) for line in re.findall(r"^[0-9a-f]{64}  \S+$", text, re.M))
    assert written == {
        entry.file: hashlib.sha256((ROOT / "data" / entry.file).read_bytes()).hexdigest()
        for entry in (*data.MANIFEST.values(), *data.FILES.values())
    }
