"""Which frames of a video are wanted: as one object, as keywords, and as a feature file says it."""

import inspect
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit import data, video
from coursekit.video import Selection

CARPHONE = data.clip("carphone_pristine")
READERS = {
    "read": video.read,
    "frames": lambda *path, **rest: torch.stack(list(video.frames(*path, **rest))),
    "stream": lambda *path, **rest: torch.stack([frame.image for frame in video.stream(*path, **rest)]),
    "times": video.times,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "options",
    [{}, {"frames": (3, 9), "every": 2}, {"seconds": (1, 2), "fps": 5}, {"indices": [9, 2, 9]}],
    ids=str,
)
def test_a_selection_gives_the_same_frames_as_its_keywords(reader, options):
    use = READERS[reader]
    assert torch.equal(use(CARPHONE, Selection(**options)), use(CARPHONE, **options))


@pytest.mark.parametrize("use", [video.read, video.frames, video.stream, video.times])
def test_a_selection_and_keywords_together_are_refused(use):
    with pytest.raises(ValueError, match=r"Selection\(.*and every=2: give a Selection or keywords, not both"):
        use(CARPHONE, Selection(frames=(0, 9)), every=2)


@pytest.mark.parametrize("use", [video.read, video.frames, video.stream, video.times])
def test_an_unknown_keyword_is_named(use):
    with pytest.raises(TypeError, match="unexpected keyword argument 'second'; a selection has frames, sec"):
        use(CARPHONE, second=(0, 1))


def test_something_else_in_place_of_a_selection_is_refused_with_an_example():
    with pytest.raises(TypeError, match=r"must be a video.Selection, got \(0, 50\): write Sel"):
        video.read(CARPHONE, (0, 50))


@pytest.mark.parametrize("how", [{"size": (9, 9)}, {"selection": Selection(size=(9, 9))}], ids=str)
def test_times_refuse_a_size(how):
    with pytest.raises(ValueError, match=r"leave out size=\(9, 9\)"):
        video.times(CARPHONE, **how)


def test_the_keywords_are_the_fields_of_a_selection():
    fields = list(inspect.signature(Selection).parameters)
    assert list(video.SelectionOptions.__annotations__) == fields


@pytest.mark.parametrize(
    ("options", "described"),
    [
        ({}, {}),
        ({"every": 1}, {}),
        ({"every": 3, "frames": (2, 9)}, {"frames": "(2, 9)", "every": "3"}),
        ({"seconds": (1.5, 2)}, {"seconds": "(1.5, 2)"}),
        ({"fps": 1}, {"fps": "1"}),  # one frame a second is not all frames
        ({"fps": 5}, {"fps": "5"}),
        ({"fps": 29.97}, {"fps": "2997/100"}),
        ({"fps": 30000 / 1001, "size": (9, 9)}, {"fps": "30000/1001"}),
        ({"indices": [7, 2000, 31]}, {"indices": "(7, 2000, 31)"}),
    ],
    ids=str,
)
def test_a_selection_is_described_as_feature_files_on_disk_say_it(options, described):
    assert Selection(**options).described() == described


# ---------------------------------------------------------------- chosen frames


@pytest.mark.parametrize(
    "indices", [[5, 0, 5], (5, 0, 5), np.array([5, 0, 5], np.int32), torch.tensor([5, 0, 5])], ids=repr
)
def test_frames_are_chosen_by_a_list_an_array_or_a_tensor(indices):
    selection = Selection(indices=indices)
    assert selection == Selection(indices=iter((5, 0, 5)))
    assert hash(selection) == hash(Selection(indices=[5, 0, 5]))
    assert all(type(number) is int for number in selection.indices)
    whole = video.read(CARPHONE, frames=(0, 6))
    assert torch.equal(video.read(CARPHONE, selection), whole[[5, 0, 5]])


