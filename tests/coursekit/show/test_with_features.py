"""A clip above a map of its features, with a cursor at each frame's own moment."""

import numpy as np
import pytest
import torch

from coursekit import show

MAP_ROWS = 200


@pytest.fixture(scope="module")
def clip():
    """uint8 (20, 3, 34, 80), the grey value rises with time."""
    return torch.arange(0, 200, 10, dtype=torch.uint8)[:, None, None, None].expand(20, 3, 34, 80).clone()


def features(frames=20, length=6):
    """Feature i is strong in frame (7 i) mod frames only; the last one never varies."""
    values = torch.zeros(frames, length)
    for i in range(length - 1):
        values[(7 * i) % frames, i] = 5 + i
    return values


def cursor(image):
    """The column of the cursor in the map of one frame (3, H, W): two white columns between black ones."""
    rows = image[:, -MAP_ROWS:].float()  # (3, 200, 480)
    white = (rows == 255).all(0).float()  # (200, 480)
    black = (rows == 0).all(0).float()
    score = white[:, 1:-2] * white[:, 2:-1] * black[:, :-3] * black[:, 3:]  # (200, 477)
    return int(score.sum(0).argmax()) + 1


def test_size_and_type(clip):
    moving = show.with_features(clip, features(), fps=25, count=5)
    assert moving.dtype == torch.uint8
    assert tuple(moving.shape) == (20, 3, 204 + MAP_ROWS, 480)
    assert moving.shape[2] % 2 == 0


def test_the_film_stands_above_unchanged_and_a_grey_one_too(clip):
    moving = show.with_features(clip, features(), fps=25, count=5)
    assert [int(frame[0, 100, 240]) for frame in moving] == clip[:, 0, 0, 0].tolist()
    grey = show.with_features(clip[:, :1], features(), fps=25, count=5)
    assert torch.equal(grey, moving)


def test_the_cursor_moves_at_an_even_pace_from_the_left_to_the_right(clip):
    places = [cursor(frame) for frame in show.with_features(clip, features(), fps=25, count=5)]
    steps = np.diff(places)
    assert steps.min() > 0
    assert steps.max() - steps.min() <= 1  # whole pixels


def test_the_map_has_the_features_that_vary_most_in_the_order_of_their_strongest_frame(clip):
    values = features()
    a = show.with_features(clip, values, fps=25, count=5)
    shuffled = values[:, [3, 5, 0, 4, 2, 1]]  # the same features under other numbers
    assert torch.equal(a, show.with_features(clip, shuffled, fps=25, count=5))
    assert not torch.equal(a, show.with_features(clip, values.flip(0), fps=25, count=5))


def test_only_the_cursor_differs_between_two_moments(clip):
    moving = show.with_features(clip, features(), fps=25, count=5)[:, :, -MAP_ROWS:]
    changed = (moving[3] != moving[9]).any(0).any(0).nonzero().flatten()  # columns
    near = {x + d for x in (cursor(moving[3]), cursor(moving[9])) for d in (-1, 0, 1, 2)}
    assert set(changed.tolist()) <= near


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": torch.zeros(19, 6)}, "a row for each of the 20 frames"),
        ({"values": torch.zeros(20)}, "a row for each of the 20 frames"),
        ({"count": 0}, "count must be from 1 to 6"),
        ({"count": 7}, "count must be from 1 to 6"),
        ({"fps": 0}, "fps"),
    ],
)
def test_what_does_not_fit_is_refused(clip, change, message):
    arguments = {"values": features(), "fps": 25, "count": 5} | change
    with pytest.raises(ValueError, match=message):
        show.with_features(clip, **arguments)


def test_something_else_than_a_clip_is_refused(clip):
    with pytest.raises(ValueError, match=r"expected torch\.uint8"):
        show.with_features(clip.float(), features(), fps=25, count=5)
