"""Sliders above a picture, which is drawn again for each position of a slider.

    from coursekit import show, widgets

    widgets.explore(lambda t: show.frame(clip[t]), t=(0, 15))

The output of a cell has the live widget, the picture at the start, and its alternative text: JupyterLab and
Colab show the sliders, GitHub and paper the picture. The functions used here exist in ipywidgets 7.7 (Colab)
and 8.1.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets  # type: ignore[import-untyped]

from coursekit._shared._jupyter import is_recorded
from coursekit.show import Picture

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
Range = Sequence[Any]


def explore(
    draw: Callable[..., Picture], *, start: Mapping[str, Any] | None = None, **ranges: Range
) -> Explorer:
    """Sliders for the arguments of a function that draws.

    Args:
        draw: takes one value per name in `ranges` and returns a `Picture`.
        start: {name: value} at the start; any other name starts at its low end or first choice.
        ranges: name=(low, high) or name=(low, high, step) for a slider, of whole numbers if all are ints;
            name=[choice, choice, ...] for a slider over choices. A name's underscores are shown as spaces.

    Returns:
        An `Explorer`; a notebook cell that ends in one shows it. `draw` is called when the learner releases a
        slider, so that slow pictures do not queue up.

    Raises:
        TypeError, ValueError: an invalid range, a start outside its range, or a `draw` that does not return a
            Picture.
        RuntimeError: while the course is recorded or tested (COURSEKIT_RECORDING=1 or COURSEKIT_CHECK=1),
            `draw` fails at an end of a slider or at a choice; the message says which.
    """
    if not ranges:
        raise ValueError("explore needs at least one range, such as t=(0, 15), got none")
    unknown = sorted(set(start or {}) - set(ranges))
    if unknown:
        raise ValueError(f"start has {unknown[0]!r}, but the ranges are {', '.join(ranges)}")
    controls = {name: _control(name, given, dict(start or {})) for name, given in ranges.items()}
    explorer = Explorer(draw, controls)
    if is_recorded():
        _check_ends(explorer, {name: _ends(given) for name, given in ranges.items()})
    return explorer


class Explorer:
    """Controls above a picture. `controls[name].value = ...` moves a control, as a learner does.

    Args:
        draw: returns the picture for the controls' values.
        controls: ipywidgets with a `value`, by name.
    """

    def __init__(self, draw: Callable[..., Picture], controls: Mapping[str, Any]) -> None:
        self.controls = controls
        self._draw = draw
        self._start = self.draw(self.values)
        self.view = ipywidgets.HTML(self._start.html())
        self.box = ipywidgets.VBox([*controls.values(), self.view])
        for control in controls.values():
            control.observe(self._update, names="value")

    @property
    def values(self) -> dict[str, Any]:
        """The values of the controls now."""
        return {name: control.value for name, control in self.controls.items()}

    def draw(self, values: Mapping[str, Any]) -> Picture:
        """The picture for these values; a TypeError if `draw` returns something else."""
        picture = self._draw(**values)
        if not isinstance(picture, Picture):
            raise TypeError(
                f"draw must return a Picture, such as show.frame(...), got {type(picture).__name__}"
            )
        return picture

    def _update(self, change: Any) -> None:
        # The front end would hide an exception in a callback: show it in place of the picture.
        try:
            self.view.value = self.draw(self.values).html()
        except Exception as error:
            message = f"No picture for {_assignments(self.values)}. {type(error).__name__}: {error}"
            self.view.value = f'<p role="alert"><strong>{html.escape(message)}</strong></p>'

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        start, metadata = self._start._repr_mimebundle_()
        data: dict[str, Any] = dict(start)
        if not is_recorded():
            # Here the front end must choose the widget. A stored output keeps the <img alt> of the picture.
            del data["text/html"]
        data[WIDGET_VIEW] = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        return data, metadata


def _control(name: str, given: Range, start: Mapping[str, Any]) -> Any:
    """The slider for one range."""
    look = {"description": name.replace("_", " "), "style": {"description_width": "initial"}}
    if isinstance(given, list):
        if not given:
            raise ValueError(f"{name}: a slider needs at least one choice, got an empty list")
        value = start.get(name, given[0])
        if value not in given:
            raise ValueError(f"start[{name!r}] must be one of the choices {given}, got {value!r}")
        # Not a menu: JupyterLab uses the arrow keys itself, so the keyboard could not change a <select>.
        return ipywidgets.SelectionSlider(
            options=given, value=value, continuous_update=False, layout=_wide(), **look
        )
    low, high, step, whole = _slider(name, given)
    value = start.get(name, low)
    if not low <= value <= high:
        raise ValueError(f"start[{name!r}] must lie in {low} to {high}, got {value}")
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(value=value, min=low, max=high, step=step, continuous_update=False, layout=_wide(), **look)


def _wide() -> Any:
    return ipywidgets.Layout(width="min(36em, 95%)")


def _slider(name: str, given: Range) -> tuple[float, float, float, bool]:
    """(low, high, step, whether all are whole numbers) of a slider's range."""
    pair_or_triple = isinstance(given, tuple) and len(given) in (2, 3)
    if not pair_or_triple or not all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in given):
        raise TypeError(f"{name} must be (low, high), (low, high, step) or a list of choices, got {given!r}")
    low, high = given[:2]
    whole = all(isinstance(n, int) for n in given)
    step = given[2] if len(given) == 3 else (1 if whole else (high - low) / 100)
    if not low < high or not 0 < step <= high - low:
        raise ValueError(
            f"{name}: low must be below high, and step above 0 and at most high - low, got {given}"
        )
    return low, high, step, whole


def _ends(given: Range) -> list[Any]:
    return given if isinstance(given, list) else [given[0], given[1]]


def _check_ends(explorer: Explorer, ends: Mapping[str, Sequence[Any]]) -> None:
    """Draws both ends of each slider and each choice, with the other controls at their start."""
    for name, values in ends.items():
        for value in values:
            try:
                explorer.draw({**explorer.values, name: value})
            except Exception as error:
                raise RuntimeError(f"explore: no picture with {name} = {value!r}: {error}") from error


def _assignments(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())
