"""Interactive pages in an output of a notebook: a form or an explorer, in a frame that a script makes.

The stored HTML has no `<iframe>`, because Colab may take one out of an output without a word. It has what is
shown without a frame (`data-still`), the page as text, and a script (`frame.js`). Where it runs, it makes the
frame. The still is hidden once the page in the frame answers. GitHub, and a JupyterLab that does not
trust the notebook, remove the scripts with all that is in them, and the still remains.
"""

from __future__ import annotations

import re
from html import escape
from importlib import resources


def framed(
    page: str, data: str, *, title: str, before: str = "", still: str, after: str = "", kind: str = ""
) -> str:
    """HTML of an output with an interactive page.

    Args:
        page: a whole HTML page that needs nothing from outside. FRAME_JS in it is replaced by `in_frame.js`,
            which calls its function `draw` when the colours change.
        data: replaces PAGE_DATA in the page: what its script reads, in base64 or as JSON without "<".
        title: the name of the frame for screen readers.
        before: HTML above the frame.
        still: HTML that is shown while there is no frame.
        after: HTML below the frame. A `ck-answer` in it is hidden until the page posts `{tried: true}`.
        kind: a further class. "ck-question" prints the still; others print the page.

    Returns:
        One `<div>`. Each output has all it needs, since an output of Colab is a document of its own.
    """
    text = small(page.replace("FRAME_JS", _read("in_frame.js"))).replace("PAGE_DATA", data)
    text = text.replace(
        "</", r"<\/"
    )  # "</script>" would end the script that holds it; frame.js turns it back
    return (
        f'<div class="{f"ck-framed {kind}".strip()}" data-title="{escape(title)}">{before}'
        f'<div data-still>{still}</div>{after}<script type="text/plain">{text}</script>'
        f"<script>{small(_read('frame.js'))}</script></div>"
    )


def small(source: str) -> str:
    """HTML or JavaScript without indentation and comments: two thirds of the bytes.

    A comment after code is one that two spaces precede.
    """
    source = re.sub(r"<!--.*?-->\n?", "", source, flags=re.DOTALL)
    lines = (re.sub(r"(?:^| {2})// .*", "", line.strip()) for line in source.splitlines())
    return "\n".join(line for line in lines if line)


def _read(name: str) -> str:
    return resources.files("coursekit._shared").joinpath(name).read_text(encoding="utf-8")