@pytest.mark.parametrize(
    ("indices", "kind", "message"),
    [
        ([], ValueError, "name no frame"),
        ([3, -1], ValueError, "indices hold -1, before frame 0: count from the beginning"),
        (7, TypeError, r"indices=7 must be the numbers of the frames to take, such as \[7, 2000, 31\]"),
        ([1.0], TypeError, "must be the numbers"),
        (np.array([0.5]), TypeError, "must be the numbers"),
        ("12", TypeError, "must be the numbers"),
        ([True, False], TypeError, "not a mask"),
        (np.array([True]), TypeError, "not a mask"),
        (torch.tensor([True]), TypeError, "not a mask"),
        (torch.zeros(2, 2, dtype=torch.int64), TypeError, "must be the numbers"),
    ],
    ids=repr,
)
def test_wrong_numbers_are_refused(indices, kind, message):
    for use in (Selection, lambda **options: video.read(CARPHONE, **options)):
        with pytest.raises(kind, match=message):
            use(indices=indices)


@pytest.mark.parametrize(
    "other", [{"frames": (0, 9)}, {"seconds": (0, 1)}, {"every": 2}, {"fps": 5}], ids=str
)
def test_chosen_frames_exclude_every_other_choice(other):
    with pytest.raises(ValueError, match=f"indices name each frame: leave out {next(iter(other))}="):
        Selection(indices=[1], **other)


def test_chosen_frames_are_resized():
    assert torch.equal(
        video.read(CARPHONE, indices=[8, 2], size=(20, 30)),
        video.read(CARPHONE, size=(20, 30), frames=(0, 9))[[8, 2]],
    )


def test_many_chosen_frames_are_described_in_a_few_words_that_differ_with_them():
    one, other = (Selection(indices=range(first, 100_000)).described()["indices"] for first in (0, 1))
    assert one.startswith("100000 numbers, SHA-256 ")
    assert len(one) < 100
    assert one != other


def test_the_rising_runs_of_chosen_frames_are_read_one_after_the_other():
    runs = Selection(indices=[5, 5, 9, 2, 2, 1], size=(8, 8)).runs()
    assert [run.indices for run in runs] == [(5, 5, 9), (2, 2), (1,)]
    assert list(Selection(every=2).runs()) == [Selection(every=2)]


# ---------------------------------------------------------------- frame rates


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (25, Fraction(25)),
        (29.97, Fraction(2997, 100)),
        (30000 / 1001, Fraction(30000, 1001)),
        (Fraction(1, 3600), Fraction(1, 3600)),
        (1 / 3600, Fraction(1, 3600)),
        (1e-4, Fraction(1, 10_000)),
        (1e-5, Fraction(1, 100_000)),
        (np.float32(12.5), Fraction(25, 2)),
        (np.int64(25), Fraction(25)),
    ],
)
def test_a_frame_rate_becomes_the_fraction_it_stands_for(value, exact):
    assert video.frame_rate(value) == exact


@given(st.floats(min_value=1e-5, max_value=20_000) | st.fractions(Fraction(1, 100_000), 20_000))
def test_every_rate_within_the_limits_is_above_0_and_fits_into_a_video_file(value):
    rate = video.frame_rate(value)
    assert 0 < rate.numerator < 2**31
    assert rate.denominator <= 100_000
    assert abs(rate - Fraction(value)) < Fraction(1, 100_000)


OUT_OF_RANGE = [0, -1, math.nan, math.inf, -math.inf, 1e-6, 1e300, Fraction(-1, 2)]


@pytest.mark.parametrize("value", [*OUT_OF_RANGE, True, "25", None, [25], torch.tensor(25)], ids=repr)
def test_no_frame_rate_is_one_clear_message(value):
    kind = ValueError if any(value is number for number in OUT_OF_RANGE) else TypeError
    with pytest.raises(kind) as caught:
        video.frame_rate(value, "rate")
    assert str(caught.value).startswith(f"rate={value!r} must be a number of frames per second above 0")
    assert "such as 25 or Fraction(30000, 1001)" in str(caught.value)


@pytest.mark.parametrize("value", [math.nan, 1e-6, "25", True])
def test_reading_at_no_frame_rate_is_refused_with_that_message(value):
    for use in (video.read, video.frames, video.stream, video.times):
        with pytest.raises((ValueError, TypeError), match="must be a number of frames per second above 0"):
            use(CARPHONE, fps=value)


def test_reading_one_frame_an_hour_gives_the_first_frame():
    assert video.times(CARPHONE, fps=1 / 3600).tolist() == [0.0]
    assert video.times(CARPHONE, fps=1e-4).tolist() == [0.0]
