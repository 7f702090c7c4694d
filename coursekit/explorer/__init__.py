"""Two things to try out by hand: a 3D convolution, and how much video fits into memory.

Both are pages that need no kernel and no network once they are shown. They look the same in JupyterLab, on
Colab, in exported HTML and on a static page. Where no script runs, a picture stands in their place.
"""

from coursekit.explorer._api import budget, convolution, example_values
from coursekit.explorer._page import Page

__all__ = [
    "Page",
    "budget",
    "convolution",
    "example_values",
]
