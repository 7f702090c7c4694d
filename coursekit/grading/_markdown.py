"""Markdown as HTML in which nothing runs and nothing is loaded: for texts of students and of masters.

HTML in the text is shown as text. A link is shown as its words and its address, and a picture as its
description and its address. The parser is nbconvert's, so the rest looks as it does in Jupyter.
"""

from __future__ import annotations

import re
from html import escape, unescape
from html.parser import HTMLParser

from mistune.plugins import import_plugin
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

LONGEST = 20_000  # characters that are read as Markdown; a longer text is shown as it is
_TAGS = {
    "p", "br", "hr", "em", "strong", "del", "code", "pre", "span", "div", "blockquote", "ul", "ol", "li",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {
    "class": re.compile(r"[\w -]*"),
    "start": re.compile(r"\d+"),
    "style": re.compile(r"text-align:(left|right|center)"),
}
# Commands of TeX that make links, load something, or change what the page's other formulas mean.
_COMMANDS = re.compile(
    r"\\(href|url|require|style|class|cssId|data|html\w*|def|gdef|edef|let|(re|provide)?new\w+|Declare\w+|"
    r"includegraphics|input|unicode|action|toggle|mathtip|texttip)(?![A-Za-z])"
)
# Signs that mean something to Markdown or MathJax, as HTML writes them.
_INERT = {ord(sign): f"&#{ord(sign)};" for sign in "\n[]$`\\"}


def to_html(text: str) -> str:
    """Make HTML of Markdown.

    Args:
        text: Markdown with formulas between dollar signs, which stay as they are.

    Returns:
        HTML of a few plain tags without addresses, scripts, pictures or frames.
    """
    if len(text) <= LONGEST:
        try:
            html = MarkdownWithMath(
                _Renderer(), plugins=map(import_plugin, ("strikethrough", "table"))
            ).render(text)
        except Exception:  # a library that stumbles over a student's text must not stop the grading
            html = ""
        if html and _is_plain(html):
            return html
    return f"<pre>{escape(text)}</pre>\n"


def cell(text: str) -> str:
    """A student's Markdown as the source of a Markdown cell, for formgrader: one line of HTML.

    Formulas are typeset, unless there is a command among them that does more than show something.
    """
    ignored = ' class="tex2jax_ignore mathjax_ignore"' if _COMMANDS.search(text) else ""
    return f"<div{ignored}>{to_html(text).translate(_INERT)}</div>"


def inert(text: str) -> str:
    """A text as HTML within a Markdown cell, where no sign of it means anything."""
    return escape(text).translate(_INERT)


class _Renderer(IPythonRenderer):
    """Shows addresses instead of following them."""

    def __init__(self) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Show the words and the address."""
        return text if unescape(text) == unescape(url) else f"{text} ({_address(url, title)})"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Show the description and the address."""
        return f"[picture: {text}] ({_address(url, title)})"

    def block_mermaidjs(self, code: str) -> str:
        """Show a diagram's text."""
        return f"<pre>{escape(code)}</pre>\n"


def _address(url: str, title: str | None) -> str:
    """An address as text, with its title as Markdown writes it."""
    return escape(unescape(url) + (f' "{title}"' if title else ""))


def _is_plain(html: str) -> bool:
    """Whether HTML has no other tags and attributes than those that cannot do anything."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.plain


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.plain = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = (name in _ATTRIBUTES and _ATTRIBUTES[name].fullmatch(value or "") for name, value in attrs)
        self.plain = self.plain and tag in _TAGS and all(known)

    def handle_comment(self, data: str) -> None:
        self.plain = False

    def handle_decl(self, decl: str) -> None:
        self.plain = False

    def unknown_decl(self, data: str) -> None:
        self.plain = False

    def handle_pi(self, data: str) -> None:
        self.plain = False
