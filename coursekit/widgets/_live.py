"""Sliders whose pictures a kernel draws, one for each move: for several sliders, or for many positions.

A cell has two outputs. The first is the picture at the start with the sentence "Run this cell to move the
sliders." The second is the live widget. A script (live.js) shows one of them: the widget as long as a kernel
answers it, else the picture. A recording stores the first output alone. The functions used here exist in
ipywidgets 7.7 (Colab) and 8.1.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

import ipywidgets  # type: ignore[import-untyped]
from IPython.display import display

from coursekit._shared._jupyter import is_recorded
from coursekit.show import Picture
from coursekit.widgets._range import Range, no_picture, picture

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Explorer:
    """Sliders above a picture. `controls[name].value = ...` moves one, as a learner does.

    A picture is drawn when the learner releases a slider, so that slow pictures do not queue up.

    Args:
        draw: returns the picture for the sliders' values.
        ranges: the values of each slider.
    """

    def __init__(self, draw: Callable[..., Picture], ranges: Sequence[Range]) -> None:
        self._draw, self._ranges = draw, ranges
        self.controls = {values.name: _control(values) for values in ranges}
        self._start = self.draw(self.values)
        self.view = ipywidgets.HTML(self._start.html())
        self.box = ipywidgets.VBox([*self.controls.values(), self.view])
        self._mark = f"ck-{self.box.model_id}"  # by which the script finds the widget
        self.box.add_class(self._mark)
        for control in self.controls.values():
            control.observe(self._update, names="value")

    @property
    def values(self) -> dict[str, Any]:
        """The values of the controls now."""
        return {name: control.value for name, control in self.controls.items()}

    def draw(self, values: Mapping[str, Any]) -> Picture:
        """The picture for these values; a TypeError if `draw` returns something else."""
        return picture(self._draw, values)

    def check(self) -> None:
        """Draw both ends of each slider and each choice, with the other sliders at their start.

        Raises:
            RuntimeError: `draw` fails at one of them.
        """
        for values in self._ranges:
            for value in values.ends:
                try:
                    self.draw({**self.values, values.name: value})
                except Exception as error:
                    message = f"explore: no picture with {values.name} = {value!r}: {error}"
                    raise RuntimeError(message) from error

    def html(self, *, live: bool = False) -> str:
        """The picture at the start, and the sentence; with `live`, the script as well."""
        mark, script = (f' data-view="{self._mark}"', f"<script>{_script()}</script>") if live else ("", "")
        sliders = "slider" if len(self.controls) == 1 else "sliders"
        return (
            f'<div class="ck-live"{mark}>{self._start.html()}'
            f'<p class="ck-run">Run this cell to move the {sliders}.</p>{script}</div>'
        )

    def _update(self, change: Any) -> None:
        # The front end would hide an exception in a callback: show it in place of the picture.
        try:
            self.view.value = self.draw(self.values).html()
        except Exception as error:
            message = html.escape(no_picture(self.values, error))
            self.view.value = f'<p role="alert"><strong>{message}</strong></p>'

    def _ipython_display_(self) -> None:
        live = not is_recorded()
        data, metadata = self._start._repr_mimebundle_()
        still: dict[str, Any] = {**data, "text/html": self.html(live=live)}
        display(still, metadata=metadata, raw=True)
        if live:
            view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
            display({WIDGET_VIEW: view}, raw=True)


def _control(values: Range) -> Any:
    """The slider for one range."""
    look = {
        "description": values.label,
        "style": {"description_width": "initial"},
        "layout": ipywidgets.Layout(width="min(36em, 95%)"),
        "continuous_update": False,
        "value": values.start,
    }
    if values.choices:
        # Not a menu: JupyterLab uses the arrow keys itself, so the keyboard could not change a <select>.
        return ipywidgets.SelectionSlider(options=list(values.choices), **look)
    kind = ipywidgets.IntSlider if values.whole else ipywidgets.FloatSlider
    return kind(min=values.low, max=values.high, step=values.step, **look)


def _script() -> str:
    """Shows the widget or the picture."""
    return resources.files("coursekit.widgets").joinpath("live.js").read_text(encoding="utf-8")
