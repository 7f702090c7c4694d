"""Windows over a stream: every frame stands in one row, and each window is what the network expects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.encoders._sliding_window import Windows

TRANSNET = Windows(100, 50, 25, dense=True)
CLIPS = Windows(16, 16)


@given(st.integers(1, 400))
def test_dense_rows_stand_for_each_frame_once(count):
    rows = [row for _, kept in TRANSNET.cut(range(count)) for row in kept]
    assert rows == list(range(count))


@given(st.integers(1, 400))
def test_dense_windows_are_those_of_the_padded_film(count):
    """The way TransNetV2's authors do it: pad the whole film, then cut."""
    padded = [0] * 25 + list(range(count)) + [count - 1] * (25 + 50 - (count % 50 or 50))
    expected = [padded[start : start + 100] for start in range(0, len(padded) - 99, 50)]
    assert [window for window, _ in TRANSNET.cut(range(count))] == expected


@given(st.integers(1, 100))
def test_a_row_for_a_window_stands_for_its_first_frame(count):
    found = list(CLIPS.cut(range(count)))
    assert [kept for _, kept in found] == [[start] for start in range(0, count, 16)]
    for number, (window, _) in enumerate(found):
        assert window == [min(16 * number + i, count - 1) for i in range(16)]


@given(st.integers(1, 60), st.integers(1, 8))
def test_overlapping_windows_see_every_frame(count, step):
    found = list(Windows(8, step).cut(range(count)))
    assert {frame for window, _ in found for frame in window} == set(range(count))
    assert all(len(window) == 8 for window, _ in found)
    assert len(found) == 1 + max(0, -(-(count - 8) // step))


def test_a_stream_is_not_held():
    taken = []

    def frames():
        for number in range(1000):
            taken.append(number)
            yield number

    windows = CLIPS.cut(frames())
    next(windows)
    assert len(taken) == 16


@pytest.mark.parametrize("windows", [TRANSNET, CLIPS])
def test_no_frame_no_window(windows):
    assert list(windows.cut([])) == []


@given(st.integers(1, 60), st.integers(1, 5), st.integers(1, 4), st.integers(1, 30))
def test_a_strided_window_takes_each_so_manyth_frame(count, length, stride, step):
    """A step may be longer than a window: the frames between two windows are in none."""
    found = list(Windows(length, step, stride=stride).cut(range(count)))
    assert [kept for _, kept in found] == [[step * number] for number in range(len(found))]
    for number, (window, _) in enumerate(found):
        assert window == [min(step * number + stride * i, count - 1) for i in range(length)]
    span = length * stride
    windows = 1 + max(0, -(-(count - span) // step))
    assert len(found) == min(windows, -(-count // step))  # none begins behind the film


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((0, 4), "length=0"), ((-8, 4), "length=-8"), ((8, 0), "step=0 must be a whole number, 1 or more"),
        ((8, -1), "step=-1"), ((8, 2.0), "step=2.0"), ((8, True), "step=True"), ((8, 4, -1), "margin=-1"),
    ],
)  # fmt: skip
def test_windows_have_whole_lengths(options, message):
    with pytest.raises(ValueError, match=message):
        Windows(*options)


def test_a_stride_is_refused_where_it_makes_no_sense():
    with pytest.raises(ValueError, match="stride=0 must be 1 or more"):
        Windows(4, 4, stride=0)
    with pytest.raises(ValueError, match="stride=2 must be"):
        Windows(4, 2, 1, dense=True, stride=2)
