"""show.memory with a marked element, show.strides and show.gallery: what they show, and what they refuse."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from coursekit import show

TINY = torch.arange(36).reshape(2, 3, 2, 3)


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)


@pytest.mark.slow
def test_a_marked_element_is_framed_where_it_lies():
    view = TINY.permute(1, 0, 2, 3)
    for tensor, layout, mark, cell in (
        (TINY, "TCHW", (0, 2, 0, 1), 13),
        (view, "CTHW", (2, 0, 0, 1), 13),
        (view.contiguous(), "CTHW", (2, 0, 0, 1), 25),
    ):
        plain, marked = (show.memory(tensor, layout=layout, mark=each) for each in (None, mark))
        assert f"Marked: element {mark} in cell +{cell}." in marked.alt
        assert "Marked" not in plain.alt
        rows, columns = np.nonzero((pixels(plain) != pixels(marked)).any(2))
        assert 12 * columns.mean() // pixels(marked).shape[1] == cell % 12
        assert rows.max() - rows.min() < 90  # one cell


def test_a_mark_that_is_not_drawn_is_refused():
    with pytest.raises(ValueError, match=r"mark=\(1, 0, 0, 0\) \(t, c, y, x\) is not among the 12 cells"):
        show.memory(TINY, cells=12, mark=(1, 0, 0, 0))


def test_the_colours_of_the_channels_have_a_legend():
    def in_the_right_third(layout):
        seen = pixels(show.memory(TINY[:, :, 0, 0], layout=layout))  # its six cells lie in the left half
        return (abs(seen[:, seen.shape[1] * 2 // 3 :] - (0, 158, 115)).max(2) < 3).sum()

    assert in_the_right_third("TC") > 200
    assert in_the_right_third("TW") == 0


def test_strides_tell_what_was_copied():
    rows = {"clip": TINY, "clip[1:]": TINY[1:], "permuted": TINY.permute(1, 0, 2, 3), "clip[[1]]": TINY[[1]]}
    assert str(show.strides(rows, base=TINY)).splitlines() == [
        "line       strides        first address  contiguous  copied",
        "clip       (18, 6, 3, 1)              0  yes         no",
        "clip[1:]   (18, 6, 3, 1)             18  yes         no",
        "permuted   (6, 18, 3, 1)              0  no          no",
        "clip[[1]]  (18, 6, 3, 1)              0  yes         yes",
    ]


def flat(*colours, size=(20, 30)):
    return torch.tensor(colours, dtype=torch.uint8)[:, :, None, None].expand(-1, -1, *size).clone()


def test_a_gallery_has_a_row_for_each_clip_and_a_column_for_each_frame():
    red, blue, green = (250, 0, 0), (0, 0, 250), (0, 250, 0)
    clips = {"first": flat(red, green, blue), "second clip": flat(blue, red, red, size=(30, 20))}
    picture = show.gallery(clips, frames=(0, 2), title="Two clips")
    seen = pixels(picture)

    def middle(colour):
        rows, columns = np.nonzero((seen == colour).all(2))
        return [(rows[part].mean(), columns[part].mean()) for part in (rows < cut, rows > cut) if part.any()]

    cut = seen.shape[0] * 0.42  # between the wide clip and the tall one
    (high, left), (low, right) = middle(red)
    assert high < low and left < right  # red is frame 0 of the first, and frame 2 of the second
    (high, right), (low, left) = middle(blue)
    assert high < low and left < right
    assert not (seen == green).all(2).any()  # frame 1 was not asked for
    assert picture.alt.startswith("Two clips. Frames 0, 2 of 2 clips, one row each: first (20 rows by 30")


@pytest.mark.parametrize(
    ("clips", "frames", "says"),
    [
        ({}, (0,), "at least one clip"),
        ({"a": flat((1, 2, 3))}, (), "at least one frame"),
        ({"a": flat((1, 2, 3), (1, 2, 3)), "b": flat((1, 2, 3))}, (0, 1), r'has 1, but clips\["b"\].*0 to 0'),
        ({"a": flat((1, 2, 3), (1, 2, 3)).permute(1, 0, 2, 3)}, (0,), r'clips\["a"\].*is it CTHW'),
    ],
)
def test_a_gallery_refuses_what_it_cannot_show(clips, frames, says):
    with pytest.raises(ValueError, match=says):
        show.gallery(clips, frames=frames)
