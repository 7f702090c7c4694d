import pytest
import torch

from coursekit import show, widgets

CLIP = torch.arange(4, dtype=torch.uint8)[:, None, None, None].expand(4, 3, 6, 8) * 50  # (T, C, H, W)


def draw(t, kind="frame"):
    return show.frame(CLIP[t], title=f"{kind} {t}")


@pytest.fixture(autouse=True)
def in_use(monkeypatch):
    """As a learner has it: neither recorded nor tested."""
    monkeypatch.delenv("COURSEKIT_RECORDING", raising=False)
    monkeypatch.delenv("COURSEKIT_CHECK", raising=False)


def bundle(explorer):
    return explorer._repr_mimebundle_()[0]


def test_moving_a_slider_draws_the_picture_for_it():
    explorer = widgets.explore(draw, t=(0, 3))
    assert explorer.view.value == draw(0).html()
    explorer.controls["t"].value = 2
    assert explorer.view.value == draw(2).html()
    assert explorer.values == {"t": 2}


def test_one_output_holds_widget_picture_and_words():
    explorer = widgets.explore(draw, t=(0, 3), start={"t": 1})
    data = bundle(explorer)
    still = draw(1)._repr_mimebundle_()[0]
    assert set(data) == {widgets.WIDGET_VIEW, "image/png", "text/plain"}
    assert data["image/png"] == still["image/png"]
    assert data["text/plain"] == still["text/plain"] == draw(1).alt
    assert data[widgets.WIDGET_VIEW]["model_id"] == explorer.box.model_id


def test_what_is_stored_is_the_start_with_its_alt(monkeypatch):
    monkeypatch.setenv("COURSEKIT_RECORDING", "1")
    explorer = widgets.explore(draw, t=(0, 3))
    explorer.controls["t"].value = 3
    assert bundle(explorer)["text/html"] == draw(0).html()


def test_kinds_of_control():
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


def test_a_choice_changes_the_picture():
    explorer = widgets.explore(draw, t=(0, 3), kind=["frame", "still"])
    explorer.controls["kind"].value = "still"
    assert 'alt="still 0.' in explorer.view.value


def fails_at_3(t):
    if t == 3:
        raise IndexError("no frame <3>")
    return draw(t)


def test_an_error_is_shown_to_the_learner_and_gone_with_the_next_move():
    explorer = widgets.explore(fails_at_3, t=(0, 3))
    explorer.controls["t"].value = 3
    assert 'role="alert"' in explorer.view.value
    assert "No picture for t = 3. IndexError: no frame &lt;3&gt;" in explorer.view.value
    explorer.controls["t"].value = 1
    assert explorer.view.value == draw(1).html()


@pytest.mark.parametrize("variable", ["COURSEKIT_RECORDING", "COURSEKIT_CHECK"])
@pytest.mark.parametrize(
    "ranges, says",
    [
        ({"t": (0, 3)}, "no picture with t = 3: no frame <3>"),
        ({"t": (3, 9)}, "no frame <3>"),
        ({"t": [0, 1, 3, 2]}, "no picture with t = 3"),
    ],
)
def test_recording_and_testing_fail_where_a_slider_would(monkeypatch, variable, ranges, says):
    monkeypatch.setenv(variable, "1")
    with pytest.raises((RuntimeError, IndexError), match=says):
        widgets.explore(fails_at_3, **ranges)


def test_recording_passes_when_every_end_draws(monkeypatch):
    monkeypatch.setenv("COURSEKIT_RECORDING", "1")
    seen = []

    def watched(t, kind):
        seen.append((t, kind))
        return draw(t, kind)

    widgets.explore(watched, t=(0, 3), kind=["a", "b"], start={"t": 1})
    assert set(seen) == {(1, "a"), (0, "a"), (3, "a"), (1, "b")}


@pytest.mark.parametrize(
    "options, error, says",
    [
        ({}, ValueError, "explore needs at least one range"),
        ({"t": (3, 0)}, ValueError, r"t: low must be below high.*\(3, 0\)"),
        ({"t": (0, 3, 0)}, ValueError, "step above 0 and at most high - low"),
        ({"t": 3}, TypeError, r"t must be \(low, high\).*got 3"),
        ({"t": ("a", "b")}, TypeError, "or a list of choices"),
        ({"t": (False, True)}, TypeError, "or a list of choices"),
        ({"t": []}, ValueError, "t: a slider needs at least one choice"),
        ({"t": (0, 3), "start": {"t": 4}}, ValueError, r"start\['t'\] must lie in 0 to 3, got 4"),
        ({"t": [0, 1], "start": {"t": 4}}, ValueError, r"start\['t'\] must be one of the choices"),
        ({"t": (0, 3), "start": {"u": 4}}, ValueError, "start has 'u', but the ranges are t"),
    ],
)
def test_bad_ranges(options, error, says):
    with pytest.raises(error, match=says):
        widgets.explore(draw, **options)


def test_draw_must_give_a_picture():
    with pytest.raises(TypeError, match=r"draw must return a Picture.*got int"):
        widgets.explore(lambda t: t, t=(0, 3))
