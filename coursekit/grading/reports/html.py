"""The frame of all pages: no script, nothing from elsewhere, texts of students escaped, light and dark."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

# No script and nothing from elsewhere: whatever a page holds, a browser runs none of it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
# Colours with a contrast of at least 4.5:1 for text, in both schemes. Blue and orange are those of Okabe and
# Ito, "Color Universal Design" (2008), which people with a colour-vision deficiency can distinguish.
STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1a1a1a; --soft: #555; --line: #c8c8c8;
  --box: #f4f4f4; --link: #0060a0; --good: #0072b2; --bad: #d55e00; --none: #8a8a8a; --mark: #ffe08a; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #161616; --ink: #ececec; --soft: #b0b0b0;
  --line: #4a4a4a; --box: #242424; --link: #7cc4f0; --good: #56b4e9; --bad: #e8842c; --none: #8f8f8f;
  --mark: #6b5200; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.25rem; margin-top: 2rem; }
h3 { font-size: 1.05rem; margin-bottom: .3rem; }
a { color: var(--link); } .soft { color: var(--soft); }
pre, code { font: .85rem/1.45 ui-monospace, monospace; }
code, pre { overflow-wrap: anywhere; }
pre { background: var(--box); padding: .6rem; margin: .3rem 0; white-space: pre-wrap; }
mark { background: var(--mark); color: inherit; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
table.narrow { max-width: 32rem; } caption { text-align: left; color: var(--soft); padding: .8rem 0 .3rem; }
th, td { padding: .35rem .8rem .35rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
summary { cursor: pointer; }
@media (max-width: 40rem) { th, td { padding-right: .5rem; } }
@media print { :root { color-scheme: light; } body { max-width: none; margin: 0; }
  tr, figure { break-inside: avoid; }
  h2, h3 { break-after: avoid; } }
"""
# Bytes that HTML does not allow, and signs that turn the direction of what follows.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Html(str):
    """A text that is HTML already, so that it is not escaped again."""

    __slots__ = ()


def escape(text: object) -> Html:
    """A text as HTML: signs of markup are escaped, and signs that HTML does not allow are replaced."""
    if isinstance(text, Html):
        return text
    return Html(html.escape(_UNFIT.sub("\N{REPLACEMENT CHARACTER}", str(text))))


def tag(name: str, *content: object, **attributes: object) -> Html:
    """An element. Content and attributes that are not `Html` are escaped.

    Args:
        name: of the element.
        content: its children, one after the other.
        attributes: `class_` stands for `class`, `data_label` for `data-label`. One that is None is left out.
    """
    given = "".join(
        f' {key.strip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{given}>{join(content)}</{name}>")


def join(parts: Iterable[object], between: str = "") -> Html:
    """Parts one after the other; those that are not `Html` are escaped."""
    return Html(escape(between).join(escape(part) for part in parts))


def table(
    head: Sequence[object],
    rows: Iterable[Sequence[object]],
    caption: str = "",
    numbers: Iterable[int] = (),
    *,
    narrow: bool = False,
) -> Html:
    """A table that scrolls by itself where the window is too narrow for it.

    Args:
        head: the names of the columns.
        rows: their cells.
        caption: what the table shows; may be empty.
        numbers: the columns of numbers, from 0, which are aligned to the right.
        narrow: whether it stays narrow in a wide window, so that a row is easy to follow.
    """
    right = set(numbers)

    def cells(kind: str, row: Sequence[object], **more: object) -> Html:
        return join(
            tag(kind, cell, class_="number" if place in right else None, **more)
            for place, cell in enumerate(row)
        )

    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption) if caption else "",
            tag("thead", tag("tr", cells("th", head, scope="col"))),
            tag("tbody", *(tag("tr", cells("td", row)) for row in rows)),
            class_="narrow" if narrow else None,
        ),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=caption or "table",
    )


def link(text: object, path: str) -> Html:
    """A link to a file beside the page. Each part of the path is quoted, so it can name no other place."""
    return tag("a", text, href=quote(path))


def person(name: str) -> Html:
    """The name of a student. Its direction of writing does not leak into what stands beside it."""
    return tag("bdi", name)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 student", "2 students"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def page(title: str, *body: object, style: str = "") -> str:
    """A whole page.

    Args:
        title: of the page, also its first heading.
        body: what stands below the heading; what is not `Html` is escaped.
        style: more CSS.
    """
    head = join((
        Html('<meta charset="utf-8">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        tag("title", title),
        tag("style", Html(STYLE + style)),
    ))  # fmt: skip
    main = tag("main", tag("h1", title), "\n", join(body, "\n"))
    return f'<!DOCTYPE html>\n<html lang="en">{tag("head", head)}\n{tag("body", main)}</html>\n'
