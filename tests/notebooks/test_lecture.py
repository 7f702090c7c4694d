"""What the notebooks quote from the lecture stands in its transcript, at the place that they name.

The transcript is not ours to publish. These tests run where it lies beside the checkout, or where
COURSEKIT_TRANSCRIPT names it, as in CI.
"""

import os
import re
from pathlib import Path

import pytest

from tools.notebooks import notebook

ROOT = Path(__file__).resolve().parents[2]
LECTURES = sorted((ROOT / "notebooks").glob("0*.ipynb"))
TRANSCRIPT = Path(os.environ.get("COURSEKIT_TRANSCRIPT", ROOT.parent / "shared" / "lecture56_transcript.txt"))

needs_transcript = pytest.mark.skipif(not TRANSCRIPT.is_file(), reason=f"there is no {TRANSCRIPT.name}")


def words(text: str) -> str:
    """The words of a text, without the transcript's remarks on noises."""
    return " ".join(re.findall(r"[a-z0-9]+", re.sub(r"\[[a-z -]*noise\]", " ", text.lower())))


def spoken() -> dict[str, str]:
    """The words of the lecture by the time of their slide."""
    parts = re.split(r"\(Refer Slide Time: (\d\d:\d\d)\)", TRANSCRIPT.read_text(encoding="utf-8"))
    return {place: words(text) for place, text in zip(parts[1::2], parts[2::2], strict=True)}


def claims(path: Path) -> list[tuple[str, str]]:
    """(place, quote) of each quotation in a table of the lecture's claims."""
    pairs = []
    for cell in notebook.read(path).cells:
        if cell.cell_type == "markdown" and "claim by claim" in cell.source:
            for place, row in re.findall(r"^\| (\d\d:\d\d) \|(.*)\|$", cell.source, re.MULTILINE):
                pairs += [(place, quote) for quote in re.findall(r'"([^"]+)"', row)]
    return pairs


def wrong(pairs: list[tuple[str, str]]) -> list[str]:
    """The quotations that are not said at their place."""
    said = spoken()
    return [f"{place}: {quote}" for place, quote in pairs if words(quote) not in said.get(place, "")]


@needs_transcript
@pytest.mark.parametrize("path", LECTURES, ids=[path.stem for path in LECTURES])
def test_each_quotation_is_said_at_its_place(path):
    pairs = claims(path)
    assert pairs or path.stem.startswith("06"), "the table of claims quotes nothing"
    assert wrong(pairs) == []


@needs_transcript
def test_other_words_and_another_place_are_seen():
    (place, quote), *_ = claims(LECTURES[0])
    other = next(each for each in spoken() if words(quote) not in spoken()[each])
    assert wrong([(place, quote)]) == []
    assert wrong([(place, f"{quote} or so"), (other, quote), ("99:99", quote)]) != []
    assert len(wrong([(place, f"{quote} or so"), (other, quote), ("99:99", quote)])) == 3
