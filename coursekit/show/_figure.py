"""A picture with its alternative text: the figure on which `show` draws, and the output of a cell.

Every picture has a matplotlib `Figure` of its own with the course's style. It does not use pyplot, so a
learner's own plots and settings have no effect on it and do not change.

How the alternative text reaches a screen reader (checked in JupyterLab 4.6 and nbconvert 7.17): both ignore
`alt` in the metadata of an image/png output and show an image without a name. An `<img alt>` in text/html
reaches the screen reader in both, also in a stored notebook that is not run. The output of a picture
therefore has two forms: text/html (with the image as WebP, which is small), and image/png for viewers and
converters that do not use HTML.

Nobody loads matplotlib before it draws: loading it takes longer than all else of a notebook's first cell,
whose player does without it.
"""

from __future__ import annotations

import base64
import html
import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFont

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

# Okabe and Ito, "Color Universal Design" (2008): eight colours that people with any of the common
# colour-vision deficiencies can distinguish. Yellow is left out, because it is too pale on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
CHANNEL_COLOURS = {"red": "#D55E00", "green": "#009E73", "blue": "#0072B2"}
MAP = "cividis"  # from dark blue to yellow, with uniform steps, readable with red-green colour blindness
SIGNED_MAP = "RdBu_r"  # blue below 0, white at 0, red above; readable with red-green colour blindness too
INK, FAINT = "#1a1a1a", "#6b6b6b"

DPI = 100  # one inch of figure = 100 pixels of a notebook
WIDTH = 8.6  # inches: the width of an output cell on a laptop
LARGEST_PNG = 60_000  # bytes; a notebook stores a larger one with few colours
FEWER_COLOURS = 256

STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.labelsize": 11,
    "figure.titlesize": 13,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "image.cmap": MAP,
    "lines.linewidth": 2,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@dataclass(frozen=True)
class Picture:
    """A finished picture. A notebook cell that ends in one shows it.

    Attributes:
        png: the bytes of a PNG file.
        alt: the description in words and numbers, for readers who cannot see the picture.

    Raises:
        ValueError: `png` is not a PNG file, or `alt` is empty.
    """

    png: bytes = field(repr=False)
    alt: str

    def __post_init__(self) -> None:
        if not self.png.startswith(b"\x89PNG\r\n"):
            raise ValueError(f"png must be the bytes of a PNG file, got {self.png[:8]!r}...")
        if not self.alt.strip():
            raise ValueError("alt must say in words what the picture shows, got an empty text")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, read from the PNG header."""
        width, height = struct.unpack(">II", self.png[16:24])
        return width, height

    def html(self) -> str:
        """The picture as an `<img>` with its alternative text; it needs no file."""
        width, height = self.size
        return (
            f'<img alt="{html.escape(self.alt)}" width="{width}" height="{height}" '
            f'style="max-width:100%;height:auto" src="data:image/webp;base64,{_base64(_webp(self.png))}">'
        )

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        data = {"text/html": self.html(), "image/png": _base64(_small_png(self.png)), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt}}


@contextmanager
def figure(width: float, height: float, *, arrange: bool = True, gap: float = 0.02) -> Iterator[Figure]:
    """A figure of `width` x `height` inches; inside the `with`, the course's style holds.

    With `arrange`, matplotlib places the axes so that no label is cut; `gap` is the space between axes as a
    fraction of their size. After the `with`, matplotlib's settings are the same as before.
    """
    import matplotlib.style
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with matplotlib.style.context([STYLE], after_reset=True):
        engine = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.04, wspace=gap, hspace=gap) if arrange else None
        yield Figure(figsize=(width, height), dpi=DPI, layout=engine)


def render(fig: Figure, alt: str) -> Picture:
    """Draws `fig` (inside its `with figure(...)`) and returns the finished picture.

    The same figure gives the same bytes: the file has no date and no version.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    png = io.BytesIO()
    FigureCanvasAgg(fig).print_png(png, metadata={"Software": None})
    return Picture(png.getvalue(), " ".join(alt.split()))


def font(size: float) -> ImageFont.FreeTypeFont:
    """The letters of matplotlib, `size` points high, for a picture that Pillow puts together."""
    package = find_spec("matplotlib")  # found, but not loaded
    if package is None or package.origin is None:
        raise ModuleNotFoundError("matplotlib is not installed: run `make setup`")
    path = Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(path, size * DPI / 72)


def finished(image: Image.Image, alt: str) -> Picture:
    """A picture that was put together by Pillow; the same image gives the same bytes."""
    return Picture(_saved(image, "PNG"), " ".join(alt.split()))


def colour_scale(low: float, high: float, colours: str) -> ScalarMappable:
    """The scale from `low` to `high` of a colour map, for a colour bar."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    return ScalarMappable(Normalize(low, high), colours)


def _webp(png: bytes) -> bytes:
    """The same picture as WebP: a photograph needs a tenth of the bytes, and all browsers show it."""
    return _saved(Image.open(io.BytesIO(png)).convert("RGB"), "WEBP", quality=88, method=4)


def _small_png(png: bytes) -> bytes:
    """The same picture as a PNG for a notebook; a large one (photographs) gets 256 colours, not dithered."""
    if len(png) <= LARGEST_PNG:
        return png
    image = Image.open(io.BytesIO(png)).convert("RGB")
    few = image.quantize(FEWER_COLOURS - 1, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours = [*(few.getpalette() or [])[: 3 * (FEWER_COLOURS - 1)], 255, 255, 255]
    indices = np.array(few)  # (H, W) uint8
    indices[(np.asarray(image) == 255).all(2)] = len(colours) // 3 - 1  # the paper stays white
    few = Image.fromarray(indices)
    few.putpalette(colours)
    return _saved(few, "PNG")


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
