import pytest

from coursekit import widgets
from coursekit.widgets._live import Explorer


@pytest.mark.parametrize(
    ("ranges", "kind"),
    [
        ({"t": (0, 3)}, widgets.Slider),
        ({"t": [0, 1, 3]}, widgets.Slider),
        ({"t": (0, widgets.MOST - 1)}, widgets.Slider),
        ({"t": (0, widgets.MOST)}, Explorer),
        ({"t": (0, 600, 12)}, widgets.Slider),
        ({"t": (0, 3), "kind": ["a", "b"]}, Explorer),
    ],
)
def test_one_slider_with_few_positions_needs_no_kernel(draw, ranges, kind):
    assert type(widgets.explore(draw, **ranges)) is kind


@pytest.mark.parametrize("variable", ["COURSEKIT_RECORDING", "COURSEKIT_CHECK"])
@pytest.mark.parametrize(
    "ranges, says",
    [
        ({"t": (0, 3)}, "no picture with t = 3: no frame <3>"),
        ({"t": (3, 9)}, "no frame <3>"),
        ({"t": [0, 1, 3, 2]}, "no picture with t = 3"),
        ({"t": (0, 3), "kind": ["a", "b"]}, "no picture with t = 3: no frame <3>"),
    ],
)
def test_recording_and_testing_fail_where_a_slider_would(monkeypatch, fails_at_3, variable, ranges, says):
    monkeypatch.setenv(variable, "1")
    with pytest.raises((RuntimeError, IndexError), match=says):
        widgets.explore(fails_at_3, **ranges)


@pytest.mark.parametrize(
    ("ranges", "drawn"),
    [
        ({"t": (0, 3)}, {(0, "frame"), (1, "frame"), (2, "frame"), (3, "frame")}),
        ({"t": (0, 3), "kind": ["a", "b"]}, {(1, "a"), (0, "a"), (3, "a"), (1, "b")}),
    ],
)
def test_recording_draws_all_of_one_slider_and_the_ends_of_several(monkeypatch, draw, ranges, drawn):
    monkeypatch.setenv("COURSEKIT_RECORDING", "1")
    seen = set()

    def watched(t, kind="frame"):
        seen.add((t, kind))
        return draw(t, kind)

    widgets.explore(watched, **ranges, start={"t": 1})
    assert seen == drawn


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
        ({"t": (0, 3, 2), "start": {"t": 3}}, ValueError, "must be 0 plus a multiple of the step 2, got 3"),
        ({"t": [0, 1], "start": {"t": 4}}, ValueError, r"start\['t'\] must be one of the choices"),
        ({"t": (0, 3), "start": {"u": 4}}, ValueError, "start has 'u', but the ranges are t"),
    ],
)
def test_bad_ranges(draw, options, error, says):
    with pytest.raises(error, match=says):
        widgets.explore(draw, **options)


def test_draw_must_give_a_picture():
    with pytest.raises(TypeError, match=r"draw must return a Picture.*got int"):
        widgets.explore(lambda t: t, t=(0, 3))
