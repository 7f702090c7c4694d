"""Two interactive pages: a 3D convolution, and how much video fits into memory.

    from coursekit import explorer

    explorer.convolution((100, 224, 224), kernel=3, out_channels=16)  # at the end of a cell: shows the page
    explorer.budget(memory_gb=8, size=(112, 112))

A page needs no kernel and no network once it is shown. It looks the same in JupyterLab, on Colab, in exported
HTML and on a static page. Where no script runs (GitHub, paper), a picture replaces it.
"""

from coursekit.explorer._api import budget, convolution, example_values
from coursekit.explorer._page import Page

__all__ = [
    "Page",
    "budget",
    "convolution",
    "example_values",
]
