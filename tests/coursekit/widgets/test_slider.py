import json
import re

import pytest

from coursekit import widgets
from coursekit.widgets import _slider


def positions(shown):
    """What the page knows of the slider, from its HTML."""
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', shown, re.DOTALL)[1])


def test_the_page_holds_the_picture_of_each_position(draw):
    data = positions(widgets.explore(draw, start={"t": 1}, t=(0, 3)).html())
    assert (data["label"], data["start"]) == ("t", 1)
    assert [position["text"] for position in data["positions"]] == ["0", "1", "2", "3"]
    assert [position["alt"] for position in data["positions"]] == [draw(t).alt for t in range(4)]
    sources = [position.get("source") for position in data["positions"]]
    assert sources[1] is None, "the picture at the start is in the page already"
    assert len(set(sources)) == 4
    assert all(source.startswith("data:image/webp;base64,") for source in sources if source)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ((0, 9, 3), ["0", "3", "6", "9"]),
        ((0, 8, 3), ["0", "3", "6"]),
        ((0.0, 0.4, 0.1), ["0", "0.1", "0.2", "0.3", "0.4"]),
        (["left", "right"], ["left", "right"]),
    ],
)
def test_the_positions_of_a_slider(draw, values, texts):
    given = []

    def watched(row_of_pixels):
        given.append(row_of_pixels)
        return draw(0)

    data = positions(widgets.explore(watched, row_of_pixels=values).html())
    assert [position["text"] for position in data["positions"]] == texts
    assert [f"{value:.6g}" if isinstance(value, float) else str(value) for value in given] == texts
    assert data["label"] == "row of pixels"


def test_one_output_holds_the_slider_and_the_picture_at_the_start(draw, outputs):
    slider = widgets.explore(draw, start={"t": 1}, t=(0, 3))
    still = draw(1)._repr_mimebundle_()[0]
    assert outputs(slider) == [{**still, "text/html": slider.html()}]
    assert slider.html().startswith(f'<div class="ck-slider">{draw(1).html()}')


def test_words_cannot_end_the_data(draw):
    shown = widgets.explore(lambda kind: draw(0, kind), kind=["a", "</script><b>"]).html()
    assert positions(shown)["positions"][1]["text"] == "</script><b>"


def test_a_position_that_fails_has_the_error_in_place_of_a_picture(fails_at_3):
    data = positions(widgets.explore(fails_at_3, t=(0, 3)).html())
    assert data["positions"][3] == {"text": "3", "error": "No picture for t = 3. IndexError: no frame <3>"}
    assert "error" not in data["positions"][2]


@pytest.fixture
def slow(monkeypatch, draw):
    """A draw that takes two seconds by the clock of the slider."""
    clock = [0.0]
    monkeypatch.setattr(_slider.time, "monotonic", lambda: clock[0])

    def draw_slowly(t):
        clock[0] += 2.0
        return draw(t)

    return draw_slowly


def test_slow_drawing_says_how_long_it_still_takes_and_leaves_nothing_of_it(slow, outputs):
    slider = widgets.explore(slow, t=(0, 3))
    (output,) = outputs(slider)
    assert output["text/html"] == slider.html()
    told = [step["text/html"] for step in outputs.steps[:-1]]
    assert [re.search(r"<p>(.*)</p>", words)[1] for words in told] == [
        "Drawing 4 pictures, about 4 s left",
        "Drawing 4 pictures, about 2 s left",
    ]
    assert all("<img alt=" in words for words in told), "the first picture is there at once"


@pytest.mark.parametrize("recorded", [False, True])
def test_fast_drawing_and_a_recording_say_nothing(monkeypatch, draw, slow, outputs, recorded):
    if recorded:
        monkeypatch.setenv("COURSEKIT_RECORDING", "1")
    outputs(widgets.explore(slow if recorded else draw, t=(0, 3)))
    assert len(outputs.steps) == 1


def test_drawing_that_is_stopped_says_so(draw, outputs):
    def stopped(t):
        if t == 2:
            raise KeyboardInterrupt
        return draw(t)

    with pytest.raises(KeyboardInterrupt):
        outputs(widgets.explore(stopped, t=(0, 3)))
    assert "The drawing was stopped. Run this cell again" in outputs.steps[-1]["text/html"]
