"""Interactive pages that need no kernel, no widget manager and no network, and a picture for other readers.

A script makes the frame of a page (`coursekit._shared._frame`). GitHub, and a JupyterLab that does not trust
the notebook, remove the script and show the picture.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from typing import Any

from PIL import Image

from coursekit._shared._frame import framed
from coursekit.show import Picture


@dataclass(frozen=True)
class Page:
    """An interactive page. A notebook cell that ends in one shows it.

    Attributes:
        html: the picture, and the page, whose frame a script makes.
        picture: that picture; its `alt` describes it in words and numbers.
    """

    html: str = field(repr=False)
    picture: Picture = field(repr=False)

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        # JupyterLab, Colab and nbconvert prefer text/html; a LaTeX or PDF converter takes the PNG.
        data, metadata = self.picture._repr_mimebundle_()
        return {**data, "text/html": self.html}, metadata

    def __str__(self) -> str:
        return self.picture.alt


def page(name: str, given: Mapping[str, Any], picture: Picture, *, title: str) -> Page:
    """Fills in one of the pages of this package.

    Args:
        name: the file, such as "explorer.html"; PAGE_CSS and PAGE_JS in it are replaced.
        given: the input of the page's script; it is passed as JSON.
        picture: shown where no script runs.
        title: the name of the frame for screen readers.
    """
    # Inside a <script>, "<" is the only character that could end it.
    data = json.dumps(given, ensure_ascii=False).replace("<", "\\u003c")
    source = _read(name).replace("PAGE_CSS", _read("page.css")).replace("PAGE_JS", _read("page.js"))
    still = Picture(_few_colours(picture.png), picture.alt)
    return Page(framed(source, data, title=title, still=_image(still)), still)


def _few_colours(png: bytes) -> bytes:
    """The same picture in 64 colours, which are enough for lines and flat areas: a third of the bytes."""
    file = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _image(picture: Picture) -> str:
    """The picture as an `<img>`: lossless WebP, which is smaller than lossy WebP for lines and text."""
    file = io.BytesIO()
    Image.open(io.BytesIO(picture.png)).convert("RGB").save(file, "WEBP", lossless=True, method=6)
    width, height = picture.size
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return (
        f'<img alt="{escape(picture.alt)}" width="{width}" height="{height}" '
        f'style="max-width:100%;height:auto" src="data:image/webp;base64,{data}">'
    )


def _read(name: str) -> str:
    return resources.files("coursekit.explorer").joinpath(name).read_text(encoding="utf-8")
