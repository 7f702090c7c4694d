"""The course's own extension of Sphinx, used by `templates/site/conf.py`.

- A name in backticks in a docstring becomes a link, or code. A link that leads nowhere is an error.
- A formula becomes MathML, which browsers draw without a script.
- Each page gets a description. A notebook's menu of launch buttons opens it on Kaggle and in Codespaces, too.
- Nothing that no page uses is left in the site.
"""

from __future__ import annotations

import builtins
import html
import importlib
import inspect
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.writers.html5 import HTML5Translator

from tools.notebooks.place import GITHUB, Place
from tools.publish.links import pages

PACKAGE = Path(__file__).resolve().parents[2] / "coursekit"
MODULES = {path.stem for path in [*PACKAGE.glob("[a-z]*.py"), *PACKAGE.glob("[a-z]*/")]}
DESCRIPTION = "A course in notebooks on video analysis with deep learning, from tensors to features."
_NAME = re.compile(r"(?<![`:\w\\])`([^`]+)`(?![`_])")
# An indented block below a line that is not: code.
_EXAMPLE = re.compile(r"^(\S.*\n\n)(    )(?=\S)", re.MULTILINE)


def link_names(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Make links, or code, of the names in a docstring, in place (`autodoc-process-docstring`)."""
    module = name if what == "module" else getattr(obj, "__module__", None)
    text = _EXAMPLE.sub(r"\1::\n\n\2", "\n".join(lines))
    lines[:] = _NAME.sub(lambda hit: _reference(hit[1], public(str(module))), text).split("\n")


def public(name: str) -> str:
    """The name under which learners import it: `coursekit.video.read`, not `coursekit.video._reader.read`."""
    return re.sub(r"\._\w+", "", name) if name.startswith("coursekit.") else name


def skip(app: Sphinx, what: str, name: str, obj: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out the fields of a NamedTuple, which have no docstring of ours (`autodoc-skip-member`)."""
    return True if str(obj.__doc__).startswith("Alias for field number") else None


def _reference(text: str, module: str) -> str:
    """One name as reStructuredText: a link to a class, a function or a module of ours, else code."""
    first, *rest = text.split(".")
    if text.isidentifier() and _documented(module, text):
        return f":py:obj:`{text} <{module}.{text}>`"
    if first in MODULES and not rest and module.startswith("coursekit"):
        return f":py:mod:`{text} <coursekit.{text}>`"
    if first in MODULES and len(rest) == 1 and rest[0].isidentifier():
        there = importlib.import_module(f"coursekit.{first}")
        # A name that is missing becomes a link too: Sphinx then reports that it leads nowhere.
        if not hasattr(there, rest[0]) or _documented(f"coursekit.{first}", rest[0]):
            return f":py:obj:`{text} <coursekit.{text}>`"
    return f"``{text}``"


def _documented(module: str, name: str) -> bool:
    """Whether a module defines a class or a function of this name."""
    if not module.startswith("coursekit.") or name.startswith("_"):
        return False
    value = getattr(importlib.import_module(module), name, None)
    return (inspect.isclass(value) or inspect.isfunction(value)) and public(value.__module__) == module


def _is_private(name: str) -> bool:
    """Whether a full name is that of something that its package does not export: it has no page."""
    package, _, last = public(name).rpartition(".")
    return "._" in name and (not name.endswith(last) or not hasattr(sys.modules.get(package), last))


class LinksInSignatures(SphinxTransform):
    """Link a type in a signature to its public name, and Python's own `bytes` not to our attribute."""

    default_priority = 850

    def apply(self, **_: Any) -> None:
        """Give each link the name that it has on this site."""
        for link in list(self.document.findall(addnodes.pending_xref)):
            if _is_private(link["reftarget"]):
                link.replace_self(nodes.Text(link["reftarget"].rpartition(".")[2]))
                continue
            link["reftarget"] = public(link["reftarget"])
            if hasattr(builtins, link["reftarget"]):
                link["reftarget"] = f"builtins.{link['reftarget']}"


def describe(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Put a page's first paragraph into its head, for search engines and previews (`html-page-context`)."""
    words = ""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        words = " ".join(paragraph.astext().split())
        if len(words) > 40:
            break
    text = words if len(words) > 40 else DESCRIPTION
    short = text if len(text) <= 160 else text[:157].rsplit(" ", 1)[0] + "..."
    title = re.sub(r"<[^>]+>", "", context.get("title") or "") or app.config.project
    tags = [
        f'<meta name="description" content="{html.escape(short)}">',
        f'<meta property="og:title" content="{title}">',
        f'<meta property="og:description" content="{html.escape(short)}">',
        f'<meta property="og:image" content="https://{pages(_place(app))}/_images/film_still.webp">',
    ]
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags])


def launch(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Open a notebook on Kaggle and in Codespaces, too: the theme knows Colab (`html-page-context`)."""
    place = _place(app)
    doors = {"Kaggle": f"{place.kaggle}{pagename}.ipynb", "Codespaces": place.codespaces}
    for group in context.get("header_buttons", []):
        if group.get("label") == "launch-buttons":
            for text, url in doors.items():
                group["buttons"].append(
                    {"type": "link", "text": text, "tooltip": f"Launch on {text}", "icon": None, "url": url}
                )


def _place(app: Sphinx) -> Place:
    """Where the course is published, as `tools.publish.site` told Sphinx."""
    options = app.config.html_theme_options
    return Place(options["repository_url"].removeprefix(f"{GITHUB}/"), options["repository_branch"])


def math(translator: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML, within its line or as a block of its own.

    Raises:
        ExtensionError: docutils cannot convert it.
    """
    is_block = isinstance(node, nodes.math_block)
    try:
        formula = tex2mathml(node.astext(), as_block=is_block)
    except MathError as error:
        raise ExtensionError(f"the formula {node.astext()!r} cannot be converted: {error}") from error
    kind = "div" if is_block else "span"
    translator.body.append(f'<{kind} class="math notranslate nohighlight">{formula}</{kind}>')
    raise nodes.SkipNode


def tidy(app: Sphinx, error: Exception | None) -> None:
    """Remove the theme's icon script, its fonts, and the source maps (`build-finished`)."""
    static = Path(app.outdir) / "_static"
    if error is None and static.is_dir():
        shutil.rmtree(static / "vendor" / "fontawesome", ignore_errors=True)
        for path in [*static.rglob("fontawesome.js*"), *static.rglob("*.map")]:
            path.unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", link_names, priority=400)  # before napoleon
    app.connect("autodoc-skip-member", skip)
    app.connect("html-page-context", describe)
    app.connect("html-page-context", launch, priority=900)  # after the theme
    app.connect("build-finished", tidy)
    app.add_html_math_renderer("mathml", (math, None), (math, None))
    app.add_transform(LinksInSignatures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
