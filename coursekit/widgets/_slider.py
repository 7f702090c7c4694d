"""A slider whose pictures are all drawn beforehand and stored in the output: it needs no kernel.

The script makes the slider. Where scripts do not run (GitHub, paper, a notebook that is not trusted yet) the
reader sees the picture at the start, and no slider.
"""

from __future__ import annotations

import base64
import html
import io
import json
import time
from collections.abc import Callable
from importlib import resources
from typing import Any

from IPython.display import DisplayHandle, display
from PIL import Image

from coursekit._shared._jupyter import is_recorded
from coursekit.show import Picture
from coursekit.widgets._range import Range, no_picture, picture

MOST = 60  # positions; each takes about 20 kB in the notebook, and 0.2 s to draw on an idle core
_QUALITY = 70  # of the stored pictures (WebP): two thirds of the bytes of a single picture's 88
_SOON, _AGAIN = 3.0, 1.0  # s: drawing that takes longer says how long, and says it again after


class Slider:
    """A slider over pictures. All but the one at the start are drawn when it is shown.

    Args:
        draw: returns the picture for a value of the range.
        values: the range of its one argument.
    """

    def __init__(self, draw: Callable[..., Picture], values: Range) -> None:
        self._draw, self._range = draw, values
        self._start = picture(draw, {values.name: values.start})
        self._positions: list[dict[str, str]] = []  # those that are drawn

    def check(self) -> None:
        """Draw every position; a RuntimeError says at which one `draw` fails."""
        for index, value in enumerate(self._range.positions):
            try:
                self._positions.append(self._drawn(index, value))
            except Exception as error:
                raise RuntimeError(
                    f"explore: no picture with {self._range.name} = {value!r}: {error}"
                ) from error

    def html(self) -> str:
        """The picture at the start, the others as data, and the script that makes the slider."""
        self._draw_all(_Progress(self._start, self._range.count, quiet=True))
        data = {"label": self._range.label, "start": self._range.index, "positions": self._positions}
        stored = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")  # no "</script>" inside
        return (
            f'<div class="ck-slider">{self._start.html()}'
            f'<script type="application/json">{stored}</script><script>{_script()}</script></div>'
        )

    def _ipython_display_(self) -> None:
        progress = _Progress(self._start, self._range.count, quiet=is_recorded())
        try:
            self._draw_all(progress)
        except KeyboardInterrupt:
            progress.say("The drawing was stopped. Run this cell again to get the slider.")
            raise
        progress.show(self.html())

    def _draw_all(self, progress: _Progress) -> None:
        """Draw what is not drawn yet. Where `draw` fails, the error stands in place of the picture."""
        for index, value in list(enumerate(self._range.positions))[len(self._positions) :]:
            try:
                position = self._drawn(index, value)
            except Exception as error:
                position = {"text": _text(value), "error": no_picture({self._range.name: value}, error)}
            self._positions.append(position)
            if index != self._range.index:
                progress.count()

    def _drawn(self, index: int, value: Any) -> dict[str, str]:
        """A position as the script reads it; the picture at the start is in the page already."""
        if index == self._range.index:
            return {"text": _text(value), "alt": self._start.alt}
        drawn = picture(self._draw, {self._range.name: value})
        return {"text": _text(value), "alt": drawn.alt, "source": _source(drawn)}


class _Progress:
    """One output: the picture at the start, how long the others still take, and at last the slider.

    Args:
        start: the picture at the start.
        total: how many pictures there are.
        quiet: show only what is finished.
    """

    def __init__(self, start: Picture, total: int, *, quiet: bool) -> None:
        self._start, self._total, self._quiet = start, total, quiet
        self._done = 1  # the picture at the start
        self._begun = self._told = time.monotonic()  # s
        self._output: DisplayHandle | None = None

    def count(self) -> None:
        """One more picture is drawn."""
        self._done += 1
        now = time.monotonic()
        left = (now - self._begun) / (self._done - 1) * (self._total - self._done)  # s
        long = self._output is not None or now - self._begun + left > _SOON
        if long and left > 0 and now - self._told > _AGAIN and not self._quiet:
            self._told = now
            self.say(f"Drawing {self._total} pictures, about {left:.0f} s left")

    def say(self, words: str) -> None:
        """Show the picture at the start with a line below."""
        self.show(f"{self._start.html()}<p>{html.escape(words)}</p>")

    def show(self, shown: str) -> None:
        """Show this HTML, and the picture at the start to viewers that do not use HTML."""
        data, metadata = self._start._repr_mimebundle_()
        bundle: dict[str, Any] = {**data, "text/html": shown}
        if self._output is not None:
            self._output.update(bundle, metadata=metadata, raw=True)
        else:
            self._output = display(bundle, metadata=metadata, raw=True, display_id=not self._quiet)


def _text(value: Any) -> str:
    """A value as readers see it."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _source(drawn: Picture) -> str:
    """A picture as the address of an `<img>`, small enough for many of them."""
    file = io.BytesIO()
    Image.open(io.BytesIO(drawn.png)).convert("RGB").save(file, "WEBP", quality=_QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def _script() -> str:
    """Makes the slider and moves the picture."""
    return resources.files("coursekit.widgets").joinpath("slider.js").read_text(encoding="utf-8")
