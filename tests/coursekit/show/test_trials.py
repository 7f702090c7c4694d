"""Pictures of experiments: dots of every seed, and confusion matrices."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from coursekit import show

ROWS = {"mean": {"learn": [50, 52], "other": [12.34, 14]}, "GRU": {"learn": [95, 96], "other": [11, 11]}}
NAMES = ("left", "right", "still")
COUNTS = torch.tensor([[8, 2, 0], [5, 5, 0], [0, 0, 4]])


def test_spread_says_the_range_of_each_group_and_the_lines():
    picture = show.spread(ROWS, x="right answers (%)", lines={"chance": 14.3}, title="Seeds")
    assert picture.alt.startswith("Seeds. Dots of right answers (%)")
    assert "mean: learn 50 to 52, other 12.3 to 14" in picture.alt
    assert "GRU: learn 95 to 96, other 11" in picture.alt
    assert "Line, chance: 14.3" in picture.alt
    assert picture.size[0] <= 900


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({}, "at least one model"),
        ({"mean": {}}, "from 1 to 4 groups, got 0"),
        ({**ROWS, "LSTM": {"learn": [1]}}, "rows\\['LSTM'\\] has the groups"),
        ({"mean": {"learn": []}}, "must hold finite numbers"),
        ({"mean": {"learn": [float("nan")]}}, "must hold finite numbers"),
    ],
)
def test_spread_says_what_is_wrong_with_its_rows(rows, message):
    with pytest.raises(ValueError, match=message):
        show.spread(rows, x="right answers (%)")


def test_confusions_are_percentages_of_a_row():
    picture = show.confusions({"GRU": COUNTS, "CNN": 3 * COUNTS}, NAMES, title="Other films")
    assert "GRU, right answers: left 80, right 50, still 100" in picture.alt
    assert "CNN, right answers: left 80, right 50, still 100" in picture.alt
    one = show.confusions({"GRU": COUNTS}, NAMES)
    three = show.confusions(dict.fromkeys("ABC", COUNTS), NAMES)
    assert three.size[1] > one.size[1]


@pytest.mark.parametrize("classes", [2, 3, 24])
@pytest.mark.parametrize("matrices", [1, 2])
def test_confusions_leave_no_side_of_the_picture_empty(classes, matrices):
    names = [f"class {number}" for number in range(classes)]
    tables = {f"model {number}": torch.eye(classes, dtype=torch.int64) for number in range(matrices)}
    picture = show.confusions(tables, names, title="Other films")
    inked = np.array(Image.open(io.BytesIO(picture.png)).convert("L")).min(axis=0) < 200  # of each column
    (columns,) = inked.nonzero()
    assert columns[0] < 0.1 * len(inked)
    assert columns[-1] > 0.9 * len(inked)
    assert picture.size[0] <= 900


def test_confusions_say_what_is_wrong_with_a_table():
    with pytest.raises(ValueError, match="at least one confusion matrix"):
        show.confusions({}, NAMES)
    with pytest.raises(ValueError, match=r"tables\['GRU'\] must be \(3, 3\), got \(2, 3\)"):
        show.confusions({"GRU": COUNTS[:2]}, NAMES)
    with pytest.raises(ValueError, match="has a class without clips: row 1"):
        show.confusions({"GRU": COUNTS * torch.tensor([[1], [0], [1]])}, NAMES)
