"""Interactive pages that need no kernel, no widget manager and no network, and a picture for other readers.

A page lives in a frame of its own (`<iframe srcdoc>`). Beside it, and outside the frame, stands the picture:
GitHub, paper and a JupyterLab that does not trust the notebook drop the frame and show it. Where the page's
script runs, it hides the picture.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from typing import Any

from PIL import Image

from coursekit.show._figure import Picture


@dataclass(frozen=True)
class Page:
    """A page to move things on, ready to be shown; a cell that ends in one shows it.

    Attributes:
        html: the page in its frame, with the picture for readers without scripts.
        picture: that picture; its `alt` says in words and numbers what there is to see.
    """

    html: str = field(repr=False)
    picture: Picture = field(repr=False)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        # JupyterLab, Colab and nbconvert prefer text/html; a LaTeX or PDF converter takes the PNG.
        data, metadata = self.picture._repr_mimebundle_()
        return {**data, "text/html": self.html}, metadata

    def __str__(self) -> str:
        return self.picture.alt


def page(name: str, given: Mapping[str, Any], picture: Picture, *, title: str, height: int) -> Page:
    """Fills a page of this package.

    Args:
        name: the file, such as "explorer.html"; it holds GIVEN, PAGE_CSS and PAGE_JS where they belong.
        given: what the page's script gets, as JSON.
        picture: what is shown where no script runs.
        title: how screen readers name the frame.
        height: its height in CSS pixels until the script has measured it.
    """
    # Inside a <script>, "<" is the only character that could end it.
    data = json.dumps(given, ensure_ascii=False).replace("<", "\\u003c")
    source = _read(name).replace("PAGE_CSS", _read("page.css")).replace("PAGE_JS", _read("page.js"))
    still = Picture(_few_colours(picture.png), picture.alt)
    frame = (
        f'<iframe title="{escape(title)}" allow="clipboard-write" '
        f'style="width:100%;height:{height}px;border:0" '
        f"srcdoc='{_attribute(_small(source), data)}'></iframe>"
    )
    return Page(f"<div>{frame}<div data-still>{_image(still)}</div></div>", still)


def _few_colours(png: bytes) -> bytes:
    """The same picture in 64 colours: for lines and flat areas enough, and a third of the bytes."""
    file = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(64, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _image(picture: Picture) -> str:
    """The picture as an `<img>`; WebP without losses, since the usual one takes more room for lines."""
    file = io.BytesIO()
    Image.open(io.BytesIO(picture.png)).convert("RGB").save(file, "WEBP", lossless=True, method=6)
    width, height = picture.size
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return (
        f'<img alt="{escape(picture.alt)}" width="{width}" height="{height}" '
        f'style="max-width:100%;height:auto" src="data:image/webp;base64,{data}">'
    )


def _attribute(source: str, data: str) -> str:
    """The page as a value in single quotes, of which a script has few (each escape takes room)."""
    return source.replace("GIVEN", data).replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;")


def _small(source: str) -> str:
    """The page without indentation and without lines that are only a comment: a third less to store."""
    source = re.sub(r"<!--.*?-->\n?", "", source, flags=re.DOTALL)
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _read(name: str) -> str:
    return resources.files("coursekit.explorer").joinpath(name).read_text(encoding="utf-8")
