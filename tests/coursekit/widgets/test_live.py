import pytest

from coursekit import widgets
from coursekit.widgets._live import WIDGET_VIEW
from tools.notebooks import notebook

BOTH = {"t": (0, 3), "kind": ["frame", "still"]}


def test_moving_a_slider_draws_the_picture_for_it(draw):
    explorer = widgets.explore(draw, **BOTH)
    assert explorer.view.value == draw(0).html()
    explorer.controls["t"].value = 2
    assert explorer.view.value == draw(2).html()
    explorer.controls["kind"].value = "still"
    assert explorer.view.value == draw(2, "still").html()
    assert explorer.values == {"t": 2, "kind": "still"}


def test_the_picture_is_one_output_and_the_widget_another(draw, outputs):
    explorer = widgets.explore(draw, **BOTH, start={"t": 1})
    still, live = outputs(explorer)
    assert still == {**draw(1)._repr_mimebundle_()[0], "text/html": explorer.html(live=True)}
    assert draw(1).html() in still["text/html"]
    assert "Run this cell to move the sliders." in still["text/html"]
    assert live == {WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": explorer.box.model_id}}


def test_the_script_finds_the_widget_by_its_class(draw):
    explorer = widgets.explore(draw, **BOTH)
    (mark,) = explorer.box._dom_classes
    assert f'data-view="{mark}"' in explorer.html(live=True)


@pytest.mark.parametrize("variable", ["COURSEKIT_RECORDING", "COURSEKIT_CHECK"])
def test_what_is_stored_is_the_start_and_the_same_in_each_run(monkeypatch, draw, outputs, variable):
    monkeypatch.setenv(variable, "1")
    one, other = widgets.explore(draw, **BOTH), widgets.explore(draw, **BOTH)
    one.controls["t"].value = 3
    (stored,) = outputs(one)
    assert outputs(other) == [stored]
    assert stored["text/html"].startswith(f'<div class="ck-live">{draw(0).html()}')
    assert "<script>" not in stored["text/html"]


def test_one_slider_with_many_positions_is_named_in_the_singular(draw):
    assert "Run this cell to move the slider." in widgets.explore(lambda t: draw(0), t=(0, 99)).html()


def test_kinds_of_control(draw):
    explorer = widgets.explore(
        lambda **values: draw(0), t=(0, 3), padding_t=(0, 8, 2), scale=(0.0, 2.0), kind=["a", "b"]
    )
    names = {name: type(control).__name__ for name, control in explorer.controls.items()}
    assert names == {
        "t": "IntSlider",
        "padding_t": "IntSlider",
        "scale": "FloatSlider",
        "kind": "SelectionSlider",
    }
    assert explorer.controls["padding_t"].description == "padding t"
    assert explorer.controls["padding_t"].step == 2
    assert explorer.values == {"t": 0, "padding_t": 0, "scale": 0.0, "kind": "a"}
    assert not explorer.controls["t"].continuous_update


def test_an_error_is_shown_to_the_learner_and_gone_with_the_next_move(draw, fails_at_3):
    explorer = widgets.explore(fails_at_3, **BOTH)
    explorer.controls["t"].value = 3
    assert 'role="alert"' in explorer.view.value
    assert "No picture for t = 3, kind = frame. IndexError: no frame &lt;3&gt;" in explorer.view.value
    explorer.controls["t"].value = 1
    assert explorer.view.value == draw(1).html()


def test_the_recorder_leaves_out_the_widget_that_is_shown_here():
    assert notebook.WIDGET_VIEW == WIDGET_VIEW
