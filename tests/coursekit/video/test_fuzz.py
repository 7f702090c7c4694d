"""Films damaged at random: the reader gives frames or a VideoError, and nothing else happens."""

from collections import Counter

import pytest
from support import fuzz
from support.legs import ALL_LEGS

SEEDS = range(30 if ALL_LEGS else 12)  # others by hand: python tests/support/fuzz.py FOLDER FIRST COUNT


@pytest.mark.parametrize("film", fuzz.FILMS, ids="-".join)
def test_the_film_to_be_damaged_is_sound(film, tmp_path):
    path = fuzz.make(tmp_path, *film)
    assert fuzz.outcome(path) == "frames"


@pytest.mark.slow
def test_a_damaged_film_gives_frames_or_a_video_error(tmp_path):
    files = fuzz.write_damaged(tmp_path, SEEDS)
    outcomes = fuzz.watch(files)
    wrong = {name: outcome for name, outcome in outcomes.items() if outcome not in ("frames", "VideoError")}
    assert not wrong
    assert set(outcomes) == {file.name for file in files}
    assert min(Counter(outcomes.values()).values()) > len(files) // 10  # the damage is neither mild nor total
