import io

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from coursekit import show
from coursekit.show._figure import render

CLIP = torch.tensor([[[5, 5, 5], [6, 5, 5]], [[1, 4, 6], [1, 3, 5]], [[1, 4, 6], [1, 4, 5]]])  # (3, 2, 3)
KERNEL = torch.tensor([[[-2, -1], [-1, -1]], [[2, 1], [1, 1]]])  # (2, 2, 2)
ORANGE, BLUE = (230, 159, 0), (0, 114, 178)


def area(picture, colour, tolerance=3):
    """How many pixels of a picture have (about) this colour."""
    seen = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)
    return int((np.abs(seen - colour).max(2) <= tolerance).sum())


def slanted(speed, frames=8, height=6, width=40):
    """A film (T, H, W) of a bright bar that moves by `speed` columns a frame."""
    film = torch.zeros(frames, height, width)
    for t in range(frames):
        film[t, :, 12 + speed * t : 15 + speed * t] = 1.0
    return film


def edge(speed, frames=3):
    kernel = torch.zeros(frames, 1, 3 + speed * (frames - 1))
    for t in range(frames):
        kernel[t, 0, speed * t : speed * t + 3] = torch.tensor([-1.0, 0.0, 1.0])
    return kernel


# gliding


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_the_sum_is_pytorchs_value_at_that_place_in_reading_order(step):
    expected = F.conv3d(CLIP[None, None].float(), KERNEL[None, None].float()).flatten()[step]
    assert f"The sum of the products is {int(expected)}." in show.gliding(CLIP, KERNEL, step=step).alt


def test_unsolved_tells_no_sum():
    unsolved = show.gliding(CLIP, KERNEL, solve=False)
    assert "sum" not in unsolved.alt
    assert "[[5, 5], [6, 5]]" in unsolved.alt
    assert unsolved.png != show.gliding(CLIP, KERNEL).png


def test_each_step_fills_in_one_more_value():
    pictures = [show.gliding(CLIP, KERNEL, step=step).png for step in range(4)]
    assert len(set(pictures)) == 4


@pytest.mark.parametrize(
    ("clip", "kernel", "step", "message"),
    [
        (CLIP, KERNEL, 4, "from 0 to 3"),
        (CLIP + 0.5, KERNEL, 0, "whole numbers"),
        (CLIP[0], KERNEL, 0, r"\(T, H, W\)"),
        (torch.zeros(3, 9, 9), KERNEL, 0, "at most 4 x 5 x 6"),
        (KERNEL, CLIP, 0, "larger than the padded input"),
    ],
)
def test_gliding_says_what_is_wrong(clip, kernel, step, message):
    with pytest.raises(ValueError, match=message):
        show.gliding(clip, kernel, step=step)


# space_time


def test_the_response_in_a_slice_is_that_of_a_convolution():
    film, kernel = slanted(2), edge(2)
    response = F.conv3d(film[None, None], kernel[None, None])[0, 0, :, 3]  # (T', W')
    strength = response.square().mean().sqrt()
    place = divmod(int(response.abs().argmax()), response.shape[1])
    alt = show.space_time(film, row=3, kernel=kernel).alt
    assert f"root mean square {strength:.2f}, strongest at frame {place[0]}, column {place[1]}" in alt


def test_a_slice_shows_the_row_that_is_asked_for():
    film = slanted(2)
    changed = film.clone()
    changed[0, 4] = 0.5  # a row of a frame that is not drawn itself
    assert show.space_time(film, row=3).png == show.space_time(changed, row=3).png
    assert show.space_time(film, row=4).png != show.space_time(changed, row=4).png
    assert "row 4 over time, 8 by 40 pixels" in show.space_time(film, row=4).alt


def test_a_larger_limit_pales_the_response():
    pictures = [show.space_time(slanted(2), row=3, kernel=edge(2), limit=limit).png for limit in (1, 6)]
    assert pictures[0] != pictures[1]


def test_a_kernel_of_zeros_can_be_drawn():
    assert "root mean square 0.00" in show.space_time(slanted(2), row=3, kernel=torch.zeros(3, 1, 5)).alt


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"row": 6}, ValueError, "from 0 to 5"),
        ({"row": 3, "limit": 0}, ValueError, "above 0"),
        ({"row": 3, "limit": float("nan")}, ValueError, "above 0"),
        ({"row": 3, "kernel": torch.zeros(3, 2, 5)}, ValueError, "one row"),
        ({"row": 3, "kernel": torch.zeros(9, 1, 5)}, ValueError, "larger than the padded input"),
        ({"row": 3, "kernel": [1, 2]}, TypeError, "torch tensor"),
    ],
)
def test_space_time_says_what_is_wrong(options, error, message):
    with pytest.raises(error, match=message):
        show.space_time(slanted(2), **options)


def test_a_film_has_values_from_0_to_1():
    with pytest.raises(ValueError, match="from 0 to 1, got 0 to 255; divide values from 0 to 255 by 255"):
        show.space_time(255 * slanted(2), row=3)


# results


def test_results_share_one_scale():
    one, half = torch.ones(4, 6, 8), torch.full((4, 6, 8), 0.5)
    together = show.results({"one": one, "half": half})
    alone = show.results({"half": half})
    strongest = (103, 0, 31)  # the upper end of the scale
    assert area(together, strongest) < area(alone, strongest)
    assert "one: 4 frames of 6 by 8, from 1.00 to 1.00; half: 4 frames of 6 by 8, from 0.50" in together.alt


def test_zero_is_white_and_the_film_is_grey():
    zero = torch.zeros(4, 6, 8)
    dark = show.results({"zero": zero}, film=zero)
    light = show.results({"zero": zero}, film=zero + 1)
    assert area(dark, (0, 0, 0)) > area(light, (0, 0, 0)) + 1000


@pytest.mark.parametrize(
    ("volumes", "options", "error", "message"),
    [
        ({}, {}, ValueError, "at least one"),
        ({"a": torch.zeros(3, 4)}, {}, ValueError, r'volumes\["a"\] must be \(T, H, W\)'),
        ({"a": torch.full((2, 3, 4), float("nan"))}, {}, ValueError, "not finite"),
        ({"a": torch.zeros(2, 3, 4)}, {"limit": -1}, ValueError, "above 0"),
        ({"a": [1]}, {}, TypeError, "torch tensor"),
    ],
)
def test_results_says_what_is_wrong(volumes, options, error, message):
    with pytest.raises(error, match=message):
        show.results(volumes, **options)


# places


@pytest.mark.parametrize(
    ("options", "places", "unread"),
    [
        ({"stride": 2}, 7, "No place reads frame 15."),
        ({}, 14, "Every frame is read."),
        ({"stride": 4}, 4, "No place reads frame 3, 7, 11, 15."),
        ({"stride": 3, "padding": 1, "dilation": 2}, 5, "No place reads frame 0, 14."),
    ],
)
def test_places_counts_them_and_names_what_is_unread(options, places, unread):
    picture = show.places(16, 3, **options)
    assert f"has {places} places" in picture.alt
    assert picture.alt.endswith(unread)
    assert area(picture, BLUE) > 1000
    assert (area(picture, ORANGE) > 1000) == unread.startswith("No")


def test_places_says_what_is_too_long():
    with pytest.raises(ValueError, match="at most 60"):
        show.places(59, 3, padding=1)


def test_volumes_say_in_the_picture_how_many_frames_are_drawn(monkeypatch):
    texts = []

    def record(fig, alt):
        texts.append(" ".join(text.get_text() for text in fig.axes[0].texts))
        return render(fig, alt)

    monkeypatch.setattr("coursekit.show._volumes.render", record)
    clip = torch.zeros(16, 3, 20, 30, dtype=torch.uint8)
    show.volumes(clip, count=12)
    show.volumes(clip, count=16)
    assert "12 of the 16 frames are drawn" in texts[0]
    assert "drawn" not in texts[1]
